package org.smollm3.conformance.run;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.smollm3.conformance.check.Measure;
import org.smollm3.conformance.check.UlpHistogram;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.run.RuleResult.Failure;
import org.smollm3.conformance.run.RuleResult.Note;
import org.smollm3.conformance.run.RuleResult.Shrunk;
import org.smollm3.conformance.run.RuleResult.Worst;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.tensor.DType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what {@link ReportWriter} writes. */
public final class ReportReader {
  private ReportReader() {}

  /**
   * @param location how messages name the file
   * @throws InvalidModelException if it is no report of this version
   */
  public static RunReport read(String json, String location) {
    try {
      JsonNode root = JsonMapper.shared().readTree(json);
      if (!root.path("format").asString("").equals(ReportWriter.FORMAT)) {
        throw new InvalidModelException(
            location + " is no conformance report of format " + ReportWriter.FORMAT);
      }
      return new RunReport(
          subject(root.required("subject")),
          plan(root.required("plan")),
          list(root.required("results"), ReportReader::result));
    } catch (JacksonException | IllegalArgumentException | InvalidRequestException e) {
      String message =
          Optional.ofNullable(e.getMessage()).orElse("").lines().findFirst().orElse("");
      throw new InvalidModelException(location + " is no whole conformance report: " + message, e);
    }
  }

  private static RunReport.Subject subject(JsonNode node) {
    return new RunReport.Subject(
        text(node, "backend"),
        text(node, "details"),
        list(node.required("options"), JsonNode::stringValue),
        new LinkedHashSet<>(
            list(node.required("capabilities"), n -> Capability.valueOf(n.stringValue()))),
        Optional.ofNullable(node.get("numerics")).map(ReportReader::numerics));
  }

  private static NumericsProfile numerics(JsonNode node) {
    return new NumericsProfile(
        DType.valueOf(text(node, "accumulation")),
        DType.valueOf(text(node, "reduction")),
        NumericsProfile.Rounding.valueOf(text(node, "rounding")),
        NumericsProfile.Subnormals.valueOf(text(node, "subnormals")),
        NumericsProfile.Determinism.valueOf(text(node, "determinism")),
        new LinkedHashSet<>(
            list(
                node.required("deviations"),
                n -> NumericsProfile.Deviation.valueOf(n.stringValue()))));
  }

  private static RunPlan plan(JsonNode node) {
    Set<Level> levels =
        new LinkedHashSet<>(list(node.required("levels"), n -> Level.of(n.stringValue())));
    return new RunPlan(
        Profile.of(text(node, "profile")),
        levels,
        list(node.required("rules"), JsonNode::stringValue),
        new LinkedHashSet<>(list(node.required("tensor_parallel_degrees"), JsonNode::intValue)),
        node.has("tries") ? OptionalInt.of(integer(node, "tries")) : OptionalInt.empty(),
        node.required("seed").longValue(),
        Shard.of(text(node, "shard")));
  }

  private static RuleResult result(JsonNode node) {
    return new RuleResult(
        text(node, "rule"),
        node.required("covered").booleanValue(),
        integer(node, "planned"),
        integer(node, "passed"),
        integer(node, "failed"),
        integer(node, "unsupported"),
        integer(node, "no_verdict"),
        integer(node, "warned"),
        Optional.ofNullable(node.get("worst"))
            .map(
                n ->
                    new Worst(
                        integer(n, "index"), text(n, "case"), measure(n.required("measure")))),
        list(node.required("failures"), ReportReader::failure),
        list(
            node.required("notes"),
            n -> new Note(integer(n, "index"), text(n, "case"), text(n, "text"))),
        new UlpHistogram(list(node.required("ulps"), JsonNode::longValue)),
        node.required("millis").longValue());
  }

  private static Failure failure(JsonNode node) {
    return new Failure(
        integer(node, "index"),
        text(node, "case"),
        text(node, "why"),
        Optional.ofNullable(node.get("measure")).map(ReportReader::measure),
        Optional.ofNullable(node.get("shrunk"))
            .map(n -> new Shrunk(text(n, "case"), text(n, "why"))));
  }

  private static Measure measure(JsonNode node) {
    return new Measure(
        number(node, "ratio"),
        text(node, "tensor"),
        list(node.required("at"), JsonNode::longValue),
        number(node, "actual"),
        number(node, "expected"),
        number(node, "bound"),
        text(node, "terms"));
  }

  private static <T> List<T> list(JsonNode array, Function<JsonNode, T> item) {
    if (!array.isArray()) {
      throw new IllegalArgumentException("a list is wanted, not " + array);
    }
    List<T> items = new ArrayList<>();
    array.forEach(node -> items.add(item.apply(node)));
    return items;
  }

  private static String text(JsonNode node, String name) {
    return node.required(name).stringValue();
  }

  private static int integer(JsonNode node, String name) {
    return node.required(name).intValue();
  }

  private static double number(JsonNode node, String name) {
    JsonNode value = node.required(name);
    return value.isString() ? Double.parseDouble(value.stringValue()) : value.doubleValue();
  }
}

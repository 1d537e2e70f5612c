package org.smollm3.conformance.run;

import java.util.Optional;
import org.smollm3.conformance.check.Measure;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.run.RuleResult.Failure;
import org.smollm3.conformance.run.RuleResult.Note;
import org.smollm3.conformance.run.RuleResult.Worst;
import org.smollm3.spi.Capability;
import org.smollm3.spi.NumericsProfile;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Reports as JSON, which {@link ReportReader} reads. */
public final class ReportWriter {
  static final String FORMAT = "smollm3-conformance-1";

  private final RunReport report;

  private ReportWriter(RunReport report) {
    this.report = report;
  }

  public static String write(RunReport report) {
    return JsonMapper.shared()
            .writerWithDefaultPrettyPrinter()
            .writeValueAsString(new ReportWriter(report).root())
        + "\n";
  }

  private ObjectNode root() {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    root.put("format", FORMAT);
    root.put("passed", report.passed());
    subject(root.putObject("subject"));
    plan(root.putObject("plan"));
    ArrayNode results = root.putArray("results");
    report.results().forEach(result -> result(results.addObject(), result));
    return root;
  }

  private void subject(ObjectNode node) {
    RunReport.Subject subject = report.subject();
    node.put("backend", subject.backend());
    node.put("details", subject.details());
    ArrayNode options = node.putArray("options");
    subject.options().forEach(options::add);
    ArrayNode capabilities = node.putArray("capabilities");
    subject.capabilities().stream().sorted().map(Capability::name).forEach(capabilities::add);
    subject.numerics().ifPresent(profile -> numerics(node.putObject("numerics"), profile));
  }

  private static void numerics(ObjectNode node, NumericsProfile profile) {
    node.put("accumulation", profile.accumulation().name());
    node.put("reduction", profile.reduction().name());
    node.put("rounding", profile.rounding().name());
    node.put("subnormals", profile.subnormals().name());
    node.put("determinism", profile.determinism().name());
    ArrayNode deviations = node.putArray("deviations");
    profile.deviations().stream().sorted().map(Enum::name).forEach(deviations::add);
  }

  private void plan(ObjectNode node) {
    RunPlan plan = report.plan();
    node.put("profile", plan.profile().label());
    ArrayNode levels = node.putArray("levels");
    plan.levels().stream().sorted().map(Level::label).forEach(levels::add);
    ArrayNode rules = node.putArray("rules");
    plan.rules().forEach(rules::add);
    ArrayNode degrees = node.putArray("tensor_parallel_degrees");
    plan.degrees().stream().sorted().forEach(degrees::add);
    plan.tries().ifPresent(tries -> node.put("tries", tries));
    node.put("seed", plan.seed());
    node.put("shard", plan.shard().toString());
  }

  private void result(ObjectNode node, RuleResult result) {
    node.put("rule", result.rule());
    node.put("verdict", result.verdict().name());
    node.put("covered", result.covered());
    node.put("planned", result.planned());
    node.put("passed", result.passed());
    node.put("failed", result.failed());
    node.put("unsupported", result.unsupported());
    node.put("no_verdict", result.noVerdict());
    node.put("warned", result.warned());
    result.worst().ifPresent(worst -> worst(node.putObject("worst"), result.rule(), worst));
    ArrayNode failures = node.putArray("failures");
    result.failures().forEach(f -> failure(failures.addObject(), result.rule(), f));
    ArrayNode notes = node.putArray("notes");
    result.notes().forEach(note -> note(notes.addObject(), note));
    ArrayNode ulps = node.putArray("ulps");
    result.ulps().counts().forEach(ulps::add);
    node.put("millis", result.millis());
  }

  private void worst(ObjectNode node, String rule, Worst worst) {
    node.put("index", worst.index());
    node.put("case", worst.caseLine());
    measure(node.putObject("measure"), worst.measure());
    node.put("rerun", report.rerun(rule, worst.caseLine()));
  }

  private void failure(ObjectNode node, String rule, Failure failure) {
    node.put("index", failure.index());
    node.put("case", failure.caseLine());
    node.put("why", failure.why());
    measure(node, failure.worst());
    failure
        .shrunk()
        .ifPresent(
            shrunk -> {
              ObjectNode child = node.putObject("shrunk");
              child.put("case", shrunk.caseLine());
              child.put("why", shrunk.why());
            });
    node.put("rerun", report.rerun(rule, failure.simplestCase()));
  }

  private static void note(ObjectNode node, Note note) {
    node.put("index", note.index());
    node.put("case", note.caseLine());
    node.put("text", note.text());
  }

  private static void measure(ObjectNode node, Optional<Measure> measure) {
    measure.ifPresent(m -> measure(node.putObject("measure"), m));
  }

  private static void measure(ObjectNode node, Measure measure) {
    number(node, "ratio", measure.ratio());
    node.put("tensor", measure.tensor());
    ArrayNode index = node.putArray("at");
    measure.index().forEach(index::add);
    number(node, "actual", measure.actual());
    number(node, "expected", measure.expected());
    number(node, "bound", measure.bound());
    node.put("terms", measure.terms());
  }

  /** JSON has no infinity and no NaN: these are strings. */
  private static void number(ObjectNode node, String name, double value) {
    if (Double.isFinite(value)) {
      node.put(name, value);
    } else {
      node.put(name, Double.toString(value));
    }
  }
}

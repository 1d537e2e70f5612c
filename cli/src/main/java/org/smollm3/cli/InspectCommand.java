package org.smollm3.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.cli.Inspection.Entry;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Shows what is in a safetensors file, an index or a model folder, reading headers only, and in
 * whatever an installed inspector knows.
 */
final class InspectCommand implements Command {
  private final List<FileInspector> inspectors;

  InspectCommand(List<FileInspector> inspectors) {
    this.inspectors = List.copyOf(inspectors);
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command("inspect", "Show tensors, sizes and configuration of model files.")
            .addOption(Specs.flag(Specs.JSON, "print one JSON object"));
    Specs.withCommonOptions(spec)
        .addPositional(
            Specs.arguments(
                "PATH", "safetensors file, *.safetensors.index.json, config.json or model folder"));
    List<String> footer = new ArrayList<>();
    if (!inspectors.isEmpty()) {
      footer.add("PATH can also be:");
      inspectors.forEach(inspector -> footer.add("  " + inspector.kind()));
      footer.add("");
    }
    footer.addAll(
        Specs.examples(
            "smollm3 inspect ~/models/SmolLM3-3B", "smollm3 inspect --json model.safetensors"));
    Specs.footer(spec, footer);
    return spec;
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    Path path = path(Specs.positionals(parsed, "PATH", 1, 1).get(0));
    boolean asJson = parsed.matchedOptionValue(Specs.JSON, false);
    Optional<FileReport> report = InspectorReport.of(path, inspectors);
    if (report.isPresent()) {
      show(path, report.get(), asJson, console);
      return ExitCode.SUCCESS;
    }
    Inspection inspection = Inspection.of(path);
    if (asJson) {
      Json.print(json(inspection), console);
    } else {
      print(inspection, console.out());
    }
    // What could be read is shown first: it helps to see why the rest cannot be used.
    inspection
        .problem()
        .ifPresent(
            problem -> {
              throw problem;
            });
    return ExitCode.SUCCESS;
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new InvalidRequestException(OneLine.quote(text) + " is no path", e);
    }
  }

  private static void show(Path path, FileReport report, boolean asJson, Console console) {
    if (asJson) {
      Json.print(InspectorReport.json(path, report), console);
    } else {
      InspectorReport.print(path, report, console.out());
    }
    report
        .problem()
        .ifPresent(
            problem -> {
              throw new InvalidModelException(path + ": " + problem);
            });
  }

  private static void print(Inspection inspection, PrintWriter out) {
    out.printf("%s: %s%n", OneLine.of(inspection.location()), inspection.kind());
    inspection
        .metadata()
        .forEach((key, value) -> out.printf("  %s: %s%n", OneLine.of(key), OneLine.quote(value)));
    inspection.config().ifPresent(config -> ConfigSummary.print(config, out));
    if (inspection.tensors().isEmpty()) {
      return;
    }
    out.println();
    TextTable table =
        new TextTable(
            TextTable.Align.LEFT,
            TextTable.Align.LEFT,
            TextTable.Align.LEFT,
            TextTable.Align.RIGHT,
            TextTable.Align.LEFT);
    table.row("tensor", "dtype", "shape", "bytes", "file");
    for (Entry entry : inspection.tensors()) {
      table.row(entry.name(), entry.dtype(), entry.shape(), count(entry.bytes()), entry.file());
    }
    table.print(out);
    out.println();
    Totals totals = Totals.of(inspection.tensors());
    out.printf(
        "%s tensors in %d file%s, %s parameters, %s bytes (%s)%n",
        count(inspection.tensors().size()),
        totals.files(),
        totals.files() == 1 ? "" : "s",
        count(totals.parameters()),
        count(totals.bytes()),
        totals.byDType());
  }

  /** Sums over all tensors; the sizes of files bound them. */
  private record Totals(long parameters, long bytes, long files, String byDType) {
    static Totals of(List<Entry> entries) {
      Map<String, Long> byDType = new TreeMap<>();
      long parameters = 0;
      long bytes = 0;
      for (Entry entry : entries) {
        byDType.merge(entry.dtype().name(), 1L, Long::sum);
        parameters = Math.addExact(parameters, entry.shape().elementCount());
        bytes = Math.addExact(bytes, entry.bytes());
      }
      long files = entries.stream().map(Entry::file).distinct().count();
      String types =
          byDType.size() == 1
              ? "all " + byDType.keySet().iterator().next()
              : String.join(
                  ", ",
                  byDType.entrySet().stream()
                      .map(entry -> entry.getValue() + " " + entry.getKey())
                      .toList());
      return new Totals(parameters, bytes, files, types);
    }
  }

  private static ObjectNode json(Inspection inspection) {
    ObjectNode root = Json.object();
    root.put("path", inspection.location());
    root.put("kind", inspection.kind());
    if (!inspection.metadata().isEmpty()) {
      ObjectNode metadata = root.putObject("metadata");
      inspection.metadata().forEach(metadata::put);
    }
    inspection.config().ifPresent(config -> root.set("config", ConfigSummary.json(config)));
    inspection.problem().ifPresent(problem -> root.put("problem", problem.getMessage()));
    Totals totals = Totals.of(inspection.tensors());
    root.put("parameters", totals.parameters());
    root.put("bytes", totals.bytes());
    ArrayNode tensors = root.putArray("tensors");
    for (Entry entry : inspection.tensors()) {
      ObjectNode node = tensors.addObject();
      node.put("name", entry.name());
      node.put("dtype", entry.dtype().name());
      ArrayNode shape = node.putArray("shape");
      for (long dim : entry.shape().toArray()) {
        shape.add(dim);
      }
      node.put("bytes", entry.bytes());
      node.put("file", entry.file());
    }
    return root;
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}

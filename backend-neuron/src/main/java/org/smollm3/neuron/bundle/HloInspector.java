package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleReader;
import org.smollm3.neuron.hlo.HloStatistics;
import org.smollm3.neuron.hlo.HloText;
import org.smollm3.neuron.lint.Finding;
import org.smollm3.neuron.lint.Lint;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Table;
import org.smollm3.spi.FileReport.Value;

/** Shows an HLO module: what it does and needs, and its text. */
public final class HloInspector implements FileInspector {
  /** For {@link java.util.ServiceLoader}. */
  public HloInspector() {}

  @Override
  public String kind() {
    return "an HLO module (*.hlo_module.pb)";
  }

  @Override
  public boolean recognises(String fileName, MemorySegment head) {
    return fileName.endsWith(".hlo_module.pb");
  }

  @Override
  public FileReport inspect(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException | OutOfMemoryError e) {
      throw new InvalidModelException(file + " cannot be read: " + e.getMessage(), e);
    }
    HloModule module = HloModuleReader.read(file.toString(), bytes);
    HloStatistics statistics = HloStatistics.of(module);
    return FileReport.of(
        "HLO module",
        facts(module, statistics),
        Section.of("operations").with(counts("operation", "count", statistics.counts())),
        Section.of("collectives")
            .with(counts("operation", "bytes per rank", statistics.collectiveBytes())),
        lint(module),
        Section.of("text").with(lines(module)));
  }

  private static Section facts(HloModule module, HloStatistics statistics) {
    Section facts =
        Section.of("module")
            .with("name", module.name())
            .with("instructions", statistics.instructions())
            .with("parameters", module.parameters().size())
            .with("results", module.results().size())
            .with("aliased results", module.aliases().size())
            .with("flops of dots", statistics.dotFlops())
            .with("flops of other operations", statistics.elementwiseFlops())
            .with("input bytes", statistics.inputBytes())
            .with("state bytes", statistics.stateBytes())
            .with("weight bytes", statistics.weightBytes())
            .with("output bytes", statistics.outputBytes())
            .with("collective bytes per rank", statistics.totalCollectiveBytes());
    if (statistics.largestBuffer().isEmpty()) {
      return facts;
    }
    HloInstruction largest = statistics.largestBuffer().get();
    return facts
        .with("largest buffer", largest + " " + largest.shape())
        .with("largest buffer bytes", largest.shape().byteSize());
  }

  private static Table counts(
      String name, String count, Map<String, ? extends Number> countsByName) {
    List<List<Value>> rows = new ArrayList<>();
    countsByName.forEach(
        (key, value) -> rows.add(List.of(Value.of(key), Value.of(value.longValue()))));
    return new Table(List.of(name, count), rows);
  }

  private static Section lint(HloModule module) {
    List<Finding> findings = Lint.check(module);
    Section lint =
        Section.of("lint")
            .with("findings", findings.size())
            .with("operations outside the compiler's table", unlisted(module));
    return findings.isEmpty() ? lint : lint.with(table(findings));
  }

  /** Taken by the compiler although its table of operations lacks them. */
  private static String unlisted(HloModule module) {
    Map<String, Integer> counts = Lint.unlisted(module);
    return counts.isEmpty()
        ? "none"
        : counts.entrySet().stream()
            .map(entry -> entry.getKey() + " " + entry.getValue())
            .collect(Collectors.joining(", "));
  }

  private static Table table(List<Finding> findings) {
    return new Table(
        List.of("finding"),
        findings.stream().map(finding -> List.of(Value.of(finding.toString()))).toList());
  }

  private static Table lines(HloModule module) {
    return new Table(
        List.of("HLO"),
        HloText.print(module).lines().map(line -> List.of(Value.of(line))).toList());
  }
}

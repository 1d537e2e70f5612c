package org.smollm3.conformance.golden;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Tool;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code smollm3 check}: golden folders against a backend. */
public final class CheckTool implements Tool {
  /** Fewer cases give no mean worth judging. */
  private static final int CASES_FOR_MEAN = 4;

  /** For {@link java.util.ServiceLoader}. */
  public CheckTool() {}

  @Override
  public Usage usage() {
    return new Usage(
        "check",
        "Check golden folders against a backend.",
        List.of(
            "Each DIR is a model snapshot with golden.safetensors and case.json. Prompt logits by"
                + " prefill and by decode, hidden states, caches, a padded batch and greedy tokens"
                + " are judged against double arithmetic, relative to Hugging Face's own error.",
            "Exit code 1 if anything fails."),
        "DIR...",
        1,
        Integer.MAX_VALUE,
        List.of(
            new Option("--backend", "NAME", "backend to check (default: the best available)", ""),
            new Option("--backend-options", "LIST", "name=value,... to open it with", ""),
            new Option("--tp", "N", "tensor-parallel ranks", "1"),
            Option.flag("--fused-qkv", "query, key and value projections as one weight"),
            Option.flag("--logits-sha256", "also print the hash of the prompt logits' bytes"),
            Option.flag("--verbose", "print every finding, not only the summary and failures"),
            Option.flag("--json", "print results as JSON")));
  }

  @Override
  public int run(Invocation invocation) {
    Sharding sharding =
        Sharding.of(
            invocation.integer("--tp").orElse(1),
            invocation.flag("--fused-qkv") ? Sharding.Qkv.FUSED : Sharding.Qkv.SEPARATE);
    Backends backends = Backends.discover();
    BackendOptions options =
        invocation
            .value("--backend-options")
            .map(BackendOptions::parse)
            .orElseGet(BackendOptions::defaults);
    try (Backend backend =
        invocation.value("--backend").isPresent()
            ? backends.open(invocation.required("--backend"), options)
            : backends.choose(options).backend()) {
      List<GoldenChecker.Report> reports = new ArrayList<>();
      PrintWriter out = invocation.out();
      for (String argument : invocation.arguments()) {
        GoldenChecker.Report report =
            GoldenChecker.check(GoldenCase.open(Path.of(argument)), backend, sharding);
        reports.add(report);
        if (!invocation.flag("--json")) {
          print(out, report, invocation);
          out.flush();
        }
      }
      return conclude(invocation, backend, reports);
    }
  }

  private static int conclude(
      Invocation invocation, Backend backend, List<GoldenChecker.Report> reports) {
    double[] ratios =
        reports.stream()
            .map(GoldenChecker.Report::logitsRatio)
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .toArray();
    double mean = geometricMean(ratios);
    boolean meanJudged = ratios.length >= CASES_FOR_MEAN;
    boolean meanFailed = meanJudged && !(mean <= GoldenRules.FLOAT32_MEAN_RATIO);
    long failed = reports.stream().filter(GoldenChecker.Report::failed).count();
    PrintWriter out = invocation.out();
    if (invocation.flag("--json")) {
      out.println(json(backend, reports, ratios, mean, invocation));
    } else {
      if (ratios.length > 0) {
        out.printf(
            "%s  float32 logits: geometric mean of error / Hugging Face's error %.3f over %d"
                + " case%s%s%n",
            meanFailed ? "FAIL" : meanJudged ? "pass" : "info",
            mean,
            ratios.length,
            ratios.length == 1 ? "" : "s",
            meanJudged ? " (limit " + GoldenRules.FLOAT32_MEAN_RATIO + ")" : "");
      }
      long refused = reports.stream().filter(GoldenChecker.Report::refused).count();
      out.printf(
          "%s: %d of %d cases pass%s%n",
          backend.description(),
          reports.size() - failed - refused,
          reports.size(),
          refused == 0 ? "" : ", " + refused + " not supported");
    }
    out.flush();
    return failed > 0 || meanFailed ? 1 : 0;
  }

  static double geometricMean(double[] ratios) {
    double sum = 0;
    for (double ratio : ratios) {
      sum += Math.log(ratio);
    }
    return Math.exp(sum / ratios.length);
  }

  private static void print(PrintWriter out, GoldenChecker.Report report, Invocation invocation) {
    long failures = report.findings().stream().filter(Finding::failed).count();
    boolean refused = report.refused();
    out.printf(
        "%s  %s: %s%n",
        failures > 0 ? "FAIL" : refused ? "n/a " : "pass",
        report.name(),
        refused
            ? report.findings().get(0).detail()
            : report.findings().size() - failures + " of " + report.findings().size() + " checks");
    for (Finding finding : report.findings()) {
      boolean shown = finding.failed() || finding.check().endsWith("logits");
      if (!refused && (shown || invocation.flag("--verbose"))) {
        out.printf(
            "      %s %-16s %.3e (limit %.3e) %s%n",
            finding.verdict(),
            finding.check(),
            finding.measured(),
            finding.limit(),
            finding.detail());
      }
    }
    if (invocation.flag("--logits-sha256") && !refused) {
      out.printf("      logits sha256 %s%n", report.logitsSha256());
    }
  }

  private static String json(
      Backend backend,
      List<GoldenChecker.Report> reports,
      double[] ratios,
      double mean,
      Invocation invocation) {
    JsonMapper mapper = JsonMapper.shared();
    ObjectNode root = mapper.createObjectNode();
    root.put("backend", backend.name());
    root.put("backend_description", backend.description());
    ArrayNode cases = root.putArray("cases");
    for (GoldenChecker.Report report : reports) {
      ObjectNode entry = cases.addObject();
      entry.put("name", report.name());
      entry.put("passed", !report.failed());
      if (invocation.flag("--logits-sha256")) {
        entry.put("logits_sha256", report.logitsSha256());
      }
      ArrayNode findings = entry.putArray("findings");
      for (Finding finding : report.findings()) {
        ObjectNode node = findings.addObject();
        node.put("check", finding.check());
        node.put("verdict", finding.verdict().name());
        node.put("measured", finding.measured());
        node.put("limit", finding.limit());
        node.put("detail", finding.detail());
      }
    }
    if (ratios.length > 0) {
      root.put("float32_mean_ratio", mean);
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }
}

package org.smollm3.conformance.command;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.smollm3.conformance.ConformanceKit;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.rules.Rule;
import org.smollm3.conformance.run.ReportMerge;
import org.smollm3.conformance.run.ReportReader;
import org.smollm3.conformance.run.ReportWriter;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.conformance.run.Runner;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Tool;

/** {@code smollm3 conform}: a backend against the rules. */
public final class ConformTool implements Tool {
  /** For {@link java.util.ServiceLoader}. */
  public ConformTool() {}

  @Override
  public Usage usage() {
    return new Usage(
        "conform",
        "Judge a backend rule by rule, by bounds derived from its declared arithmetic.",
        List.of(
            "Every rule is tried on generated cases; what fails is made as small as it goes and"
                + " printed as the command that re-runs just that case. Same seed, same cases.",
            "On many machines: run --shard 0/N to N-1/N with --report, then --merge all report.json:"
                + " the result is that of one run.",
            "Exit code 1 if a rule fails or has no verdict. Ctrl-C ends a run with a report of what it"
                + " has.",
            "docs/test-your-backend.md shows how to write a backend and read a report; docs/sweep.md"
                + " has manifests for Kubernetes, Slurm and AWS Batch.",
            "Examples:",
            "  smollm3 conform --backend cpu",
            "  smollm3 conform --backend cpu --level operations --tries 1000 --report out",
            "  smollm3 conform --backend mine --plugin-path mine.jar",
            "  smollm3 conform --self-test --report out",
            "  smollm3 conform --self-test --parts mutants --report out",
            "  smollm3 conform --merge out0/report.json out1/report.json --report out"),
        "[REPORT...]",
        0,
        Integer.MAX_VALUE,
        ConformOptions.ALL);
  }

  @Override
  public int run(Invocation invocation) {
    Runner runner = ConformanceKit.runner(ConformOptions.caseLimit(invocation));
    if (invocation.flag(ConformOptions.LIST)) {
      list(runner, invocation);
      return 0;
    }
    if (invocation.flag(ConformOptions.SELF_TEST)) {
      return selfTest(runner, invocation);
    }
    if (invocation.flag(ConformOptions.MERGE)) {
      return report(runner, invocation, merged(invocation));
    }
    if (!invocation.arguments().isEmpty()) {
      throw new InvalidRequestException(
          "'" + invocation.arguments().get(0) + "': reports are given to --merge only");
    }
    try (Ending ending = new Ending(invocation.err())) {
      return report(runner, invocation, judged(runner, invocation, ending));
    }
  }

  private static int report(Runner runner, Invocation invocation, RunReport report) {
    Optional<Path> folder = ReportFolder.of(invocation);
    folder.ifPresent(path -> ReportFolder.write(path, report, runner.catalogue()));
    if (invocation.flag(ConformOptions.JSON)) {
      invocation.out().print(ReportWriter.write(report));
    } else {
      new Summary(invocation.out(), runner.catalogue()).print(report);
      folder.ifPresent(
          path -> invocation.out().printf("report: %s%n", path.resolve(ReportFolder.PAGE)));
    }
    invocation.out().flush();
    return report.passed() ? 0 : 1;
  }

  private static int selfTest(Runner runner, Invocation invocation) {
    return SelfTestRun.of(runner, invocation, name -> factory(invocation, name)).run() ? 0 : 1;
  }

  private static RunReport judged(Runner runner, Invocation invocation, Ending ending) {
    Supplier<Backend> factory = factory(invocation, invocation.required(ConformOptions.BACKEND));
    try (BackendUnderTest backend = BackendUnderTest.open(factory)) {
      List<String> options = ConformOptions.opening(invocation);
      Optional<String> line = invocation.value(ConformOptions.CASE);
      if (line.isPresent()) {
        List<String> rules = ConformOptions.rules(invocation);
        if (rules.size() != 1) {
          throw new InvalidRequestException("--case needs one --rule, of which it is a case");
        }
        return runner.runCase(backend, options, rules.get(0), line.get());
      }
      try (ProgressLine progress = new ProgressLine(invocation, ending)) {
        return runner.run(backend, options, ConformOptions.plan(invocation), progress);
      }
    }
  }

  /**
   * Opens the backend that was named; none is chosen by itself, since its name is in the report.
   */
  private static Supplier<Backend> factory(Invocation invocation, String name) {
    BackendOptions options =
        invocation
            .value(ConformOptions.BACKEND_OPTIONS)
            .map(BackendOptions::parse)
            .orElseGet(BackendOptions::defaults);
    Optional<String> plugins = invocation.value(ConformOptions.PLUGIN_PATH);
    if (plugins.isPresent()) {
      BackendProvider provider = Plugins.provider(plugins.get(), name);
      return () -> provider.open(options);
    }
    Backends backends = Backends.discover();
    return () -> backends.open(name, options);
  }

  private static RunReport merged(Invocation invocation) {
    if (invocation.arguments().isEmpty()) {
      throw new InvalidRequestException("--merge needs the report.json of every shard");
    }
    List<RunReport> reports = new ArrayList<>();
    for (String file : invocation.arguments()) {
      reports.add(ReportReader.read(ReportFolder.read(file), file));
    }
    return ReportMerge.merge(reports);
  }

  private static void list(Runner runner, Invocation invocation) {
    PrintWriter out = invocation.out();
    for (Rule rule : runner.rules(ConformOptions.plan(invocation))) {
      String covered = runner.covered().contains(rule.id()) ? "" : " (not covered)";
      out.printf("%-16s %s%s%n", rule.id(), rule.text(), covered);
    }
    out.flush();
  }
}

package org.smollm3.conformance.command;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.smollm3.conformance.check.Measure;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.conformance.run.RuleResult;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.conformance.run.Verdict;

/** A report in the terminal: a line for each rule, more where it failed. */
final class Summary {
  private final PrintWriter out;
  private final RuleCatalogue catalogue;

  Summary(PrintWriter out, RuleCatalogue catalogue) {
    this.out = out;
    this.catalogue = catalogue;
  }

  void print(RunReport report) {
    for (RuleResult result : report.results()) {
      if (result.verdict() != Verdict.NOT_COVERED) {
        rule(report, result);
      }
    }
    List<RuleResult> results = report.results();
    long cases = results.stream().mapToLong(RuleResult::tries).sum();
    out.printf(
        "%s: %s; %d cases, seed %d%s%n",
        report.subject().details().isEmpty()
            ? report.subject().backend()
            : report.subject().details(),
        Stream.of(Verdict.values())
            .filter(verdict -> report.count(verdict) > 0)
            .map(verdict -> report.count(verdict) + " " + verdict.label())
            .collect(Collectors.joining(", ")),
        cases,
        report.plan().seed(),
        report.missing() == 0 ? "" : "; ended early, " + report.missing() + " cases were not run");
  }

  private void rule(RunReport report, RuleResult result) {
    out.printf(
        Locale.ROOT,
        "%-13s %-16s %5d cases%s  %s%n",
        result.verdict().label(),
        result.rule(),
        result.tries(),
        result
            .worst()
            .map(worst -> String.format(Locale.ROOT, "  %9s of the bound", ratio(worst.measure())))
            .orElse(""),
        catalogue.rule(result.rule()).text());
    if (!result.failures().isEmpty()) {
      RuleResult.Failure failure = result.failures().get(0);
      out.printf("      %s%n", failure.why());
      failure.shrunk().ifPresent(shrunk -> out.printf("      simplest case: %s%n", shrunk.why()));
      out.printf("      %s%n", report.rerun(result.rule(), failure.simplestCase()));
      if (result.failed() > 1) {
        out.printf("      %d cases failed; --report DIR shows more of them%n", result.failed());
      }
    }
    if (result.verdict() != Verdict.PASS || result.warned() > 0) {
      result.notes().stream()
          .map(RuleResult.Note::text)
          .distinct()
          .forEach(note -> out.printf("      %s%n", note));
    }
  }

  private static String ratio(Measure measure) {
    return String.format(Locale.ROOT, "%.3g", measure.ratio());
  }
}

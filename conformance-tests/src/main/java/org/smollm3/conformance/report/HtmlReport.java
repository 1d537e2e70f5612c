package org.smollm3.conformance.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.conformance.run.RuleResult;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.conformance.run.Verdict;
import org.smollm3.spi.NumericsProfile;

/**
 * A report as one file of HTML: no script, nothing loaded from elsewhere, readable on a phone and
 * in print. What failed comes first.
 */
public final class HtmlReport {
  private final RunReport report;
  private final RuleCatalogue catalogue;
  private final Html page = new Html();

  private HtmlReport(RunReport report, RuleCatalogue catalogue) {
    this.report = report;
    this.catalogue = catalogue;
  }

  /**
   * @param catalogue gives the texts of the rules
   */
  public static String write(RunReport report, RuleCatalogue catalogue) {
    return new HtmlReport(report, catalogue).write();
  }

  private String write() {
    String title = "Conformance of " + report.subject().backend();
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .format("<title>%s</title>\n<style>\n", title)
        .raw(style())
        .raw("</style>\n</head>\n<body>\n")
        .format("<h1>%s</h1>\n", title);
    verdict();
    subject();
    levels();
    failures();
    RuleTable table = new RuleTable(report, catalogue, page);
    for (Level level : Level.values()) {
      table.level(level);
    }
    notCovered();
    return page.raw("</body>\n</html>\n").toString();
  }

  private void verdict() {
    boolean passed = report.passed();
    boolean failed = report.count(Verdict.FAIL) + report.count(Verdict.NO_VERDICT) > 0;
    page.format(
        "<p class=\"verdict %s\"><b>%s</b> ",
        passed ? "pass" : "fail",
        passed ? "PASS" : failed || report.missing() == 0 ? "FAIL" : "ENDED EARLY");
    for (Verdict verdict : Verdict.values()) {
      long count = report.count(verdict);
      if (count > 0) {
        page.format("<span>%d %s %s</span> ", count, count == 1 ? "rule" : "rules", said(verdict));
      }
    }
    page.raw("</p>\n");
    if (report.missing() > 0) {
      page.format(
          "<p>The run was ended early: %d of its cases were not run, so it is no pass.</p>\n",
          report.missing());
    }
    if (report.count(Verdict.NO_VERDICT) > 0) {
      page.raw(
          "<p>Rules without a verdict are no passes: a bound can only be derived for a backend that"
              + " declares its <code>NumericsProfile</code>.</p>\n");
    }
  }

  static String said(Verdict verdict) {
    return switch (verdict) {
      case PASS -> "passed";
      case FAIL -> "failed";
      default -> verdict.label();
    };
  }

  private void subject() {
    RunPlan plan = report.plan();
    page.raw("<dl>\n");
    entry("backend", report.subject().backend());
    entry("runs on", report.subject().details());
    entry(
        "declares",
        new TreeSet<>(report.subject().capabilities())
            .stream().map(Enum::name).collect(Collectors.joining(", ")));
    entry(
        "computes",
        report.subject().numerics().map(HtmlReport::numerics).orElse("it does not say how"));
    entry("seed", Long.toString(plan.seed()));
    entry(
        "tried",
        plan.profile().label()
            + (plan.tries().isPresent() ? ", " + plan.tries().getAsInt() + " tries a rule" : "")
            + (plan.shard().count() > 1 ? ", shard " + plan.shard() : ""));
    entry("cases", cases() + " in " + seconds(millis()));
    page.raw("</dl>\n");
  }

  private void entry(String term, String value) {
    if (!value.isBlank()) {
      page.format("<div><dt>%s</dt><dd>%s</dd></div>\n", term, value);
    }
  }

  private long cases() {
    return report.results().stream().mapToLong(RuleResult::tries).sum();
  }

  private long millis() {
    return report.results().stream().mapToLong(RuleResult::millis).sum();
  }

  static String seconds(long millis) {
    return millis < 60_000
        ? String.format(Locale.ROOT, "%.1f s", millis / 1e3)
        : String.format(Locale.ROOT, "%d min %d s", millis / 60_000, millis / 1000 % 60);
  }

  private static String numerics(NumericsProfile profile) {
    String deviations =
        profile.deviations().stream().sorted().map(Enum::name).collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "sums in %s, over ranks in %s, rounding %s, subnormals %s, same bits: %s%s",
        profile.accumulation(),
        profile.reduction(),
        words(profile.rounding()),
        words(profile.subnormals()),
        words(profile.determinism()),
        deviations.isEmpty() ? "" : "; departs by " + deviations);
  }

  private static String words(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** How much of the catalogue was looked at, and with what outcome. */
  private void levels() {
    page.raw("<h2>Levels</h2>\n<table class=\"levels\">\n<thead><tr><th>level</th>")
        .raw("<th>rules</th><th>passed</th><th>failed</th><th>other</th><th>cases</th>")
        .raw("<th title=\"error / bound\">worst</th></tr></thead>\n<tbody>\n");
    for (Level level : Level.values()) {
      List<RuleResult> results = resultsOf(level);
      if (!results.isEmpty()) {
        long passed = count(results, Verdict.PASS);
        long failed = count(results, Verdict.FAIL);
        page.format(
            "<tr><th scope=\"row\"><a href=\"#%s\">%s</a></th><td>%d</td><td>%d</td>"
                + "<td>%d</td><td>%d</td><td>%d</td><td>%s</td></tr>\n",
            level.label(),
            level.label(),
            results.size(),
            passed,
            failed,
            results.size() - passed - failed,
            results.stream().mapToLong(RuleResult::tries).sum(),
            worst(results).map(RuleTable::ratio).orElse(""));
      }
    }
    page.raw("</tbody>\n</table>\n");
  }

  private List<RuleResult> resultsOf(Level level) {
    return report.results().stream()
        .filter(result -> catalogue.rule(result.rule()).level() == level)
        .toList();
  }

  private static long count(List<RuleResult> results, Verdict verdict) {
    return results.stream().filter(result -> result.verdict() == verdict).count();
  }

  private static Optional<Double> worst(List<RuleResult> results) {
    return results.stream()
        .flatMap(result -> result.worst().stream())
        .map(worst -> worst.measure().ratio())
        .max(Double::compare);
  }

  private void failures() {
    List<RuleResult> failed =
        report.results().stream().filter(result -> result.verdict() == Verdict.FAIL).toList();
    if (failed.isEmpty()) {
      return;
    }
    page.raw("<h2>Failures</h2>\n");
    for (RuleResult result : failed) {
      page.format(
          "<article class=\"failure\">\n<h3 id=\"fail-%s\">%s</h3>\n<p>%s</p>\n",
          result.rule(), result.rule(), catalogue.rule(result.rule()).text());
      page.format("<p>%d of %d cases failed.</p>\n", result.failed(), result.tries());
      for (RuleResult.Failure failure : result.failures()) {
        failure(result.rule(), failure);
      }
      page.raw("</article>\n");
    }
  }

  private void failure(String rule, RuleResult.Failure failure) {
    page.raw("<div class=\"case\">\n");
    page.format("<p class=\"why\">%s</p>\n", failure.why());
    page.format("<p>case %d: <code>%s</code></p>\n", failure.index(), failure.caseLine());
    failure
        .worst()
        .ifPresent(
            measure ->
                page.format(
                    "<p>farthest from its bound: <code>%s</code></p>\n", measure.toString()));
    failure
        .shrunk()
        .ifPresent(
            shrunk ->
                page.format(
                    "<p>simplest case found that fails too: <code>%s</code><br>%s</p>\n",
                    shrunk.caseLine(), shrunk.why()));
    page.format("<pre>%s</pre>\n</div>\n", report.rerun(rule, failure.simplestCase()));
  }

  private void notCovered() {
    List<RuleResult> open =
        report.results().stream()
            .filter(result -> result.verdict() == Verdict.NOT_COVERED)
            .toList();
    if (!open.isEmpty()) {
      page.raw("<h2>Rules without a check</h2>\n<p>Nothing is said about these:</p>\n<ul>\n");
      for (RuleResult result : open) {
        page.format("<li><b>%s</b> %s</li>\n", result.rule(), catalogue.rule(result.rule()).text());
      }
      page.raw("</ul>\n");
    }
  }

  private static String style() {
    try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is not in the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

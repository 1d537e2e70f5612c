package org.smollm3.conformance.report;

import java.util.List;
import java.util.Locale;
import org.smollm3.conformance.check.Measure;
import org.smollm3.conformance.check.UlpHistogram;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.conformance.run.RuleResult;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.conformance.run.Verdict;

/** The rules of a level, one below the other, with what is known of each. */
final class RuleTable {
  private static final int BAR_WIDTH = 10;
  private static final int BAR_HEIGHT = 40;

  private final RunReport report;
  private final RuleCatalogue catalogue;
  private final Html page;

  RuleTable(RunReport report, RuleCatalogue catalogue, Html page) {
    this.report = report;
    this.catalogue = catalogue;
    this.page = page;
  }

  void level(Level level) {
    List<RuleResult> results =
        report.results().stream()
            .filter(result -> catalogue.rule(result.rule()).level() == level)
            .filter(result -> result.verdict() != Verdict.NOT_COVERED)
            .toList();
    if (results.isEmpty()) {
      return;
    }
    page.format(
        "<h2 id=\"%s\">%s</h2>\n<p>%s.</p>\n",
        level.label(), upper(level.label()), upper(level.meaning()));
    for (RuleResult result : results) {
      rule(result);
    }
  }

  private static String upper(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private void rule(RuleResult result) {
    Verdict verdict = result.verdict();
    page.format(
        "<details class=\"rule %s\"%s>\n<summary><span class=\"badge\">%s</span>"
            + " <b>%s</b> <span class=\"text\">%s</span>",
        verdict.name().toLowerCase(Locale.ROOT),
        verdict == Verdict.FAIL ? new Raw(" open") : new Raw(""),
        verdict.label(),
        result.rule(),
        catalogue.rule(result.rule()).text());
    result
        .worst()
        .ifPresent(
            worst ->
                page.format(" <span class=\"ratio\">%s</span>", ratio(worst.measure().ratio())));
    page.raw("</summary>\n");
    page.format(
        "<p>%s. %d cases: %d passed, %d failed%s%s%s; %s.</p>\n",
        catalogue.rule(result.rule()).source(),
        result.tries(),
        result.passed(),
        result.failed(),
        some(result.unsupported(), "not supported"),
        some(result.noVerdict(), "without a verdict"),
        some(result.warned(), "with a warning"),
        HtmlReport.seconds(result.millis()));
    result.worst().ifPresent(worst -> worst(result.rule(), worst));
    if (!result.ulps().isEmpty()) {
      histogram(result.ulps());
    }
    for (RuleResult.Note note : result.notes()) {
      page.format(
          "<p class=\"note\">case %d, <code>%s</code>: %s</p>\n",
          note.index(), note.caseLine(), note.text());
    }
    if (verdict == Verdict.FAIL) {
      page.format("<p><a href=\"#fail-%s\">the failures</a></p>\n", result.rule());
    }
    page.raw("</details>\n");
  }

  /** Markup in a place where values are escaped. */
  private record Raw(String markup) {
    @Override
    public String toString() {
      return markup;
    }
  }

  private static String some(int count, String what) {
    return count == 0 ? "" : ", " + count + " " + what;
  }

  private void worst(String rule, RuleResult.Worst worst) {
    Measure measure = worst.measure();
    page.raw("<div class=\"meter\">").raw(meter(measure.ratio())).raw("</div>\n");
    page.raw("<table class=\"worst\">\n");
    row("nearest to its bound", measure.tensor() + measure.index());
    row("value", Double.toString(measure.actual()));
    row("must be", Double.toString(measure.expected()));
    row("within", String.format(Locale.ROOT, "%.4g", measure.bound()));
    row("error / bound", ratio(measure.ratio()));
    row("terms of the bound", measure.terms());
    row("again", report.rerun(rule, worst.caseLine()));
    page.raw("</table>\n");
  }

  private void row(String name, String value) {
    page.format("<tr><th scope=\"row\">%s</th><td><code>%s</code></td></tr>\n", name, value);
  }

  static String ratio(double ratio) {
    return Double.isInfinite(ratio)
        ? "infinite"
        : String.format(Locale.ROOT, ratio != 0 && ratio < 0.01 ? "%.1e" : "%.2f", ratio);
  }

  /** How much of the bound is used up; the mark is the bound. */
  private static String meter(double ratio) {
    double part = Double.isNaN(ratio) ? 2 : Math.min(2, ratio);
    return String.format(
        Locale.ROOT,
        "<svg viewBox=\"0 0 200 12\" role=\"img\" aria-label=\"%s of the bound\">"
            + "<rect class=\"track\" width=\"200\" height=\"12\"/>"
            + "<rect class=\"%s\" width=\"%.1f\" height=\"12\"/>"
            + "<line x1=\"100\" x2=\"100\" y1=\"0\" y2=\"12\"/></svg>",
        ratio(ratio),
        part <= 1 ? "used" : "over",
        part * 100);
  }

  private void histogram(UlpHistogram ulps) {
    List<Long> counts = ulps.counts();
    int last = lastUsed(counts);
    double most = counts.stream().mapToDouble(count -> Math.log1p(count)).max().orElse(1);
    int width = (last + 1) * (BAR_WIDTH + 2);
    page.raw("<figure><figcaption>units in the last place, each bar on a scale of logarithms");
    page.raw("</figcaption>\n");
    page.raw(
        String.format(
            Locale.ROOT,
            "<svg class=\"ulps\" viewBox=\"0 0 %d %d\" style=\"width:%dpx\" role=\"img\">",
            width,
            BAR_HEIGHT + 2,
            width * 2));
    for (int i = 0; i <= last; i++) {
      double height = Math.log1p(counts.get(i)) / most * BAR_HEIGHT;
      page.raw(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"><title>%s: %d</title></rect>",
              i * (BAR_WIDTH + 2),
              BAR_HEIGHT + 2 - height,
              BAR_WIDTH,
              height,
              bucket(i),
              counts.get(i)));
    }
    page.raw("</svg>\n<p>");
    for (int i = 0; i <= last; i++) {
      if (counts.get(i) > 0) {
        page.format("%s: %d &#160; ", bucket(i), counts.get(i));
      }
    }
    page.raw("</p></figure>\n");
  }

  private static int lastUsed(List<Long> counts) {
    int last = 0;
    for (int i = 0; i < counts.size(); i++) {
      last = counts.get(i) > 0 ? i : last;
    }
    return last;
  }

  private static String bucket(int index) {
    if (index <= 1) {
      return Integer.toString(index);
    }
    if (index == UlpHistogram.BUCKETS - 1) {
      return "more than " + (1L << (index - 2));
    }
    long from = (1L << (index - 2)) + 1;
    long to = 1L << (index - 1);
    return from == to ? Long.toString(to) : from + " to " + to;
  }
}

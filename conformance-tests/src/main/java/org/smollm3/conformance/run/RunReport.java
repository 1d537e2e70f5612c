package org.smollm3.conformance.run;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.smollm3.spi.Capability;
import org.smollm3.spi.NumericsProfile;

/**
 * A run and what came of it: all that a page shows, and that is needed to join the parts of a run.
 *
 * @param results a result for each rule of the plan, in the order of the catalogue
 */
public record RunReport(Subject subject, RunPlan plan, List<RuleResult> results) {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:,=@%+-]+");

  public RunReport {
    results = List.copyOf(results);
  }

  /**
   * Who was judged.
   *
   * @param backend its name
   * @param details what it runs on
   * @param options with which the command opens it
   */
  public record Subject(
      String backend,
      String details,
      List<String> options,
      Set<Capability> capabilities,
      Optional<NumericsProfile> numerics) {
    public Subject {
      options = List.copyOf(options);
      capabilities = Set.copyOf(capabilities);
    }
  }

  public long count(Verdict verdict) {
    return results.stream().filter(result -> result.verdict() == verdict).count();
  }

  /** How many cases of the plan's shard were not run, because the run was ended early. */
  public long missing() {
    long before = 0;
    long missing = 0;
    for (RuleResult result : results) {
      missing += plan.shard().count(before, before + result.planned()) - result.tries();
      before += result.planned();
    }
    return missing;
  }

  /**
   * Whether all cases were run, no rule failed and at least one passed; a rule without a verdict is
   * no pass.
   */
  public boolean passed() {
    return missing() == 0
        && count(Verdict.FAIL) == 0
        && count(Verdict.NO_VERDICT) == 0
        && count(Verdict.PASS) > 0;
  }

  /** The command that re-runs one case. */
  public String rerun(String rule, String caseLine) {
    return "./smollm3 conform --backend "
        + subject.backend()
        + subject.options().stream().map(RunReport::word).collect(Collectors.joining())
        + " --rule "
        + rule
        + (caseLine.isEmpty() ? "" : " --case '" + caseLine + "'");
  }

  /** As a shell takes it for one word. */
  private static String word(String option) {
    return PLAIN.matcher(option).matches()
        ? " " + option
        : " '" + option.replace("'", "'\\''") + "'";
  }

  /** The same, whatever time it took. */
  public RunReport withoutTimes() {
    return new RunReport(subject, plan, results.stream().map(RuleResult::withoutTime).toList());
  }
}

package org.smollm3.conformance.run;

import static java.util.stream.Collectors.toSet;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseMaker;
import org.smollm3.conformance.cases.CaseMaker.Candidate;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Outcome;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.UlpHistogram;
import org.smollm3.conformance.rules.Rule;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.error.InvalidRequestException;

/** Tries backends rule by rule. */
public final class Runner {
  private final RuleCatalogue catalogue;

  /** The parameter of cases that is the tensor-parallel degree. */
  private static final String DEGREE = "tp";

  /** No case of the kit takes a second on a laptop. */
  public static final Duration CASE_LIMIT = Duration.ofMinutes(2);

  private final Map<String, RuleCheck> checks = new LinkedHashMap<>();
  private final Duration limit;

  /** With {@link #CASE_LIMIT}. */
  public Runner(RuleCatalogue catalogue, List<RuleCheck> checks) {
    this(catalogue, checks, CASE_LIMIT);
  }

  /**
   * @param limit of one case: what takes longer hangs
   * @throws IllegalArgumentException if a check is for no rule of the catalogue, or two are for one
   */
  public Runner(RuleCatalogue catalogue, List<RuleCheck> checks, Duration limit) {
    this.catalogue = catalogue;
    this.limit = limit;
    for (RuleCheck check : checks) {
      if (!catalogue.contains(check.rule())) {
        throw new IllegalArgumentException("no rule " + check.rule());
      }
      if (this.checks.put(check.rule(), check) != null) {
        throw new IllegalArgumentException("two checks of " + check.rule());
      }
    }
  }

  public RuleCatalogue catalogue() {
    return catalogue;
  }

  /** The rules that a check stands behind. */
  public Set<String> covered() {
    return Set.copyOf(checks.keySet());
  }

  /**
   * The rules of a plan, in the order in which they are run.
   *
   * @throws InvalidRequestException if the plan names a rule that there is not
   */
  public List<Rule> rules(RunPlan plan) {
    plan.rules().forEach(catalogue::rule);
    return catalogue.rules().stream().filter(plan::has).toList();
  }

  /**
   * Runs a plan.
   *
   * @param options with which the command opens this backend, for the lines that re-run a case
   * @throws InvalidRequestException if the plan names a rule that there is not
   */
  public RunReport run(
      BackendUnderTest backend, List<String> options, RunPlan plan, Progress progress) {
    List<Rule> rules = rules(plan);
    Clock clock = new Clock(progress, total(rules, plan));
    List<RuleResult> results = new ArrayList<>();
    long before = 0;
    RunReport.Subject subject = subject(backend, options);
    try (CaseMaker maker = new CaseMaker();
        CaseThread cases = new CaseThread(backend, limit)) {
      for (Rule rule : rules) {
        RuleCheck check = checks.get(rule.id());
        RuleResult result =
            check == null ? notCovered(rule.id()) : run(cases, check, plan, before, maker, clock);
        before += result.planned();
        results.add(result);
        progress.onRule(result);
      }
    }
    return new RunReport(subject, plan, results);
  }

  private RuleResult run(
      CaseThread cases, RuleCheck check, RunPlan plan, long before, CaseMaker maker, Clock clock) {
    Optional<CaseSpace> space = space(check, plan);
    int planned = planned(check, plan);
    RuleTally tally = new RuleTally(check, planned);
    for (int i = 0; i < planned && !cases.hangs() && !clock.progress.isToStop(); i++) {
      if (plan.shard().has(before + i)) {
        tally.run(cases, i, maker.make(space.orElseThrow(), plan.seed(), check.rule(), i));
        clock.tick(check.rule());
      }
    }
    return tally.result();
  }

  /**
   * Runs one case of one rule, as a report's re-run line says.
   *
   * @param options as of {@link #run}
   * @throws InvalidRequestException if there is no such rule, no check of it, or the line is no
   *     case of it
   */
  public RunReport runCase(
      BackendUnderTest backend, List<String> options, String rule, String caseLine) {
    RuleCheck check = checks.get(catalogue.rule(rule).id());
    if (check == null) {
      throw new InvalidRequestException("rule " + rule + " has no check yet");
    }
    Case single = check.cases().parse(caseLine);
    RuleTally tally = new RuleTally(check, 1);
    RunReport.Subject subject = subject(backend, options);
    try (CaseThread cases = new CaseThread(backend, limit)) {
      tally.run(cases, 0, Candidate.only(single));
    }
    return new RunReport(
        subject, RunPlan.of(Profile.QUICK).withRules(rule).withTries(1), List.of(tally.result()));
  }

  /**
   * Runs a plan until the first case that fails, which is left as it is.
   *
   * @return the rule, the case and why it fails, in one line; empty if none does
   */
  public Optional<String> firstFailure(BackendUnderTest backend, RunPlan plan) {
    try (CaseMaker maker = new CaseMaker();
        CaseThread cases = new CaseThread(backend, limit)) {
      for (Rule rule : rules(plan)) {
        Optional<RuleCheck> check = Optional.ofNullable(checks.get(rule.id()));
        int planned = check.map(c -> planned(c, plan)).orElse(0);
        for (int i = 0; i < planned; i++) {
          CaseSpace space = space(check.orElseThrow(), plan).orElseThrow();
          Case next = maker.make(space, plan.seed(), rule.id(), i).value();
          if (cases.run(check.orElseThrow(), next) instanceof Outcome.Failed failed) {
            return Optional.of(rule.id() + ", case " + next + ": " + failed.why());
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Its cases of the degrees that are allowed; empty if there are none. */
  private static Optional<CaseSpace> space(RuleCheck check, RunPlan plan) {
    return plan.degrees().isEmpty()
        ? Optional.of(check.cases())
        : check.cases().only(DEGREE, plan.degrees().stream().map(String::valueOf).collect(toSet()));
  }

  private static int planned(RuleCheck check, RunPlan plan) {
    if (space(check, plan).isEmpty()) {
      return 0;
    }
    int ofProfile = plan.profile().tries(check.tries());
    // Where one case says it all, more would be the same again.
    return check.cases().isSingle() ? Math.min(1, ofProfile) : plan.tries().orElse(ofProfile);
  }

  private long total(List<Rule> rules, RunPlan plan) {
    long planned = 0;
    for (Rule rule : rules) {
      RuleCheck check = checks.get(rule.id());
      planned += check == null ? 0 : planned(check, plan);
    }
    return plan.shard().count(0, planned);
  }

  private static RunReport.Subject subject(BackendUnderTest backend, List<String> options) {
    return new RunReport.Subject(
        backend.backend().name(),
        backend.backend().description(),
        options,
        backend.backend().capabilities(),
        backend.profile());
  }

  private static RuleResult notCovered(String rule) {
    return new RuleResult(
        rule,
        false,
        0,
        0,
        0,
        0,
        0,
        0,
        Optional.empty(),
        List.of(),
        List.of(),
        UlpHistogram.EMPTY,
        0);
  }

  /** Tells how far a run is. */
  private static final class Clock {
    private final Progress progress;
    private final long total;
    private final long start = System.nanoTime();
    private long done;

    Clock(Progress progress, long total) {
      this.progress = progress;
      this.total = total;
    }

    void tick(String rule) {
      done++;
      long elapsed = System.nanoTime() - start;
      long remaining = (long) ((double) elapsed / done * (total - done));
      progress.onCase(
          new Progress.State(
              rule,
              done,
              total,
              Duration.ofNanos(elapsed),
              Optional.of(Duration.ofNanos(remaining))));
    }
  }
}

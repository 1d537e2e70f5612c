package org.smollm3.conformance.mutants;

import java.util.List;
import java.util.Optional;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Outcome;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.mutants.MutantVerdict.Fate;
import org.smollm3.conformance.run.CaseThread;
import org.smollm3.conformance.run.Runner;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.MutantSource.Mutant;

/**
 * Judges the mutants of one graph: by the rules, until the first red; then, if no rule sees it, by
 * the list of reasons and bit by bit.
 */
final class MutantJudge {
  /** Each regime of the model twice. */
  private static final int ROUNDS = 6;

  private final MutantTarget target;
  private final List<RuleCheck> checks;
  private final MutantTarget.Program program;
  private final List<Mutant> mutants;
  private final MutantSource source;

  MutantJudge(MutantSource source, MutantTarget target) {
    this.source = source;
    this.target = target;
    this.checks = target.checks();
    this.program = target.program(source);
    this.mutants = source.mutants(program.spec(), program.options(), target.graph());
  }

  List<Mutant> mutants() {
    return mutants;
  }

  MutantVerdict judge(Mutant mutant) {
    Optional<String> rule = rejecting(mutant);
    if (rule.isPresent()) {
      return new MutantVerdict(Fate.KILLED, rule.get());
    }
    Optional<Equivalence> reason = Equivalence.of(mutant);
    Optional<String> difference =
        new BitComparison(source, mutant, program, target.graph()).difference();
    if (difference.isPresent()) {
      return new MutantVerdict(Fate.SURVIVED, "other bits: " + difference.get());
    }
    return reason
        .map(known -> new MutantVerdict(Fate.EQUIVALENT, known.label()))
        .orElseGet(() -> new MutantVerdict(Fate.SURVIVED, "equal bits, but no reason is known"));
  }

  /** The rule that rejects a mutant. */
  Optional<String> rejecting(Mutant mutant) {
    // A graph with another replica group may wait for a rank that never comes.
    try (BackendUnderTest backend = BackendUnderTest.open(mutant::open);
        CaseThread cases = new CaseThread(backend, Runner.CASE_LIMIT)) {
      for (int round = 1; round <= ROUNDS; round++) {
        for (RuleCheck check : checks) {
          if (cases.run(check, MutantTarget.modelCase(check, round)) instanceof Outcome.Failed) {
            return Optional.of(check.rule());
          }
        }
      }
    }
    return Optional.empty();
  }
}

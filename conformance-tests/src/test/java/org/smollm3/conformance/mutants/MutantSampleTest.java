package org.smollm3.conformance.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.MutantSource.Mutant;

/** A part of what {@code conform --self-test --mutants} runs: another graph each day, in turn. */
class MutantSampleTest {
  private static final int PARTS = 60;
  private static final long DAY = LocalDate.now().toEpochDay();

  private final MutantTarget target =
      MutantTarget.ALL.get((int) Math.floorMod(DAY, (long) MutantTarget.ALL.size()));
  private final int part =
      (int) Math.floorMod(Math.floorDiv(DAY, (long) MutantTarget.ALL.size()), (long) PARTS);

  @Test
  void theRulesRejectWhatIsNotEquivalent() {
    MutantSource source = ServiceLoader.load(MutantSource.class).findFirst().orElseThrow();
    MutantJudge judge = new MutantJudge(source, target);
    List<Mutant> mutants = judge.mutants();

    assertThat(mutants).hasSizeGreaterThan(1000);
    for (int i = part; i < mutants.size(); i += PARTS) {
      Mutant mutant = mutants.get(i);
      assertThat(judge.rejecting(mutant).isPresent() || Equivalence.of(mutant).isPresent())
          .as("%s: %s, instead: %s", target.graph(), mutant.instruction(), mutant.change())
          .isTrue();
    }
  }

  /** So equal bits say something. */
  @Test
  void theComparisonOfBitsSeesAWrongGraph() {
    MutantSource source = ServiceLoader.load(MutantSource.class).findFirst().orElseThrow();
    MutantTarget.Program program = target.program(source);
    List<Mutant> mutants = source.mutants(program.spec(), program.options(), target.graph());
    Mutant wrong =
        mutants.stream()
            .filter(m -> m.kind().equals("dropped collective"))
            .findFirst()
            .orElseThrow();

    assertThat(new BitComparison(source, wrong, program, target.graph()).difference()).isPresent();
  }
}

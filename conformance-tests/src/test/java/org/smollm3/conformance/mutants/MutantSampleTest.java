package org.smollm3.conformance.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.MutantSource.Mutant;

/** A part of what {@code conform --self-test --mutants} runs, another one each day. */
class MutantSampleTest {
  private static final int DAYS = 150;
  private static final int PART = (int) Math.floorMod(LocalDate.now().toEpochDay(), (long) DAYS);

  private static List<MutantTarget> targets() {
    return MutantTarget.ALL;
  }

  @ParameterizedTest
  @MethodSource("targets")
  void theRulesRejectWhatIsNotEquivalent(MutantTarget target) {
    MutantSource source = ServiceLoader.load(MutantSource.class).findFirst().orElseThrow();
    MutantJudge judge = new MutantJudge(source, target);
    List<Mutant> mutants = judge.mutants();

    assertThat(mutants).hasSizeGreaterThan(1000);
    for (int i = PART; i < mutants.size(); i += DAYS) {
      Mutant mutant = mutants.get(i);
      assertThat(judge.rejecting(mutant).isPresent() || Equivalence.of(mutant).isPresent())
          .as("%s: %s, instead: %s", target.graph(), mutant.instruction(), mutant.change())
          .isTrue();
    }
  }

  /** So equal bits say something. */
  @ParameterizedTest
  @MethodSource("targets")
  void theComparisonOfBitsSeesAWrongGraph(MutantTarget target) {
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

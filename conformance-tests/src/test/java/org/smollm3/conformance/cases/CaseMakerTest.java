package org.smollm3.conformance.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import org.junit.jupiter.api.Test;
import org.smollm3.conformance.ConformanceKit;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;

class CaseMakerTest {
  private static final Param<Integer> K = Param.integer("k", 1, 300);
  private static final Param<DType> DTYPE = Param.choice("dtype", DType.F32, DType.BF16);
  private static final Param<List<Integer>> STEPS =
      Param.integers("steps", Arbitraries.integers().between(0, 9).list().ofMaxSize(5));
  private static final CaseSpace SPACE =
      CaseSpace.of(K, DTYPE, STEPS).where(c -> c.get(K) % 2 == 1);

  @Test
  void aCaseDependsOnItsNumberAndNotOnThoseBefore() {
    List<Case> forwards = new ArrayList<>();
    try (CaseMaker maker = new CaseMaker()) {
      for (int i = 0; i < 100; i++) {
        forwards.add(maker.make(SPACE, 7, "OP-DOT-01", i).value());
      }
    }
    try (CaseMaker maker = new CaseMaker()) {
      for (int i = 99; i >= 0; i--) {
        assertThat(maker.make(SPACE, 7, "OP-DOT-01", i).value()).isEqualTo(forwards.get(i));
      }
      assertThat(maker.make(SPACE, 8, "OP-DOT-01", 0).value()).isNotEqualTo(forwards.get(0));
      assertThat(maker.make(SPACE, 7, "OP-DOT-02", 0).value()).isNotEqualTo(forwards.get(0));
    }
    assertThat(forwards).allMatch(c -> c.get(K) % 2 == 1);
    assertThat(forwards.stream().distinct().count()).isEqualTo(100);
  }

  @Test
  void everySecondCaseIsATellingOne() {
    CaseSpace space = SPACE.telling(DTYPE, "bf16").telling(K, List.of("7", "9", "11"));
    List<Case> others = new ArrayList<>();
    try (CaseMaker maker = new CaseMaker()) {
      for (int i = 0; i < 100; i += 2) {
        Case telling = maker.make(space, 7, "OP-DOT-01", i).value();
        assertThat(telling.get(DTYPE)).isEqualTo(DType.BF16);
        assertThat(telling.get(K)).isIn(7, 9, 11);
        others.add(maker.make(space, 7, "OP-DOT-01", i + 1).value());
      }
    }
    assertThat(others).anyMatch(c -> c.get(DTYPE) == DType.F32).anyMatch(c -> c.get(K) > 11);
  }

  @Test
  void whereNoTellingValueIsAllowedAllAre() {
    CaseSpace space = SPACE.telling(DTYPE, "bf16").only("dtype", Set.of("f32")).orElseThrow();
    try (CaseMaker maker = new CaseMaker()) {
      assertThat(maker.make(space, 7, "OP-DOT-01", 0).value().get(DTYPE)).isEqualTo(DType.F32);
    }
  }

  @Test
  void everyCaseOfEveryRuleIsReadBackFromItsLine() {
    try (CaseMaker maker = new CaseMaker()) {
      for (RuleCheck check : ConformanceKit.checks()) {
        for (int i = 0; i < 50; i++) {
          Case c = maker.make(check.cases(), 1, check.rule(), i).value();
          assertThat(check.cases().parse(c.toString())).isEqualTo(c);
          assertThat(check.cases().parse(c.toString()).toString()).isEqualTo(c.toString());
        }
      }
    }
  }

  @Test
  void simplerCasesAreSmallerAndKeepTheirSeed() {
    try (CaseMaker maker = new CaseMaker()) {
      CaseMaker.Candidate candidate = largest(maker);
      Case first = candidate.value();
      for (int step = 0; step < 1000; step++) {
        Iterator<CaseMaker.Candidate> simpler = candidate.simpler().iterator();
        CaseMaker.Candidate next = null;
        while (next == null && simpler.hasNext()) {
          CaseMaker.Candidate tried = simpler.next();
          next = tried.value().get(K) >= 33 ? tried : null;
        }
        if (next == null) {
          break;
        }
        candidate = next;
      }
      Case last = candidate.value();
      assertThat(last.get(K)).isEqualTo(33);
      assertThat(last.get(DTYPE)).isEqualTo(DType.F32);
      assertThat(last.get(STEPS)).isEmpty();
      assertThat(last.random().nextLong()).isEqualTo(first.random().nextLong());
    }
  }

  private static CaseMaker.Candidate largest(CaseMaker maker) {
    CaseMaker.Candidate largest = maker.make(SPACE, 1, "X-01", 0);
    for (int i = 1; i < 50; i++) {
      CaseMaker.Candidate other = maker.make(SPACE, 1, "X-01", i);
      largest = other.value().get(K) > largest.value().get(K) ? other : largest;
    }
    return largest;
  }

  @Test
  void aLineThatIsNoCaseIsRefused() {
    for (String line :
        List.of(
            "",
            "k=3",
            "k=3 dtype=f32 steps=- seed=1 m=2",
            "k=3 k=3 dtype=f32 steps=- seed=1",
            "k=x dtype=f32 steps=- seed=1",
            "k=3 dtype=f64 steps=- seed=1",
            "k=4 dtype=f32 steps=- seed=1",
            "k=3 dtype=f32 steps=1,,2 seed=1",
            "k=3 dtype=f32 steps=- seed")) {
      assertThatThrownBy(() -> SPACE.parse(line))
          .as(line)
          .isInstanceOf(InvalidRequestException.class);
    }
    assertThat(SPACE.parse("seed=ff steps=1,2  dtype=bf16 k=3 "))
        .hasToString("k=3 dtype=bf16 steps=1,2 seed=ff");
  }
}

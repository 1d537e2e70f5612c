package org.smollm3.conformance.cases;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.sessions.JqwikSession;

/**
 * Makes cases by number. jqwik generates and shrinks them, but does not run: a case depends on the
 * run's seed, the rule and its number only, not on the cases made before, so that any machine can
 * make any of them. To be used and closed by one thread.
 */
public final class CaseMaker implements AutoCloseable {
  /** What jqwik is told of the number of tries; it shapes distributions, so it is a constant. */
  private static final int SIZE = 1000;

  private final boolean ownsSession;
  private final Map<CaseSpace, RandomGenerator<Case>> generators = new HashMap<>();
  private final Map<CaseSpace, RandomGenerator<Case>> telling = new HashMap<>();

  public CaseMaker() {
    ownsSession = !JqwikSession.isActive();
    if (ownsSession) {
      JqwikSession.start();
    }
  }

  /**
   * Case number {@code index} of a rule.
   *
   * @param seed of the run
   */
  public Candidate make(CaseSpace space, long seed, String rule, long index) {
    if (space.isSingle()) {
      return Candidate.only(space.ofTexts(List.of()));
    }
    Map<CaseSpace, RandomGenerator<Case>> ofKind = index % 2 == 0 ? telling : generators;
    RandomGenerator<Case> generator =
        ofKind.computeIfAbsent(
            space, s -> (index % 2 == 0 ? s.onlyTelling() : s).arbitrary().generator(SIZE, true));
    return new Candidate(generator.next(new Random(mixed(seed, rule, index))));
  }

  /** Seeds of neighbouring cases have nothing in common (the finalizer of SplitMix64, twice). */
  static long mixed(long seed, String rule, long index) {
    return finalized(finalized(seed + rule.hashCode() * 0x9e3779b97f4a7c15L) + index);
  }

  private static long finalized(long state) {
    long z = state + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  @Override
  public void close() {
    if (ownsSession) {
      JqwikSession.finish();
    }
  }

  /** A case that may be made simpler. */
  public static final class Candidate {
    private final Shrinkable<Case> shrinkable;

    private Candidate(Shrinkable<Case> shrinkable) {
      this.shrinkable = shrinkable;
    }

    /** A case that cannot be made simpler. */
    public static Candidate only(Case value) {
      return new Candidate(Shrinkable.unshrinkable(value));
    }

    public Case value() {
      return shrinkable.value();
    }

    /** Simpler cases nearby, the simplest first. */
    public Iterable<Candidate> simpler() {
      return () ->
          shrinkable
              .shrink()
              .filter(other -> other.compareTo(shrinkable) < 0)
              .map(Candidate::new)
              .iterator();
    }
  }
}

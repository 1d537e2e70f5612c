package org.smollm3.conformance.layers;

import java.util.List;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.AttentionKind;
import org.smollm3.tensor.HostTensor;

/** Attention over the cache and the active tokens. */
final class AttentionChecks {
  private AttentionChecks() {}

  private static final Param<Integer> BATCH = Param.integer("batch", 1, 3);
  private static final Param<Integer> SEVERAL = Param.integer("batch", 2, 4);
  private static final Param<Integer> GROUPS = Param.integer("groups", 1, 3);
  private static final Param<Integer> TWO_GROUPS = Param.integer("groups", 2, 4);
  private static final Param<Integer> REPEATS = Param.integer("repeats", 1, 4);
  private static final Param<Integer> TWO_REPEATS = Param.integer("repeats", 2, 4);
  private static final Param<Integer> TOKENS = Param.integer("tokens", 1, 12);
  private static final Param<Integer> FEW = Param.integer("tokens", 2, 5);
  private static final Param<Integer> DIM = Param.integer("dim", 1, 19);
  private static final Param<Integer> WIDE = Param.integer("dim", 1, 70);
  private static final Param<Integer> CAPACITY = Param.integer("capacity", 12, 30);
  private static final Param<Integer> LONG = Param.integer("capacity", 140, 300);
  private static final Param<Integer> WINDOW = Param.integer("window", 1, 9);
  private static final Param<Boolean> PRIOR = Param.flag("prior");
  private static final Param<Regime> REGIME =
      Param.choice(
          "regime", Regime.ORDINARY, Regime.OUTLIERS, Regime.ZEROS, Regime.TIES, Regime.SMALL);
  private static final Param<AttentionKind> LATER =
      Param.choice(
          "kind",
          AttentionKind.TOKEN_GENERATION,
          AttentionKind.CHUNKED_PREFILL,
          AttentionKind.SPECULATION);
  private static final Param<AttentionKind> PIECES =
      Param.choice("kind", AttentionKind.CHUNKED_PREFILL, AttentionKind.SPECULATION);
  private static final Param<AttentionKind> KIND = Param.choice("kind", AttentionKind.values());

  static List<RuleCheck> all() {
    return List.of(
        ofKind("ATTN-01", AttentionKind.CONTEXT_ENCODING),
        new RuleCheck(
            "ATTN-02",
            CaseSpace.of(BATCH, GROUPS, REPEATS, TOKENS, DIM, CAPACITY, Params.DTYPE),
            Tries.of(2, 12),
            (backend, c, findings) -> spoilt(backend, c, findings, AttentionKind.CONTEXT_ENCODING)),
        ofKind("ATTN-03", AttentionKind.TOKEN_GENERATION),
        ofKind("ATTN-04", AttentionKind.CHUNKED_PREFILL),
        ofKind("ATTN-05", AttentionKind.SPECULATION),
        new RuleCheck(
            "ATTN-06",
            CaseSpace.of(LATER, BATCH, GROUPS, REPEATS, TOKENS, DIM, CAPACITY, Params.DTYPE),
            Tries.of(3, 24),
            (backend, c, findings) -> spoilt(backend, c, findings, c.get(LATER))),
        new RuleCheck(
            "ATTN-07",
            CaseSpace.of(BATCH, TWO_GROUPS, TWO_REPEATS, DIM, CAPACITY, Params.DTYPE),
            Tries.of(2, 12),
            AttentionChecks::groups),
        new RuleCheck(
            "ATTN-08",
            CaseSpace.of(KIND, BATCH, GROUPS, REPEATS, TOKENS, DIM, CAPACITY, Params.DTYPE),
            Tries.of(4, 24),
            AttentionChecks::causal),
        new RuleCheck(
            "ATTN-09",
            CaseSpace.of(PRIOR, LATER, BATCH, GROUPS, REPEATS, FEW, DIM, CAPACITY, Params.DTYPE),
            Tries.of(3, 24),
            AttentionChecks::oneSoftmax),
        new RuleCheck(
            "ATTN-10",
            CaseSpace.of(KIND, BATCH, GROUPS, REPEATS, TOKENS, DIM, CAPACITY, Params.DTYPE),
            Tries.of(3, 20),
            AttentionChecks::huge),
        new RuleCheck(
            "ATTN-11",
            CaseSpace.of(KIND, BATCH, GROUPS, REPEATS, FEW, DIM, CAPACITY, Params.DTYPE),
            Tries.of(2, 16),
            (backend, c, findings) -> {
              Random random = c.random();
              random(c, c.get(KIND), c.get(BATCH), c.get(FEW), random)
                  .withScale(Math.scalb(1 + random.nextDouble(), random.nextInt(5) - 3))
                  .judge(backend, findings);
            }),
        new RuleCheck(
            "ATTN-12",
            CaseSpace.of(KIND, BATCH, GROUPS, REPEATS, FEW, WINDOW, DIM, CAPACITY, Params.DTYPE),
            Tries.of(3, 24),
            (backend, c, findings) ->
                random(c, c.get(KIND), c.get(BATCH), c.get(FEW), c.random())
                    .withWindow(c.get(WINDOW))
                    .judge(backend, findings)),
        new RuleCheck(
            "ATTN-13",
            CaseSpace.of(LATER, SEVERAL, GROUPS, REPEATS, FEW, DIM, CAPACITY, Params.DTYPE),
            Tries.of(3, 20),
            (backend, c, findings) ->
                random(c, c.get(LATER), c.get(SEVERAL), c.get(FEW), c.random())
                    .judge(backend, findings)),
        new RuleCheck(
            "ATTN-14",
            CaseSpace.of(LATER, REPEATS, FEW, WIDE, LONG, Params.DTYPE),
            Tries.of(1, 10),
            AttentionChecks::far),
        new RuleCheck(
            "ATTN-15",
            CaseSpace.of(PIECES, BATCH, GROUPS, REPEATS, FEW, DIM, CAPACITY, Params.DTYPE),
            Tries.of(2, 16),
            AttentionChecks::padded));
  }

  private static RuleCheck ofKind(String rule, AttentionKind kind) {
    return new RuleCheck(
        rule,
        CaseSpace.of(BATCH, GROUPS, REPEATS, TOKENS, DIM, CAPACITY, REGIME, Params.DTYPE),
        Tries.of(3, 24),
        (backend, c, findings) ->
            Attended.of(
                    sizes(c, c.get(BATCH), c.get(TOKENS)),
                    kind,
                    c.get(Params.DTYPE),
                    c.get(REGIME),
                    c.random())
                .judge(backend, findings));
  }

  private static Attended.Sizes sizes(Case c, int batch, int tokens) {
    return new Attended.Sizes(
        batch, batch + 1, c.get(GROUPS), c.get(REPEATS), tokens, c.get(DIM), c.get(CAPACITY));
  }

  private static Attended random(Case c, AttentionKind kind, int batch, int tokens, Random random) {
    return Attended.of(sizes(c, batch, tokens), kind, c.get(Params.DTYPE), Regime.ORDINARY, random);
  }

  /** What is in the cache where nobody may look. */
  private static void spoilt(
      BackendUnderTest backend, Case c, Findings findings, AttentionKind kind) {
    Random random = c.random();
    Attended attended = random(c, kind, c.get(BATCH), c.get(TOKENS), random);
    attended.spoil(random);
    attended.judge(backend, findings);
  }

  /** With but one key the result is its value, bit for bit: that of the query's own group. */
  private static void groups(BackendUnderTest backend, Case c, Findings findings) {
    Attended.Sizes sizes =
        new Attended.Sizes(
            c.get(BATCH), c.get(BATCH), c.get(TWO_GROUPS), c.get(TWO_REPEATS), 1, c.get(DIM), 12);
    Attended attended =
        Attended.of(
            sizes,
            AttentionKind.CONTEXT_ENCODING,
            c.get(Params.DTYPE),
            Regime.ORDINARY,
            c.random());
    HostTensor expected = attended.q().copy();
    for (long i = 0; i < expected.size(); i++) {
      long[] place = Params.place(expected.shape(), i);
      place[1] /= c.get(TWO_REPEATS);
      expected.setDouble(
          i, attended.vActive().getDouble(Params.number(attended.vActive().shape(), place)));
    }
    findings.sameValues("y", attended.run(backend, findings), expected);
  }

  /**
   * Every key is more attractive than the one before: a query's own outweighs all that it sees, and
   * those behind it would outweigh its own.
   */
  private static void causal(BackendUnderTest backend, Case c, Findings findings) {
    Attended attended = random(c, c.get(KIND), c.get(BATCH), c.get(TOKENS), c.random());
    int dim = c.get(DIM);
    ones(attended.q());
    rise(attended.kActive(), 6.0 / Math.sqrt(dim));
    attended.judge(backend, findings);
  }

  private static void ones(HostTensor q) {
    for (long i = 0; i < q.size(); i++) {
      q.setDouble(i, 1);
    }
  }

  private static void rise(HostTensor keys, double step) {
    for (long i = 0; i < keys.size(); i++) {
      keys.setDouble(i, keys.getDouble(i) / 16 + step * Params.place(keys.shape(), i)[2]);
    }
  }

  /** All the weight in the cache, or all of it among the active tokens. */
  private static void oneSoftmax(BackendUnderTest backend, Case c, Findings findings) {
    Attended attended = random(c, c.get(LATER), c.get(BATCH), c.get(FEW), c.random());
    ones(attended.q());
    HostTensor attractive = c.get(PRIOR) ? attended.kCache() : attended.kActive();
    for (long i = 0; i < attractive.size(); i++) {
      attractive.setDouble(i, attractive.getDouble(i) / 8 + 5 / Math.sqrt(c.get(DIM)));
    }
    for (long b = 0; b < c.get(BATCH); b++) {
      // Something must be in the cache for there to be two parts.
      for (int t = 0; t < attended.tokens(); t++) {
        attended.positions().setLong(b * attended.tokens() + t, 3 + b + t);
      }
    }
    attended.judge(backend, findings);
  }

  /** Scores in the thousands, of both signs. */
  private static void huge(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Attended attended = random(c, c.get(KIND), c.get(BATCH), c.get(TOKENS), random);
    double factor = Math.scalb(1.0, 9 + random.nextInt(3));
    for (long i = 0; i < attended.q().size(); i++) {
      attended.q().setDouble(i, factor * attended.q().getDouble(i));
    }
    attended.judge(backend, findings);
  }

  /** A context of several tiles of any size, in which the first and last keys count. */
  private static void far(BackendUnderTest backend, Case c, Findings findings) {
    int capacity = c.get(LONG);
    Attended.Sizes sizes =
        new Attended.Sizes(2, 2, 1, c.get(REPEATS), c.get(FEW), c.get(WIDE), capacity);
    Random random = c.random();
    Attended attended =
        Attended.of(sizes, c.get(LATER), c.get(Params.DTYPE), Regime.ORDINARY, random);
    for (int b = 0; b < 2; b++) {
      for (int t = 0; t < attended.tokens(); t++) {
        attended
            .positions()
            .setLong((long) b * attended.tokens() + t, capacity - 20L * b - attended.tokens() + t);
      }
    }
    attended.judge(backend, findings);
  }

  /** Padding repeats the last real token's position. */
  private static void padded(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Attended attended = random(c, c.get(PIECES), c.get(BATCH), c.get(FEW), random);
    int tokens = attended.tokens();
    for (long b = 0; b < c.get(BATCH); b++) {
      int real = 1 + random.nextInt(tokens);
      long first = random.nextInt(c.get(CAPACITY) - tokens);
      for (int t = 0; t < tokens; t++) {
        attended.positions().setLong(b * tokens + t, first + Math.min(t, real - 1));
      }
    }
    attended.judge(backend, findings);
  }
}

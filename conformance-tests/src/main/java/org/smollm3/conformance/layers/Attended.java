package org.smollm3.conformance.layers;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.LayerProgram;
import org.smollm3.conformance.check.Trial;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.State;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * One attention over a cache that holds something everywhere.
 *
 * @param q [B, H, T, D]
 * @param kCache [slots, G, S, D], as vCache
 * @param kActive [B, G, T, D], as vActive
 */
record Attended(
    AttentionSpec spec,
    HostTensor q,
    HostTensor kCache,
    HostTensor vCache,
    HostTensor kActive,
    HostTensor vActive,
    HostTensor seqIds,
    HostTensor positions) {
  private static final String ATTEND = "attend";
  private static final String FILL = "fill";
  private static final String KEYS = "k_cache";
  private static final String VALUES = "v_cache";

  /** Sizes of an attention. */
  record Sizes(int batch, int slots, int groups, int repeats, int tokens, int dim, int capacity) {
    Sizes withTokens(int count) {
      return new Sizes(batch, slots, groups, repeats, count, dim, capacity);
    }
  }

  /**
   * Of random values, rows of random lengths in random slots.
   *
   * @param dtype of everything
   */
  static Attended of(Sizes sizes, AttentionKind kind, DType dtype, Regime regime, Random random) {
    int tokens = kind == AttentionKind.TOKEN_GENERATION ? 1 : sizes.tokens();
    Shape cache = Shape.of(sizes.slots(), sizes.groups(), sizes.capacity(), sizes.dim());
    Shape active = Shape.of(sizes.batch(), sizes.groups(), tokens, sizes.dim());
    long heads = (long) sizes.groups() * sizes.repeats();
    HostTensor positions = HostTensor.zeros(DType.I32, Shape.of(sizes.batch(), tokens));
    for (int b = 0; b < sizes.batch(); b++) {
      boolean fromStart = kind == AttentionKind.CONTEXT_ENCODING;
      int first = fromStart ? 0 : random.nextInt(Math.max(1, sizes.capacity() - tokens + 1));
      for (int t = 0; t < tokens; t++) {
        positions.setLong((long) b * tokens + t, first + t);
      }
    }
    return new Attended(
        new AttentionSpec(kind, 1 / Math.sqrt(sizes.dim()), OptionalInt.empty()),
        Values.of(regime, dtype, Shape.of(sizes.batch(), heads, tokens, sizes.dim()), random),
        Values.of(Regime.ORDINARY, dtype, cache, random),
        Values.of(Regime.ORDINARY, dtype, cache, random),
        Values.of(Regime.ORDINARY, dtype, active, random),
        Values.of(Regime.ORDINARY, dtype, active, random),
        HostTensor.ofInts(
            Shape.of(sizes.batch()), Params.distinct(sizes.batch(), sizes.slots(), random)),
        positions);
  }

  Attended withScale(double scale) {
    return withSpec(new AttentionSpec(spec.kind(), scale, spec.slidingWindow()));
  }

  Attended withWindow(int window) {
    return withSpec(new AttentionSpec(spec.kind(), spec.scale(), OptionalInt.of(window)));
  }

  private Attended withSpec(AttentionSpec other) {
    return new Attended(other, q, kCache, vCache, kActive, vActive, seqIds, positions);
  }

  int tokens() {
    return q.shape().intDim(2);
  }

  /** The first position of a row, below which it sees the cache. */
  long first(long row) {
    return positions.getLong(row * tokens());
  }

  /** What the cache holds where no query sees it becomes something else, and so do slots unused. */
  void spoil(Random random) {
    for (long i = 0; i < kCache.size(); i++) {
      long[] place = Params.place(kCache.shape(), i);
      if (!isSeen(place[0], place[2])) {
        kCache.setDouble(i, spoilt(random));
        vCache.setDouble(i, spoilt(random));
      }
    }
  }

  private boolean isSeen(long slot, long position) {
    for (long b = 0; b < seqIds.size(); b++) {
      if (seqIds.getLong(b) == slot) {
        return spec.kind() != AttentionKind.CONTEXT_ENCODING && position < first(b);
      }
    }
    return false;
  }

  private static double spoilt(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Double.NaN;
      case 1 -> Double.POSITIVE_INFINITY;
      case 2 -> Double.NEGATIVE_INFINITY;
      default -> 1e30;
    };
  }

  private Map<String, HostTensor> inputs() {
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    inputs.put("q", q);
    inputs.put("k", kActive);
    inputs.put("v", vActive);
    inputs.put("seq_ids", seqIds);
    inputs.put("positions", positions);
    return inputs;
  }

  private Map<String, HostTensor> contents() {
    return Map.of(KEYS, kCache, VALUES, vCache);
  }

  private LayerProgram program() {
    LayerProgram program =
        LayerProgram.over(1)
            .requires(CacheChecks.needed(spec.kind()))
            .state(KEYS, kCache.dtype(), kCache.shape())
            .state(VALUES, vCache.dtype(), vCache.shape());
    if (spec.slidingWindow().isPresent()) {
      program.requires(Capability.SLIDING_WINDOW);
    }
    return program
        .graph(
            FILL,
            contents(),
            context -> {
              Map<String, State> states = new LinkedHashMap<>();
              contents()
                  .keySet()
                  .forEach(
                      name ->
                          states.put(
                              name,
                              context
                                  .ops()
                                  .updateInto(
                                      context.state(name), context.input(name), 0, 0, 0, 0)));
              return new GraphResult(Map.of(), states);
            })
        .graph(
            ATTEND,
            inputs(),
            context -> {
              State keys = context.state(KEYS);
              State values = context.state(VALUES);
              return new GraphResult(
                  Map.of(
                      "y",
                      context
                          .ops()
                          .attend(
                              context.input("q"),
                              keys,
                              values,
                              context.input("k"),
                              context.input("v"),
                              context.input("seq_ids"),
                              context.input("positions"),
                              spec)),
                  Map.of(KEYS, keys, VALUES, values));
            });
  }

  /** The backend's result within its bound. */
  void judge(BackendUnderTest backend, Findings findings) {
    try (Trial trial = program().open(backend, findings)) {
      trial.run(FILL, contents());
      trial.judge(ATTEND, inputs());
    }
  }

  /** The backend's own result, [B, H, T, D]. */
  HostTensor run(BackendUnderTest backend, Findings findings) {
    try (Trial trial = program().open(backend, findings)) {
      trial.run(FILL, contents());
      return java.util.Objects.requireNonNull(trial.run(ATTEND, inputs()).get(0).get("y"));
    }
  }
}

package org.smollm3.conformance.layers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.LayerProgram;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Trial;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphResult;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** What updateCache writes into the cache [slots, G, S, D], place by place. */
final class CacheChecks {
  private CacheChecks() {}

  private static final String KEYS = "keys";
  private static final String ACTIVE = "active";
  private static final String SEQ_IDS = "seq_ids";
  private static final String POSITIONS = "positions";

  private static final Param<Integer> BATCH = Param.integer("batch", 1, 3);
  private static final Param<Integer> SEVERAL = Param.integer("batch", 2, 4);
  private static final Param<Integer> MORE = Param.integer("more", 0, 2);
  private static final Param<Integer> GROUPS = Param.integer("groups", 1, 3);
  private static final Param<Integer> TOKENS = Param.integer("tokens", 1, 6);
  private static final Param<Integer> CAPACITY = Param.integer("capacity", 6, 20);
  private static final Param<Integer> DIM = Param.integer("dim", 1, 9);
  private static final Param<AttentionKind> LATER =
      Param.choice(
          "kind",
          AttentionKind.TOKEN_GENERATION,
          AttentionKind.CHUNKED_PREFILL,
          AttentionKind.SPECULATION);
  private static final Param<AttentionKind> KIND = Param.choice("kind", AttentionKind.values());

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "KV-01",
            CaseSpace.of(BATCH, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(3, 25),
            (backend, c, findings) ->
                Update.of(c, AttentionKind.CONTEXT_ENCODING, c.get(BATCH)).run(backend, findings)),
        new RuleCheck(
            "KV-02",
            CaseSpace.of(LATER, BATCH, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(4, 30),
            (backend, c, findings) ->
                Update.of(c, c.get(LATER), c.get(BATCH)).run(backend, findings)),
        new RuleCheck(
            "KV-03",
            CaseSpace.of(KIND, SEVERAL, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(4, 30),
            (backend, c, findings) ->
                Update.of(c, c.get(KIND), c.get(SEVERAL)).run(backend, findings)),
        new RuleCheck(
            "KV-04",
            CaseSpace.of(KIND, BATCH, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(4, 30),
            CacheChecks::converts),
        new RuleCheck(
            "KV-05",
            CaseSpace.of(KIND, BATCH, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE)
                .telling(KIND, "context_encoding"),
            Tries.of(3, 25),
            (backend, c, findings) ->
                Update.of(c, c.get(KIND), c.get(BATCH)).run(backend, findings)),
        new RuleCheck(
            "KV-06",
            CaseSpace.of(LATER, BATCH, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(3, 25),
            CacheChecks::positionsBeyond),
        new RuleCheck(
            "KV-07",
            CaseSpace.of(KIND, SEVERAL, MORE, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(3, 25),
            CacheChecks::slotsBeyond),
        new RuleCheck(
            "KV-08",
            CaseSpace.of(SEVERAL, GROUPS, TOKENS, CAPACITY, DIM, Params.DTYPE),
            Tries.of(2, 15),
            CacheChecks::sequences));
  }

  /** One update of a cache that is full of other things. */
  private record Update(
      AttentionKind kind,
      HostTensor before,
      HostTensor active,
      HostTensor seqIds,
      HostTensor positions) {

    static Update of(Case c, AttentionKind kind, int batch) {
      return of(c, kind, batch, c.get(Params.DTYPE), c.get(Params.DTYPE));
    }

    static Update of(Case c, AttentionKind kind, int batch, DType cacheType, DType activeType) {
      Random random = c.random();
      int slots = batch + c.get(MORE);
      int capacity = c.get(CAPACITY);
      int tokens = kind == AttentionKind.TOKEN_GENERATION ? 1 : c.get(TOKENS);
      Shape cache = Shape.of(slots, c.get(GROUPS), capacity, c.get(DIM));
      Shape shape = Shape.of(batch, c.get(GROUPS), tokens, c.get(DIM));
      HostTensor positions = HostTensor.zeros(DType.I32, Shape.of(batch, tokens));
      for (int b = 0; b < batch; b++) {
        int first = random.nextInt(capacity - tokens + 1);
        for (int t = 0; t < tokens; t++) {
          positions.setLong((long) b * tokens + t, first + t);
        }
      }
      return new Update(
          kind,
          StateChecks.contents(cacheType, cache, random),
          Values.of(Regime.ORDINARY, activeType, shape, random),
          HostTensor.ofInts(Shape.of(batch), Params.distinct(batch, slots, random)),
          positions);
    }

    Map<String, HostTensor> inputs() {
      return Map.of(ACTIVE, active, SEQ_IDS, seqIds, POSITIONS, positions);
    }

    /** Writes what must be written, rounded to the cache's type. */
    void applyTo(HostTensor cache) {
      Shape shape = active.shape();
      int tokens = shape.intDim(2);
      for (long i = 0; i < active.size(); i++) {
        long[] place = Params.place(shape, i);
        long slot = seqIds.getLong(place[0]);
        long at =
            kind == AttentionKind.CONTEXT_ENCODING
                ? place[2]
                : positions.getLong(place[0] * tokens + place[2]);
        if (slot >= 0 && slot < cache.shape().dim(0) && at >= 0 && at < cache.shape().dim(2)) {
          long to = Params.number(cache.shape(), slot, place[1], at, place[3]);
          cache.setDouble(to, active.getDouble(i));
        }
      }
    }

    void run(BackendUnderTest backend, Findings findings) {
      LayerProgram program =
          graph(
              StateChecks.filled(
                  LayerProgram.over(1)
                      .requires(Capability.STATE_READ)
                      .state(KEYS, before.dtype(), before.shape()),
                  before,
                  KEYS),
              this);
      HostTensor after = before.copy();
      applyTo(after);
      try (Trial trial = program.open(backend, findings)) {
        trial.run(StateChecks.FILL, Map.of(StateChecks.X, before));
        trial.run(name(this), inputs());
        trial.expectState(KEYS, 0, after);
      }
    }
  }

  static Capability[] needed(AttentionKind kind) {
    return switch (kind) {
      case CONTEXT_ENCODING, TOKEN_GENERATION -> new Capability[0];
      case CHUNKED_PREFILL -> new Capability[] {Capability.CHUNKED_PREFILL};
      case SPECULATION -> new Capability[] {Capability.SPECULATION};
    };
  }

  /** From the other type, in which active keys are. */
  private static void converts(BackendUnderTest backend, Case c, Findings findings) {
    backend.requireNearest();
    DType cache = c.get(Params.DTYPE);
    DType active = cache == DType.F32 ? DType.BF16 : DType.F32;
    Update.of(c, c.get(KIND), c.get(BATCH), cache, active).run(backend, findings);
  }

  private static void positionsBeyond(BackendUnderTest backend, Case c, Findings findings) {
    Update update = Update.of(c, c.get(LATER), c.get(BATCH));
    Random random = c.random();
    int capacity = c.get(CAPACITY);
    long tokens = update.active().shape().dim(2);
    for (long b = 0; b < c.get(BATCH); b++) {
      long first = random.nextBoolean() ? capacity - random.nextLong(tokens) : -tokens;
      for (long t = 0; t < tokens; t++) {
        update.positions().setLong(b * tokens + t, first + t);
      }
    }
    update.run(backend, findings);
  }

  /** As the slots of rows that only fill a batch. */
  private static void slotsBeyond(BackendUnderTest backend, Case c, Findings findings) {
    Update update = Update.of(c, c.get(KIND), c.get(SEVERAL));
    Random random = c.random();
    long slots = update.before().shape().dim(0);
    update.seqIds().setLong(random.nextLong(c.get(SEVERAL)), random.nextBoolean() ? slots : -1);
    update.run(backend, findings);
  }

  /** Prompts, pieces and steps of a batch, step by step. */
  private static void sequences(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int batch = c.get(SEVERAL);
    int capacity = c.get(CAPACITY);
    DType dtype = c.get(Params.DTYPE);
    Shape cache = Shape.of(batch + 1L, c.get(GROUPS), capacity, c.get(DIM));
    LayerProgram program =
        LayerProgram.over(1).requires(Capability.STATE_READ).state(KEYS, dtype, cache);
    HostTensor expected = HostTensor.zeros(dtype, cache);
    Map<String, Update> graphs = new LinkedHashMap<>();
    List<Update> updates = new ArrayList<>();
    int[] lengths = new int[batch + 1];
    for (int i = 0; i < 6; i++) {
      AttentionKind kind =
          i == 0
              ? AttentionKind.CONTEXT_ENCODING
              : i % 2 == 0 ? AttentionKind.CHUNKED_PREFILL : AttentionKind.TOKEN_GENERATION;
      int tokens = kind == AttentionKind.TOKEN_GENERATION ? 1 : Math.min(2, c.get(TOKENS));
      int rows = i == 0 ? batch : 1 + random.nextInt(batch);
      int[] slots = Params.distinct(rows, batch + 1, random);
      HostTensor positions = HostTensor.zeros(DType.I32, Shape.of(rows, tokens));
      for (int b = 0; b < rows; b++) {
        for (int t = 0; t < tokens; t++) {
          positions.setLong((long) b * tokens + t, i == 0 ? t : lengths[slots[b]] + t);
        }
        lengths[slots[b]] += tokens;
      }
      Shape shape = Shape.of(rows, c.get(GROUPS), tokens, c.get(DIM));
      HostTensor active = Values.of(Regime.ORDINARY, dtype, shape, random);
      Update update =
          new Update(kind, expected, active, HostTensor.ofInts(Shape.of(rows), slots), positions);
      updates.add(update);
      graphs.putIfAbsent(name(update), update);
    }
    graphs.values().forEach(update -> graph(program, update));
    try (Trial trial = program.open(backend, findings)) {
      for (Update update : updates) {
        trial.run(name(update), update.inputs());
        update.applyTo(expected);
        trial.expectState(KEYS, 0, expected);
      }
    }
  }

  private static String name(Update update) {
    return update.kind()
        + " of "
        + update.active().shape().dim(2)
        + " for "
        + update.active().shape().dim(0);
  }

  /** With a graph for updates of this kind and these shapes. */
  private static LayerProgram graph(LayerProgram program, Update update) {
    return program
        .requires(needed(update.kind()))
        .graph(
            name(update),
            update.inputs(),
            context ->
                new GraphResult(
                    Map.of(),
                    Map.of(
                        KEYS,
                        context
                            .ops()
                            .updateCache(
                                context.state(KEYS),
                                context.input(ACTIVE),
                                context.input(SEQ_IDS),
                                context.input(POSITIONS),
                                update.kind()))));
  }
}

package org.smollm3.conformance.layers;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.conformance.bounds.Excess;
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
import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.DeviceSampler;
import org.smollm3.parallel.ParallelEmbedding;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Layers whose weights are split over the ranks, with sizes that mostly do not split evenly. */
final class ParallelChecks {
  private ParallelChecks() {}

  static final String RUN = "run";
  static final String X = "x";
  static final String Y = "y";
  private static final String WEIGHT = "l.weight";
  private static final String BIAS = "l.bias";

  /** More than one rank. */
  private static final List<String> SEVERAL = List.of("2", "4", "8");

  private static final Param<Integer> ROWS = Param.integer("rows", 1, 4);
  private static final Param<Integer> IN = Param.integer("in", 1, 40);
  private static final Param<Integer> OUT = Param.integer("out", 1, 40);
  private static final Param<Integer> VOCABULARY = Param.integer("vocabulary", 3, 41);
  private static final Param<DType> WEIGHTS = Param.choice("weights", DType.F32, DType.BF16);
  private static final Param<DType> REDUCE = Param.choice("reduce", DType.F32, DType.BF16);
  private static final Param<Bias> PRESENCE = Param.choice("bias", Bias.PRESENT, Bias.ABSENT);
  private static final Param<ParallelEmbedding.Split> SPLIT =
      Param.choice("split", ParallelEmbedding.Split.values());

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "PAR-01",
            CaseSpace.of(Params.TP, ROWS, IN, OUT, PRESENCE, WEIGHTS, Params.DTYPE),
            Tries.of(3, 25),
            (backend, c, findings) ->
                column(backend, c, findings, ColumnParallelLinear.Output.GATHERED)),
        new RuleCheck(
            "PAR-02",
            CaseSpace.of(Params.TP, ROWS, IN, OUT, PRESENCE, WEIGHTS, Params.DTYPE)
                .telling(Params.TP, SEVERAL)
                .telling(PRESENCE, "present"),
            Tries.of(3, 20),
            (backend, c, findings) ->
                column(backend, c, findings, ColumnParallelLinear.Output.LOCAL)),
        new RuleCheck(
            "PAR-03",
            CaseSpace.of(Params.TP, ROWS, IN, OUT, PRESENCE, WEIGHTS, Params.DTYPE, REDUCE)
                .telling(Params.TP, SEVERAL)
                .telling(REDUCE, "f32"),
            Tries.of(4, 30),
            ParallelChecks::row),
        new RuleCheck(
            "PAR-04",
            CaseSpace.of(Params.RANKS, ROWS, IN, OUT, WEIGHTS, REDUCE),
            Tries.of(2, 20),
            ParallelChecks::biasOnce),
        new RuleCheck(
            "PAR-05",
            CaseSpace.of(Params.TP, ROWS, VOCABULARY, OUT, WEIGHTS, SPLIT)
                .telling(Params.TP, SEVERAL)
                .telling(SPLIT, "vocabulary"),
            Tries.of(4, 25),
            ParallelChecks::embedding),
        new RuleCheck(
            "PAR-06",
            CaseSpace.of(Params.RANKS, ROWS, IN, OUT, Params.DTYPE),
            Tries.of(2, 15),
            ParallelChecks::asOnOneRank),
        new RuleCheck(
            "PAR-07",
            CaseSpace.of(Params.TP, ROWS, VOCABULARY, Params.DTYPE).telling(Params.TP, "4", "8"),
            Tries.of(6, 25),
            ParallelChecks::vocabulary),
        new RuleCheck(
            "PAR-08",
            CaseSpace.of(Params.TP, ROWS, IN, OUT, WEIGHTS),
            Tries.of(3, 20),
            ParallelChecks::pieces),
        new RuleCheck(
            "PAR-09",
            CaseSpace.of(Params.TP, ROWS, VOCABULARY, OUT, WEIGHTS).telling(Params.TP, SEVERAL),
            Tries.of(2, 15),
            ParallelChecks::tied));
  }

  private static TensorParallelGroup group(int ranks) {
    return new TensorParallelGroup(ranks);
  }

  private static HostTensor values(DType dtype, Random random, long... dims) {
    return Values.of(Regime.ORDINARY, dtype, Shape.of(dims), random);
  }

  private static void column(
      BackendUnderTest backend, Case c, Findings findings, ColumnParallelLinear.Output output) {
    Random random = c.random();
    TensorParallelGroup group = group(c.get(Params.TP));
    HostTensor x = values(c.get(Params.DTYPE), random, c.get(ROWS), c.get(IN));
    HostTensor w = values(c.get(WEIGHTS), random, c.get(OUT), c.get(IN));
    HostTensor bias = values(c.get(WEIGHTS), random, c.get(OUT));
    ColumnParallelLinear layer = new ColumnParallelLinear("l", c.get(OUT), c.get(PRESENCE), output);
    LayerProgram program =
        LayerProgram.over(group.degree()).weight(WEIGHT, Cuts.equal(w, 0, group));
    if (c.get(PRESENCE) == Bias.PRESENT) {
      program.weight(BIAS, Cuts.equal(bias, 0, group));
    }
    String name = output == ColumnParallelLinear.Output.LOCAL ? Y + LayerProgram.LOCAL : Y;
    program.graph(
        RUN,
        Map.of(X, x),
        context -> Params.output(name, layer.forward(context, context.input(X), x.dtype())));
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(RUN, Map.of(X, x));
    }
  }

  private static LayerProgram rows(
      TensorParallelGroup group,
      HostTensor x,
      HostTensor w,
      HostTensor bias,
      Bias presence,
      DType reduce) {
    RowParallelLinear layer =
        new RowParallelLinear("l", presence, RowParallelLinear.Input.WHOLE, reduce);
    LayerProgram program =
        LayerProgram.over(group.degree()).weight(WEIGHT, Cuts.equal(w, 1, group));
    if (presence == Bias.PRESENT) {
      program.weight(BIAS, Cuts.whole(bias));
    }
    return program.graph(
        RUN,
        Map.of(X, x),
        context -> Params.output(Y, layer.forward(context, context.input(X), x.dtype())));
  }

  private static void row(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    HostTensor x = values(c.get(Params.DTYPE), random, c.get(ROWS), c.get(IN));
    HostTensor w = values(c.get(WEIGHTS), random, c.get(OUT), c.get(IN));
    HostTensor bias = values(c.get(WEIGHTS), random, c.get(OUT));
    LayerProgram program =
        rows(group(c.get(Params.TP)), x, w, bias, c.get(PRESENCE), c.get(REDUCE));
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(RUN, Map.of(X, x));
    }
  }

  /** A bias that is large beside the products, in float32. */
  private static void biasOnce(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    HostTensor x = values(DType.F32, random, c.get(ROWS), c.get(IN));
    HostTensor w = values(c.get(WEIGHTS), random, c.get(OUT), c.get(IN));
    HostTensor bias = Values.of(Regime.LARGE, c.get(WEIGHTS), Shape.of(c.get(OUT)), random);
    LayerProgram program =
        rows(group(c.get(Params.RANKS)), x, w, bias, Bias.PRESENT, c.get(REDUCE));
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(RUN, Map.of(X, x));
    }
  }

  private static HostTensor ids(Case c, Random random) {
    return Values.integers(0, c.get(VOCABULARY), Shape.of(c.get(ROWS), 3), random);
  }

  private static void embedding(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    TensorParallelGroup group = group(c.get(Params.TP));
    HostTensor table = values(c.get(WEIGHTS), random, c.get(VOCABULARY), c.get(OUT));
    HostTensor ids = ids(c, random);
    ids.setLong(0, c.get(VOCABULARY) - 1);
    HostTensor expected = HostTensor.zeros(table.dtype(), Shape.of(c.get(ROWS), 3, c.get(OUT)));
    for (long i = 0; i < ids.size(); i++) {
      for (long k = 0; k < c.get(OUT); k++) {
        expected.setDouble(i * c.get(OUT) + k, table.getDouble(ids.getLong(i) * c.get(OUT) + k));
      }
    }
    ParallelEmbedding layer = new ParallelEmbedding("l", c.get(OUT), c.get(SPLIT));
    int axis = c.get(SPLIT) == ParallelEmbedding.Split.VOCABULARY ? 0 : 1;
    LayerProgram program =
        LayerProgram.over(group.degree())
            .weight(WEIGHT, Cuts.equal(table, axis, group))
            .graph(
                RUN,
                Map.of(X, ids),
                context ->
                    Params.output(Y, layer.forward(context, context.input(X), table.dtype())));
    try (Trial trial = program.open(backend, findings)) {
      trial.expect(Y, output(trial, Map.of(X, ids)), expected);
    }
  }

  private static HostTensor output(Trial trial, Map<String, HostTensor> inputs) {
    return java.util.Objects.requireNonNull(trial.run(RUN, inputs).get(0).get(Y));
  }

  /** Without an oracle's value: over several ranks and over one, no further apart than both may. */
  private static void asOnOneRank(BackendUnderTest backend, Case c, Findings findings) {
    // Of one that rounds nothing the sums over ranks still differ in double, which has no bound.
    backend.requireNearest();
    Random random = c.random();
    HostTensor x = values(c.get(Params.DTYPE), random, c.get(ROWS), c.get(IN));
    HostTensor w = values(DType.F32, random, c.get(OUT), c.get(IN));
    HostTensor bias = values(DType.F32, random, c.get(OUT));
    Map<String, HostTensor> inputs = Map.of(X, x);
    Judged one =
        judged(rows(group(1), x, w, bias, Bias.PRESENT, DType.F32).open(backend, findings), inputs);
    // After the first is closed: a device may be able to run programs of one degree at a time only.
    Judged many =
        judged(
            rows(group(c.get(Params.RANKS)), x, w, bias, Bias.PRESENT, DType.F32)
                .open(backend, findings),
            inputs);
    Excess excess = Bounded.between(many.actual(), many.bounds(), one.actual(), one.bounds());
    findings.require(
        excess.isWithin(),
        () ->
            "over "
                + c.get(Params.RANKS)
                + " ranks y is "
                + excess.actual()
                + " and over one "
                + excess.expected()
                + ", further apart than "
                + excess.bound());
  }

  private record Judged(HostTensor actual, Bounded bounds) {}

  private static Judged judged(Trial opened, Map<String, HostTensor> inputs) {
    try (Trial trial = opened) {
      HostTensor actual = output(trial, inputs);
      Bounded bounds = trial.bounds(Y);
      return new Judged(actual, new Bounded(bounds.values().copy(), bounds.errors().copy()));
    }
  }

  /** All logits below zero, so that padding, which is zero, would win; and the greatest twice. */
  private static void vocabulary(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    TensorParallelGroup group = group(c.get(Params.TP));
    int size = c.get(VOCABULARY);
    HostTensor x = HostTensor.zeros(c.get(Params.DTYPE), Shape.of(c.get(ROWS), 1));
    HostTensor w = HostTensor.zeros(c.get(Params.DTYPE), Shape.of(size, 1));
    for (long i = 0; i < x.size(); i++) {
      x.setDouble(i, 1 + random.nextInt(3));
    }
    for (long i = 0; i < size; i++) {
      w.setDouble(i, -2 - random.nextInt(4));
    }
    int[] best = Params.distinct(2, size, random);
    w.setDouble(best[0], -1);
    w.setDouble(best[1], -1);
    int lowest = Math.min(best[0], best[1]);
    HostTensor expected = HostTensor.zeros(DType.I32, Shape.of(c.get(ROWS)));
    for (long i = 0; i < expected.size(); i++) {
      expected.setLong(i, lowest);
    }
    ColumnParallelLinear head =
        new ColumnParallelLinear("l", size, Bias.ABSENT, ColumnParallelLinear.Output.LOCAL);
    LayerProgram program =
        LayerProgram.over(group.degree())
            .weight(WEIGHT, Cuts.equal(w, 0, group))
            .graph(
                RUN,
                Map.of(X, x),
                context -> {
                  Tensor local = head.forward(context, context.input(X), DType.F32);
                  return Params.output(Y, DeviceSampler.greedy(context, local, size));
                });
    try (Trial trial = program.open(backend, findings)) {
      trial.expect("the token", output(trial, Map.of(X, x)), expected);
    }
  }

  /** Columns of rows that lie apart in memory, and padding that is not in memory at all. */
  private static void pieces(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    TensorParallelGroup group = group(c.get(Params.TP));
    int out = c.get(OUT);
    int local = c.get(IN);
    HostTensor whole = values(c.get(WEIGHTS), random, out, (long) local * group.degree());
    int padding = random.nextInt(3);
    long cell = whole.dtype().byteSize();
    HostTensor x = HostTensor.zeros(DType.F32, Shape.of(1));
    String name = Y + LayerProgram.LOCAL;
    LayerProgram program =
        LayerProgram.over(group.degree())
            .weightView(
                WEIGHT,
                rank ->
                    new WeightView(
                        "columns of rank " + rank,
                        whole.dtype(),
                        Shape.of((long) out + padding, local),
                        List.of(
                            new WeightView.Mapped(
                                whole.segment().asSlice((long) rank * local * cell),
                                out,
                                (long) local * cell,
                                (long) group.degree() * local * cell),
                            new WeightView.Zeros((long) padding * local * cell))))
            .graph(
                RUN,
                Map.of(X, x),
                context -> Params.output(name, wide(context, context.weight(WEIGHT))));
    try (Trial trial = program.open(backend, findings)) {
      List<Map<String, HostTensor>> ranks = trial.run(RUN, Map.of(X, x));
      for (int rank = 0; rank < group.degree(); rank++) {
        HostTensor expected = HostTensor.zeros(DType.F32, Shape.of((long) out + padding, local));
        for (int i = 0; i < out * local; i++) {
          int column = rank * local + i % local;
          expected.setDouble(
              i, whole.getDouble((long) (i / local) * local * group.degree() + column));
        }
        HostTensor actual = java.util.Objects.requireNonNull(ranks.get(rank).get(name));
        trial.expect("the weight of rank " + rank, actual, expected);
      }
    }
  }

  private static Tensor wide(GraphContext context, Tensor x) {
    return context.ops().convert(x, DType.F32);
  }

  /** One table as embedding and head: cut by columns for the one and by rows for the other. */
  private static void tied(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    TensorParallelGroup group = group(c.get(Params.TP));
    HostTensor table = values(c.get(WEIGHTS), random, c.get(VOCABULARY), c.get(OUT));
    HostTensor ids = ids(c, random);
    ParallelEmbedding embedding =
        new ParallelEmbedding("embed_tokens", c.get(OUT), ParallelEmbedding.Split.EMBEDDING);
    ColumnParallelLinear head =
        new ColumnParallelLinear(
            "lm_head", c.get(VOCABULARY), Bias.ABSENT, ColumnParallelLinear.Output.GATHERED);
    Map<String, java.util.function.IntFunction<HostTensor>> cuts = new LinkedHashMap<>();
    cuts.put("embed_tokens.weight", Cuts.equal(table, 1, group));
    cuts.put("lm_head.weight", Cuts.equal(table, 0, group));
    LayerProgram program = LayerProgram.over(group.degree());
    if (group.degree() == 1) {
      // One memory, which a backend may hold once.
      cuts.keySet()
          .forEach(
              name ->
                  program.weightView(
                      name,
                      rank ->
                          WeightView.contiguous(
                              "table", table.dtype(), table.shape(), table.segment())));
    } else {
      cuts.forEach(program::weight);
    }
    program.graph(
        RUN,
        Map.of(X, ids),
        context -> {
          Tensor hidden = embedding.forward(context, context.input(X), DType.F32);
          return Params.output(Y, head.forward(context, hidden, DType.F32));
        });
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(RUN, Map.of(X, ids));
    }
  }
}

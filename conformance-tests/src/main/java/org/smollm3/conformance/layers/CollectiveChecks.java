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
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** The exchange between ranks. What each contributes is a weight of its own. */
final class CollectiveChecks {
  private CollectiveChecks() {}

  private static final String RUN = "run";
  private static final String X = "x";
  private static final String Y = "y";
  private static final String PARTS = Y + LayerProgram.LOCAL;

  private static final Param<Integer> ROWS = Param.integer("rows", 1, 5);
  private static final Param<Integer> COLUMNS = Param.integer("columns", 1, 20);
  private static final Param<Integer> AXIS = Param.integer("axis", 0, 2);
  private static final Param<Boolean> CANCELS = Param.flag("cancels");
  private static final Param<Boolean> NAN = Param.flag("nan");
  private static final Param<DType> REDUCE = Param.choice("reduce", DType.F32, DType.BF16);
  private static final Param<Reduction> EXTREME =
      Param.choice("reduction", Reduction.MAX, Reduction.MIN);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "COLL-01",
            CaseSpace.of(Params.RANKS, ROWS, COLUMNS, Params.DTYPE, REDUCE, CANCELS),
            Tries.of(4, 30),
            CollectiveChecks::sums),
        new RuleCheck(
            "COLL-02",
            CaseSpace.of(Params.RANKS, COLUMNS, REDUCE),
            Tries.of(3, 20),
            CollectiveChecks::repeats),
        new RuleCheck(
            "COLL-03",
            CaseSpace.of(Params.RANKS, ROWS, COLUMNS, Params.DTYPE, EXTREME, NAN),
            Tries.of(3, 20),
            CollectiveChecks::extremes),
        new RuleCheck(
            "COLL-04",
            CaseSpace.of(Params.RANKS, ROWS, COLUMNS, AXIS, Params.DTYPE),
            Tries.of(3, 20),
            CollectiveChecks::gathers),
        new RuleCheck(
            "COLL-05",
            CaseSpace.of(Params.RANKS, ROWS, COLUMNS, AXIS, Params.DTYPE, REDUCE),
            Tries.of(3, 20),
            CollectiveChecks::scatters),
        new RuleCheck(
            "COLL-06",
            CaseSpace.of(ROWS, COLUMNS, Params.DTYPE, REDUCE)
                .telling(Params.DTYPE, "f32")
                .telling(REDUCE, "bf16"),
            Tries.of(2, 10),
            CollectiveChecks::identity),
        new RuleCheck("COLL-07", CaseSpace.of(Params.TP), Tries.of(2, 8), CollectiveChecks::ranks),
        new RuleCheck(
            "COLL-08",
            CaseSpace.of(Params.RANKS, ROWS),
            Tries.of(2, 15),
            CollectiveChecks::sequences));
  }

  /**
   * What each rank contributes.
   *
   * @param cancels whether all but the last bits of neighbouring ranks' values cancel
   */
  private static List<HostTensor> parts(
      int ranks, Shape shape, DType dtype, boolean cancels, Random random) {
    List<HostTensor> parts = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      HostTensor part = Values.of(Regime.ORDINARY, dtype, shape, random);
      if (cancels && rank % 2 == 1) {
        HostTensor before = parts.get(rank - 1);
        for (long i = 0; i < part.size(); i++) {
          part.setDouble(i, -before.getDouble(i) * (1 + Math.scalb(part.getDouble(i), -7)));
        }
      }
      parts.add(part);
    }
    return parts;
  }

  private static LayerProgram program(List<HostTensor> parts) {
    return LayerProgram.over(parts.size()).weight(X, parts::get);
  }

  private static void sums(BackendUnderTest backend, Case c, Findings findings) {
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    LayerProgram program =
        program(parts(c.get(Params.RANKS), shape, c.get(Params.DTYPE), c.get(CANCELS), c.random()))
            .graph(
                RUN,
                Map.of(),
                context ->
                    Params.output(
                        Y,
                        context
                            .collectives()
                            .allReduce(context.weight(X), Reduction.SUM, c.get(REDUCE))));
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(RUN, Map.of());
    }
  }

  /** Sums that depend on their order in the last bits, and must come out the same. */
  private static void repeats(BackendUnderTest backend, Case c, Findings findings) {
    List<HostTensor> parts =
        parts(c.get(Params.RANKS), Shape.of(7, c.get(COLUMNS)), DType.F32, true, c.random());
    LayerProgram program =
        program(parts)
            .graph(
                RUN,
                Map.of(),
                context ->
                    Params.output(
                        Y,
                        context
                            .collectives()
                            .allReduce(context.weight(X), Reduction.SUM, c.get(REDUCE))));
    try (Trial trial = program.open(backend, findings)) {
      HostTensor first = output(trial.run(RUN, Map.of()), 0, Y);
      for (int i = 0; i < 3; i++) {
        findings.sameBits("y of another run", output(trial.run(RUN, Map.of()), 0, Y), first);
      }
    }
  }

  private static HostTensor output(List<Map<String, HostTensor>> ranks, int rank, String name) {
    return java.util.Objects.requireNonNull(ranks.get(rank).get(name), name);
  }

  private static void extremes(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int ranks = c.get(Params.RANKS);
    boolean max = c.get(EXTREME) == Reduction.MAX;
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    List<HostTensor> parts = parts(ranks, shape, c.get(Params.DTYPE), false, random);
    for (HostTensor part : parts) {
      for (long i = 0; i < part.size(); i++) {
        // All of one sign in places, so that a zero to start from shows.
        double size = i % 3 == 0 ? Math.abs(part.getDouble(i)) : part.getDouble(i);
        part.setDouble(i, i % 3 == 0 && max ? -size : size);
      }
    }
    if (c.get(NAN)) {
      parts.get(random.nextInt(ranks)).setDouble(random.nextLong(shape.elementCount()), Double.NaN);
    }
    HostTensor expected = parts.get(0).copy();
    for (HostTensor part : parts) {
      for (long i = 0; i < part.size(); i++) {
        double a = expected.getDouble(i);
        double b = part.getDouble(i);
        expected.setDouble(i, max ? Math.max(a, b) : Math.min(a, b));
      }
    }
    LayerProgram program =
        program(parts)
            .graph(
                RUN,
                Map.of(),
                context ->
                    Params.output(
                        Y,
                        context
                            .collectives()
                            .allReduce(context.weight(X), c.get(EXTREME), DType.F32)));
    try (Trial trial = program.open(backend, findings)) {
      trial.expect(Y, output(trial.run(RUN, Map.of()), 0, Y), expected);
    }
  }

  private static void gathers(BackendUnderTest backend, Case c, Findings findings) {
    int ranks = c.get(Params.RANKS);
    int axis = c.get(AXIS);
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS), 3);
    List<HostTensor> parts = parts(ranks, shape, c.get(Params.DTYPE), false, c.random());
    long dim = shape.dim(axis);
    HostTensor expected = HostTensor.zeros(c.get(Params.DTYPE), shape.with(axis, ranks * dim));
    for (long i = 0; i < expected.size(); i++) {
      long[] place = Params.place(expected.shape(), i);
      int rank = Math.toIntExact(place[axis] / dim);
      place[axis] %= dim;
      expected.setDouble(i, parts.get(rank).getDouble(Params.number(shape, place)));
    }
    HostTensor numbers = HostTensor.zeros(DType.I32, Shape.of(2L * ranks));
    for (int i = 0; i < 2 * ranks; i++) {
      numbers.setLong(i, i / 2);
    }
    LayerProgram program =
        program(parts)
            .graph(
                RUN,
                Map.of(),
                context -> {
                  Collectives collectives = context.collectives();
                  Tensor pair =
                      context.ops().concatenate(0, List.of(context.rank(), context.rank()));
                  Map<String, Tensor> outputs = new LinkedHashMap<>();
                  outputs.put(Y, collectives.allGather(context.weight(X), axis));
                  outputs.put("ranks", collectives.allGather(pair, 0));
                  return new GraphResult(outputs, Map.of());
                });
    try (Trial trial = program.open(backend, findings)) {
      List<Map<String, HostTensor>> outputs = trial.run(RUN, Map.of());
      trial.expect(Y, output(outputs, 0, Y), expected);
      trial.expect("ranks", output(outputs, 0, "ranks"), numbers);
    }
  }

  private static void scatters(BackendUnderTest backend, Case c, Findings findings) {
    int ranks = c.get(Params.RANKS);
    int axis = c.get(AXIS);
    Shape small = Shape.of(c.get(ROWS), c.get(COLUMNS), 3);
    Shape shape = small.with(axis, ranks * small.dim(axis));
    LayerProgram program =
        program(parts(ranks, shape, c.get(Params.DTYPE), false, c.random()))
            .graph(
                RUN,
                Map.of(),
                context ->
                    Params.output(
                        PARTS,
                        context
                            .collectives()
                            .reduceScatter(context.weight(X), axis, Reduction.SUM, c.get(REDUCE))));
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(RUN, Map.of());
    }
  }

  /** Of one rank, whatever the type of the reduction. */
  private static void identity(BackendUnderTest backend, Case c, Findings findings) {
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    List<HostTensor> parts = parts(1, shape, c.get(Params.DTYPE), false, c.random());
    LayerProgram program =
        program(parts)
            .graph(
                RUN,
                Map.of(),
                context -> {
                  Tensor x = context.weight(X);
                  Collectives collectives = context.collectives();
                  Map<String, Tensor> outputs = new LinkedHashMap<>();
                  outputs.put("reduced", collectives.allReduce(x, Reduction.SUM, c.get(REDUCE)));
                  outputs.put("gathered", collectives.allGather(x, 1));
                  outputs.put(
                      "scattered", collectives.reduceScatter(x, 0, Reduction.SUM, c.get(REDUCE)));
                  collectives.barrier();
                  return new GraphResult(outputs, Map.of());
                });
    try (Trial trial = program.open(backend, findings)) {
      trial.run(RUN, Map.of()).get(0).forEach((name, y) -> trial.expect(name, y, parts.get(0)));
    }
  }

  private static void ranks(BackendUnderTest backend, Case c, Findings findings) {
    int ranks = c.get(Params.TP);
    int factor = 1 + c.random().nextInt(1000);
    HostTensor by = HostTensor.ofInts(Shape.of(1), factor);
    String degree = "degree";
    LayerProgram program =
        LayerProgram.over(ranks)
            .graph(
                RUN,
                Map.of("by", by),
                context -> {
                  TensorOps ops = context.ops();
                  Map<String, Tensor> outputs = new LinkedHashMap<>();
                  outputs.put(PARTS, context.rank());
                  outputs.put(
                      "scaled" + LayerProgram.LOCAL,
                      ops.multiply(context.rank(), context.input("by")));
                  outputs.put(degree, ops.scalar(DType.I32, context.tensorParallelDegree()));
                  return new GraphResult(outputs, Map.of());
                });
    try (Trial trial = program.open(backend, findings)) {
      List<Map<String, HostTensor>> outputs = trial.run(RUN, Map.of("by", by));
      for (int rank = 0; rank < ranks; rank++) {
        String of = " of rank " + rank;
        HostTensor number = HostTensor.ofInts(Shape.of(1), rank);
        HostTensor scaled = HostTensor.ofInts(Shape.of(1), rank * factor);
        trial.expect("rank()" + of, output(outputs, rank, PARTS), number);
        trial.expect(
            "a multiple" + of, output(outputs, rank, "scaled" + LayerProgram.LOCAL), scaled);
      }
      trial.expect(degree, output(outputs, 0, degree), HostTensor.ofInts(Shape.scalar(), ranks));
    }
  }

  /** Many exchanges of whole numbers, one after the other, each of what the last one gave. */
  private static void sequences(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int ranks = c.get(Params.RANKS);
    Shape shape = Shape.of((long) ranks * c.get(ROWS), 3);
    List<HostTensor> parts = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      HostTensor part = HostTensor.zeros(DType.F32, shape);
      for (long i = 0; i < part.size(); i++) {
        part.setDouble(i, random.nextInt(7) - 3);
      }
      parts.add(part);
    }
    LayerProgram program =
        program(parts).graph(RUN, Map.of(), context -> Params.output(PARTS, rounds(context)));
    try (Trial trial = program.open(backend, findings)) {
      List<Map<String, HostTensor>> outputs = trial.run(RUN, Map.of());
      List<double[]> expected = rounds(parts);
      for (int rank = 0; rank < ranks; rank++) {
        HostTensor here = HostTensor.zeros(DType.F32, shape);
        for (int i = 0; i < here.size(); i++) {
          here.setDouble(i, expected.get(rank)[i]);
        }
        trial.expect("y of rank " + rank, output(outputs, rank, PARTS), here);
      }
    }
  }

  private static final int ROUNDS = 3;

  /** Below 2^24 in float32 for up to eight ranks. */
  private static Tensor rounds(GraphContext context) {
    TensorOps ops = context.ops();
    Collectives collectives = context.collectives();
    Tensor x = context.weight(X);
    Tensor number =
        ops.broadcast(
            ops.reshape(ops.convert(context.rank(), DType.F32), Shape.scalar()), x.shape());
    for (int round = 0; round < ROUNDS; round++) {
      Tensor sum = collectives.allReduce(ops.add(x, number), Reduction.SUM, DType.F32);
      collectives.barrier();
      Tensor part = collectives.reduceScatter(ops.add(sum, number), 0, Reduction.SUM, DType.F32);
      x = ops.subtract(collectives.allGather(part, 0), x);
    }
    return x;
  }

  private static List<double[]> rounds(List<HostTensor> parts) {
    List<double[]> x = new ArrayList<>();
    parts.forEach(part -> x.add(part.toDoubleArray()));
    int ranks = parts.size();
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < x.get(0).length; i++) {
        double numbers = ranks * (ranks - 1) / 2.0;
        double sum = numbers;
        for (double[] part : x) {
          sum += part[i];
        }
        for (double[] part : x) {
          part[i] = ranks * sum + numbers - part[i];
        }
      }
    }
    return x;
  }
}

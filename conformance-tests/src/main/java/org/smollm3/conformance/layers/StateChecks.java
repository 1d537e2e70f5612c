package org.smollm3.conformance.layers;

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
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** States: what is written to them and nothing else, over runs, graphs and ranks. */
final class StateChecks {
  private StateChecks() {}

  static final String FILL = "fill";
  static final String UPDATE = "update";
  static final String STATE = "cache";
  private static final String OTHER = "other";
  static final String X = "x";

  private static final Param<Integer> SLOTS = Param.integer("slots", 1, 5);
  private static final Param<Integer> LENGTH = Param.integer("length", 1, 9);
  private static final Param<Integer> WIDTH = Param.integer("width", 1, 7);
  private static final Param<Integer> RANKS = Param.oneOf("tp", 1, 2, 4);
  private static final Param<Misuse> MISUSE = Param.choice("misuse", Misuse.values());

  /** Ways to use what has been consumed. */
  private enum Misuse {
    UPDATE_TWICE,
    READ_AFTER,
    TENSOR_AFTER
  }

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "STATE-01",
            CaseSpace.of(RANKS, SLOTS, LENGTH, Params.DTYPE),
            Tries.of(2, 10),
            StateChecks::startsAtZero),
        new RuleCheck(
            "STATE-05", CaseSpace.of(RANKS, WIDTH), Tries.of(2, 15), StateChecks::persists),
        new RuleCheck("STATE-06", CaseSpace.of(RANKS, WIDTH), Tries.of(2, 10), StateChecks::resets),
        new RuleCheck(
            "STATE-07",
            CaseSpace.of(Params.RANKS, WIDTH),
            Tries.of(2, 10),
            StateChecks::readsEachRank),
        new RuleCheck(
            "STATE-08", CaseSpace.of(RANKS, MISUSE), Tries.of(4, 12), StateChecks::consumed),
        new RuleCheck(
            "STATE-09",
            CaseSpace.of(LENGTH, WIDTH, Params.DTYPE),
            Tries.of(2, 15),
            StateChecks::readsWhatIsWritten));
  }

  /** A graph that overwrites a whole state by an input. */
  static LayerProgram filled(LayerProgram program, HostTensor like, String... states) {
    return program.graph(
        FILL,
        Map.of(X, like),
        context -> {
          Map<String, State> handles = new LinkedHashMap<>();
          for (String state : states) {
            handles.put(
                state,
                context
                    .ops()
                    .updateInto(
                        context.state(state), context.input(X), new long[like.shape().rank()]));
          }
          return new GraphResult(Map.of(), handles);
        });
  }

  private static void startsAtZero(BackendUnderTest backend, Case c, Findings findings) {
    Shape shape = Shape.of(c.get(SLOTS), c.get(LENGTH), 33);
    LayerProgram program =
        LayerProgram.over(c.get(RANKS))
            .requires(Capability.STATE_READ)
            .state(STATE, c.get(Params.DTYPE), shape)
            .state(OTHER, DType.F32, shape)
            .graph(
                "read",
                Map.of(),
                context -> {
                  State state = context.state(STATE);
                  State other = context.state(OTHER);
                  Map<String, Tensor> outputs = new LinkedHashMap<>();
                  outputs.put(STATE, context.ops().read(state));
                  outputs.put(OTHER, context.ops().read(other));
                  return new GraphResult(outputs, Map.of(STATE, state, OTHER, other));
                });
    HostTensor zeros = HostTensor.zeros(c.get(Params.DTYPE), shape);
    HostTensor wide = HostTensor.zeros(DType.F32, shape);
    try (Trial trial = program.open(backend, findings)) {
      for (int rank = 0; rank < c.get(RANKS); rank++) {
        trial.expectState(STATE, rank, zeros);
        trial.expectState(OTHER, rank, wide);
      }
      for (Map<String, HostTensor> outputs : trial.run("read", Map.of())) {
        outputs.forEach((name, y) -> trial.expect(name, y, zeros));
      }
    }
  }

  /** Ordinary numbers, and among them what arithmetic would not keep. */
  static HostTensor contents(DType dtype, Shape shape, Random random) {
    HostTensor contents = Values.of(Regime.ORDINARY, dtype, shape, random);
    for (long i = 0; i < contents.size(); i++) {
      if (random.nextInt(8) == 0) {
        contents.setDouble(
            i, random.nextBoolean() ? Double.NaN : random.nextBoolean() ? -0.0 : -1 / 0.0);
      }
    }
    return contents;
  }

  /** x, and the rank's number where wanted, in float32. */
  private static Tensor plusRank(GraphContext context, Tensor x) {
    TensorOps ops = context.ops();
    Tensor number = ops.reshape(ops.convert(context.rank(), DType.F32), Shape.scalar());
    return ops.add(x, ops.broadcast(number, x.shape()));
  }

  /** Two graphs that add to and double one state, and one that leaves it. */
  private static LayerProgram counting(int ranks, HostTensor like) {
    return LayerProgram.over(ranks)
        .requires(Capability.STATE_READ)
        .state(STATE, DType.F32, like.shape())
        .state(OTHER, DType.F32, like.shape())
        .graph(
            "add",
            Map.of(X, like),
            context -> {
              TensorOps ops = context.ops();
              State state = context.state(STATE);
              Tensor sum = ops.add(ops.read(state), plusRank(context, context.input(X)));
              return new GraphResult(
                  Map.of("sum" + LayerProgram.LOCAL, sum),
                  Map.of(STATE, ops.updateInto(state, sum, 0), OTHER, context.state(OTHER)));
            })
        .graph(
            "double",
            Map.of(),
            context -> {
              TensorOps ops = context.ops();
              State state = context.state(STATE);
              Tensor x = ops.read(state);
              Tensor sum = ops.add(x, x);
              State other = ops.updateInto(context.state(OTHER), sum, 0);
              return new GraphResult(
                  Map.of(), Map.of(STATE, ops.updateInto(state, sum, 0), OTHER, other));
            });
  }

  private static HostTensor whole(int width, Random random) {
    HostTensor x = HostTensor.zeros(DType.F32, Shape.of(width));
    for (long i = 0; i < width; i++) {
      x.setDouble(i, 1 + random.nextInt(9));
    }
    return x;
  }

  private static void persists(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int ranks = c.get(RANKS);
    int width = c.get(WIDTH);
    double[][] state = new double[ranks][width];
    double[][] other = new double[ranks][width];
    try (Trial trial = counting(ranks, whole(width, random)).open(backend, findings)) {
      for (int step = 0; step < 7; step++) {
        boolean adds = step == 0 || random.nextBoolean();
        HostTensor x = whole(width, random);
        trial.run(adds ? "add" : "double", adds ? Map.of(X, x) : Map.of());
        for (int rank = 0; rank < ranks; rank++) {
          for (int i = 0; i < width; i++) {
            state[rank][i] = adds ? state[rank][i] + x.getDouble(i) + rank : 2 * state[rank][i];
            other[rank][i] = adds ? other[rank][i] : state[rank][i];
          }
        }
      }
      expect(trial, STATE, state);
      expect(trial, OTHER, other);
    }
  }

  private static void expect(Trial trial, String name, double[][] values) {
    for (int rank = 0; rank < values.length; rank++) {
      HostTensor expected = HostTensor.zeros(DType.F32, Shape.of(values[rank].length));
      for (int i = 0; i < values[rank].length; i++) {
        expected.setDouble(i, values[rank][i]);
      }
      trial.expectState(name, rank, expected);
    }
  }

  private static void resets(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int ranks = c.get(RANKS);
    int width = c.get(WIDTH);
    HostTensor x = whole(width, random);
    double[][] zeros = new double[ranks][width];
    double[][] once = new double[ranks][width];
    for (int rank = 0; rank < ranks; rank++) {
      for (int i = 0; i < width; i++) {
        once[rank][i] = x.getDouble(i) + rank;
      }
    }
    try (Trial trial = counting(ranks, x).open(backend, findings)) {
      trial.run("add", Map.of(X, x));
      trial.run("double", Map.of());
      trial.session().resetStates();
      expect(trial, STATE, zeros);
      expect(trial, OTHER, zeros);
      trial.run("add", Map.of(X, x));
      expect(trial, STATE, once);
      expect(trial, OTHER, zeros);
    }
  }

  /** And what is read is a copy, which later runs leave as it is. */
  private static void readsEachRank(BackendUnderTest backend, Case c, Findings findings) {
    int ranks = c.get(Params.RANKS);
    HostTensor x = whole(c.get(WIDTH), c.random());
    try (Trial trial = counting(ranks, x).open(backend, findings)) {
      trial.run("add", Map.of(X, x));
      for (int rank = 0; rank < ranks; rank++) {
        HostTensor read = trial.session().readState(STATE, rank);
        HostTensor expected = x.copy();
        for (long i = 0; i < x.size(); i++) {
          expected.setDouble(i, x.getDouble(i) + rank);
        }
        HostTensor kept = read.copy();
        trial.run("double", Map.of());
        findings.sameBits("a state that was read before a run", read, kept);
        trial.expect("the state of rank " + rank, kept, expected);
        trial.session().resetStates();
        trial.run("add", Map.of(X, x));
      }
    }
  }

  private static void consumed(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x = whole(3, c.random());
    LayerProgram program =
        LayerProgram.over(c.get(RANKS))
            .state(STATE, DType.F32, x.shape())
            .graph(UPDATE, Map.of(X, x), context -> misused(context, c.get(MISUSE)));
    try (Trial trial = program.open(backend, findings)) {
      trial.run(UPDATE, Map.of(X, x));
    } catch (StateConsumedException e) {
      return;
    }
    findings.fail("a handle is used after it was consumed, and nothing is thrown");
  }

  private static GraphResult misused(GraphContext context, Misuse misuse) {
    TensorOps ops = context.ops();
    State first = context.state(STATE);
    Tensor read = ops.read(first);
    State second = ops.updateInto(first, context.input(X), 0);
    return switch (misuse) {
      case UPDATE_TWICE ->
          new GraphResult(Map.of(), Map.of(STATE, ops.updateInto(first, context.input(X), 0)));
      case READ_AFTER -> new GraphResult(Map.of("y", ops.read(first)), Map.of(STATE, second));
      case TENSOR_AFTER -> new GraphResult(Map.of("y", ops.add(read, read)), Map.of(STATE, second));
    };
  }

  /** Within a run, after each of several updates. */
  private static void readsWhatIsWritten(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int length = c.get(LENGTH);
    DType dtype = c.get(Params.DTYPE);
    Shape shape = Shape.of(length, c.get(WIDTH));
    HostTensor before = Values.of(Regime.ORDINARY, dtype, shape, random);
    HostTensor row = Values.of(Regime.ORDINARY, dtype, Shape.of(1, c.get(WIDTH)), random);
    LayerProgram program =
        filled(LayerProgram.over(1).state(STATE, dtype, shape), before, STATE)
            .graph(
                UPDATE,
                Map.of(X, row),
                context -> {
                  TensorOps ops = context.ops();
                  State state = context.state(STATE);
                  Tensor first = ops.read(state);
                  Map<String, Tensor> outputs = new LinkedHashMap<>();
                  outputs.put("before", ops.negate(ops.negate(first)));
                  for (int at = 0; at < length; at++) {
                    state = ops.updateInto(state, context.input(X), at, 0);
                    outputs.put("after " + at, ops.negate(ops.negate(ops.read(state))));
                  }
                  return new GraphResult(outputs, Map.of(STATE, state));
                });
    try (Trial trial = program.open(backend, findings)) {
      trial.run(FILL, Map.of(X, before));
      Map<String, HostTensor> outputs = trial.run(UPDATE, Map.of(X, row)).get(0);
      HostTensor expected = before.copy();
      trial.expect("before", java.util.Objects.requireNonNull(outputs.get("before")), expected);
      for (int at = 0; at < length; at++) {
        expected.row(at).segment().copyFrom(row.segment());
        String name = "after " + at;
        trial.expect(name, java.util.Objects.requireNonNull(outputs.get(name)), expected);
      }
    }
  }
}

package org.smollm3.conformance.layers;

import static org.smollm3.conformance.layers.StateChecks.FILL;
import static org.smollm3.conformance.layers.StateChecks.STATE;
import static org.smollm3.conformance.layers.StateChecks.UPDATE;
import static org.smollm3.conformance.layers.StateChecks.X;
import static org.smollm3.conformance.layers.StateChecks.contents;
import static org.smollm3.conformance.layers.StateChecks.filled;

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
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.State;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Writes into states, of blocks and by coordinates: every place that must change, and no other. */
final class StateWriteChecks {
  private StateWriteChecks() {}

  private static final String BLOCK = "block";
  private static final String INDICES = "indices";

  private static final Param<Integer> SLOTS = Param.integer("slots", 1, 5);
  private static final Param<Integer> LENGTH = Param.integer("length", 1, 9);
  private static final Param<Integer> WIDTH = Param.integer("width", 1, 7);
  private static final Param<Integer> COUNT = Param.integer("count", 1, 6);
  private static final Param<Integer> AXES = Param.integer("axes", 0, 3);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "STATE-02",
            CaseSpace.of(SLOTS, LENGTH, WIDTH, Params.DTYPE),
            Tries.of(3, 30),
            StateWriteChecks::updates),
        new RuleCheck(
            "STATE-03",
            CaseSpace.of(SLOTS, LENGTH, WIDTH, COUNT, AXES, Params.DTYPE),
            Tries.of(4, 40),
            (backend, c, findings) -> scatters(backend, c, findings, false)),
        new RuleCheck(
            "STATE-04",
            CaseSpace.of(SLOTS, LENGTH, WIDTH, COUNT, AXES, Params.DTYPE),
            Tries.of(4, 40),
            (backend, c, findings) -> scatters(backend, c, findings, true)));
  }

  private static void updates(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(SLOTS), c.get(LENGTH), c.get(WIDTH));
    HostTensor before = contents(c.get(Params.DTYPE), shape, random);
    long[] starts = new long[3];
    long[] sizes = new long[3];
    for (int axis = 0; axis < 3; axis++) {
      starts[axis] = random.nextLong(shape.dim(axis));
      sizes[axis] = 1 + random.nextLong(shape.dim(axis) - starts[axis]);
    }
    HostTensor block = Values.of(Regime.ORDINARY, before.dtype(), Shape.of(sizes), random);
    HostTensor after = before.copy();
    for (long i = 0; i < block.size(); i++) {
      long[] place = Params.place(block.shape(), i);
      for (int axis = 0; axis < 3; axis++) {
        place[axis] += starts[axis];
      }
      after.setDouble(Params.number(shape, place), block.getDouble(i));
    }
    LayerProgram program =
        filled(
                LayerProgram.over(1)
                    .requires(Capability.STATE_READ)
                    .state(STATE, before.dtype(), shape),
                before,
                STATE)
            .graph(
                UPDATE,
                Map.of(BLOCK, block),
                context -> {
                  State next =
                      context.ops().updateInto(context.state(STATE), context.input(BLOCK), starts);
                  return new GraphResult(Map.of(), Map.of(STATE, next));
                });
    try (Trial trial = program.open(backend, findings)) {
      trial.run(FILL, Map.of(X, before));
      trial.expectState(STATE, 0, before);
      trial.run(UPDATE, Map.of(BLOCK, block));
      trial.expectState(STATE, 0, after);
    }
  }

  /**
   * @param beyond whether some coordinates are out of range
   */
  private static void scatters(
      BackendUnderTest backend, Case c, Findings findings, boolean beyond) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(SLOTS), c.get(LENGTH), c.get(WIDTH));
    int[] axes =
        List.of(new int[] {0}, new int[] {1}, new int[] {0, 1}, new int[] {0, 2}).get(c.get(AXES));
    HostTensor before = contents(c.get(Params.DTYPE), shape, random);
    long places = 1;
    for (int axis : axes) {
      places *= shape.dim(axis);
    }
    // Different places, because of two updates of one place any may win.
    int count = Math.toIntExact(Math.min(places, c.get(COUNT)));
    int[] chosen = Params.distinct(count, Math.toIntExact(places), random);
    HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(count, axes.length));
    for (int i = 0; i < count; i++) {
      long rest = chosen[i];
      for (int a = axes.length - 1; a >= 0; a--) {
        indices.setLong((long) i * axes.length + a, rest % shape.dim(axes[a]));
        rest /= shape.dim(axes[a]);
      }
    }
    if (beyond) {
      for (int i = 0; i < count; i += 2) {
        int a = random.nextInt(axes.length);
        long at =
            random.nextBoolean() ? shape.dim(axes[a]) + random.nextInt(3) : -1 - random.nextInt(3);
        indices.setLong((long) i * axes.length + a, at);
      }
    }
    int[] rest =
        java.util.stream.IntStream.range(0, 3).filter(axis -> !contains(axes, axis)).toArray();
    long[] dims = new long[1 + rest.length];
    dims[0] = count;
    for (int i = 0; i < rest.length; i++) {
      dims[1 + i] = shape.dim(rest[i]);
    }
    HostTensor updates = Values.of(Regime.ORDINARY, before.dtype(), Shape.of(dims), random);
    HostTensor after = before.copy();
    for (long i = 0; i < updates.size(); i++) {
      long[] from = Params.place(updates.shape(), i);
      long[] to = new long[3];
      boolean inside = true;
      for (int a = 0; a < axes.length; a++) {
        to[axes[a]] = indices.getLong(from[0] * axes.length + a);
        inside &= to[axes[a]] >= 0 && to[axes[a]] < shape.dim(axes[a]);
      }
      for (int r = 0; r < rest.length; r++) {
        to[rest[r]] = from[1 + r];
      }
      if (inside) {
        after.setDouble(Params.number(shape, to), updates.getDouble(i));
      }
    }
    LayerProgram program =
        filled(
                LayerProgram.over(1)
                    .requires(Capability.STATE_READ)
                    .state(STATE, before.dtype(), shape),
                before,
                STATE)
            .graph(
                UPDATE,
                Map.of(INDICES, indices, X, updates),
                context -> {
                  State next =
                      context
                          .ops()
                          .scatterInto(
                              context.state(STATE), context.input(INDICES), context.input(X), axes);
                  return new GraphResult(Map.of(), Map.of(STATE, next));
                });
    try (Trial trial = program.open(backend, findings)) {
      trial.run(FILL, Map.of(X, before));
      trial.run(UPDATE, Map.of(INDICES, indices, X, updates));
      trial.expectState(STATE, 0, after);
    }
  }

  private static boolean contains(int[] axes, int axis) {
    return java.util.Arrays.stream(axes).anyMatch(a -> a == axis);
  }
}

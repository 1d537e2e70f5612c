package org.smollm3.conformance.faults;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults in states. */
final class StateFaults {
  private StateFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "uninitialised-state",
            "STATE-01",
            "what was never written is not zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor read(State state) {
                    Tensor right = inner.read(state);
                    Tensor unwritten = inner.compare(Comparison.EQ, right, fill(0, right));
                    return inner.select(unwritten, fill(0.375, right), right);
                  }
                }),
        Fault.ofOps(
            "update-clears",
            "STATE-02",
            "writing a block clears what lies around it",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public State updateInto(State state, Tensor block, long... starts) {
                    return inner.updateInto(cleared(inner, state), block, starts);
                  }
                }),
        Fault.ofOps(
            "scatter-adds",
            "STATE-03",
            "scattered updates are added to what was there",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public State scatterInto(
                      State state, Tensor indices, Tensor updates, int... axes) {
                    Tensor before = inner.gather(inner.read(state), indices, axes);
                    return inner.scatterInto(state, indices, inner.add(before, updates), axes);
                  }
                }),
        Fault.ofOps(
            "scatter-clamps",
            "STATE-04",
            "coordinates out of range write to the nearest place",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public State scatterInto(
                      State state, Tensor indices, Tensor updates, int... axes) {
                    Shape shape = Shape.of(axes.length);
                    HostTensor last = HostTensor.ofInts(shape, new int[axes.length]);
                    for (int i = 0; i < axes.length; i++) {
                      last.setLong(i, state.spec().shape().dim(axes[i]) - 1);
                    }
                    int axis = indices.shape().rank() - 1;
                    Tensor most = inner.broadcast(inner.constant(last), indices.shape(), axis);
                    Tensor inside = inner.maximum(inner.minimum(indices, most), fill(0, indices));
                    return inner.scatterInto(state, inside, updates, axes);
                  }
                }),
        new Fault(
            "states-for-one-run",
            "every run begins with zeros",
            "STATE-05",
            context ->
                new ForwardingContext(context) {
                  @Override
                  public State state(String name) {
                    return cleared(inner.ops(), inner.state(name));
                  }
                }),
        Fault.ofSession(
            "reset-forgotten",
            "STATE-06",
            "resetStates does nothing",
            session ->
                new ForwardingSession(session) {
                  @Override
                  public void resetStates() {
                    // The fault.
                  }
                }),
        Fault.ofSession(
            "state-of-first-rank",
            "STATE-07",
            "readState gives the first rank's state for every rank",
            session ->
                new ForwardingSession(session) {
                  @Override
                  public HostTensor readState(String name, int rank) {
                    return inner.readState(name, 0);
                  }
                }),
        Fault.ofOps(
            "handles-for-ever",
            "STATE-08",
            "a handle that was consumed stands for the newest",
            HandlesForEver::new),
        Fault.ofOps(
            "reads-too-early",
            "STATE-09",
            "what is read is the state as it was before the run's updates",
            ReadsTooEarly::new));
  }

  private static State cleared(TensorOps ops, State state) {
    Shape shape = state.spec().shape();
    Tensor zeros = ops.broadcast(ops.scalar(state.spec().dtype(), 0), shape);
    return ops.updateInto(state, zeros, new long[shape.rank()]);
  }

  private static final class HandlesForEver extends ForwardingOps {
    private final IdentityHashMap<State, State> next = new IdentityHashMap<>();

    HandlesForEver(TensorOps inner) {
      super(inner);
    }

    private State newest(State state) {
      State newest = state;
      for (State after = next.get(newest); after != null; after = next.get(newest)) {
        newest = after;
      }
      return newest;
    }

    @Override
    public Tensor read(State state) {
      return inner.read(newest(state));
    }

    @Override
    public State updateInto(State state, Tensor block, long... starts) {
      State newest = newest(state);
      State after = inner.updateInto(newest, block, starts);
      next.put(newest, after);
      return after;
    }
  }

  private static final class ReadsTooEarly extends ForwardingOps {
    private final Map<String, Tensor> first = new HashMap<>();

    ReadsTooEarly(TensorOps inner) {
      super(inner);
    }

    @Override
    public Tensor read(State state) {
      // A tensor of its own, because what is read ends with the handle.
      return first.computeIfAbsent(
          state.spec().name(), name -> inner.negate(inner.negate(inner.read(state))));
    }
  }
}

package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.HostTensor;

/** Faults in opening, closing and keeping states. */
final class LifecycleFaults {
  private LifecycleFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofBackend(
            "name-counts",
            "LIFE-01",
            "the name is another on every call",
            right ->
                new ForwardingBackend(right) {
                  private final AtomicInteger calls = new AtomicInteger();

                  @Override
                  public String name() {
                    return inner.name() + calls.incrementAndGet();
                  }
                }),
        Fault.ofBackend(
            "capabilities-grow",
            "LIFE-02",
            "a capability is declared only once something has asked for it",
            right ->
                new ForwardingBackend(right) {
                  private boolean asked;

                  @Override
                  public Set<Capability> capabilities() {
                    Set<Capability> some = EnumSet.copyOf(inner.capabilities());
                    if (!asked) {
                      some.remove(Capability.SPECULATION);
                    }
                    asked = true;
                    return some;
                  }
                }),
        Fault.ofSession(
            "second-close-throws",
            "LIFE-03",
            "closing a session twice throws",
            right ->
                new ForwardingSession(right) {
                  private boolean closed;

                  @Override
                  public void close() {
                    if (closed) {
                      throw new IllegalStateException("the session is closed already");
                    }
                    closed = true;
                    inner.close();
                  }
                }),
        Fault.ofSession(
            "runs-when-closed",
            "LIFE-04",
            "a closed session gives empty results",
            right ->
                new ForwardingSession(right) {
                  private boolean closed;

                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    return closed
                        ? new Outputs(List.of(Map.of()), List.of(Map.of()))
                        : inner.run(graph, inputs);
                  }

                  @Override
                  public void close() {
                    closed = true;
                    inner.close();
                  }
                }),
        Fault.ofSession(
            "closed-by-another-type",
            "LIFE-04",
            "a call after close fails as a fault of the device",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public void resetStates() {
                    try {
                      inner.resetStates();
                    } catch (IllegalStateException e) {
                      throw new BackendException("the device is gone", e);
                    }
                  }
                }),
        Fault.ofBackend(
            "second-close-of-backend-throws",
            "LIFE-05",
            "closing a backend twice throws",
            right ->
                new ForwardingBackend(right) {
                  private boolean closed;

                  @Override
                  public void close() {
                    if (closed) {
                      throw new IllegalStateException("the backend is closed already");
                    }
                    closed = true;
                    inner.close();
                  }
                }),
        new Fault(
            "states-start-anyhow",
            "states hold whatever the memory held before",
            "LIFE-06",
            LifecycleFaults::startingAtOne),
        Fault.ofSession(
            "state-of-each-graph",
            "LIFE-07",
            "a graph that was not run before sees states of its own",
            right ->
                new ForwardingSession(right) {
                  private String last = "";

                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    if (!last.isEmpty() && !last.equals(graph)) {
                      inner.resetStates();
                    }
                    last = graph;
                    return inner.run(graph, inputs);
                  }
                }),
        Fault.ofSession(
            "reset-does-nothing",
            "LIFE-08",
            "resetting the states only makes a note of it",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public void resetStates() {}
                }),
        Fault.ofBackend(
            "backends-share-a-device",
            "LIFE-09",
            "closing a backend closes the sessions of all backends",
            new OneDevice()::share),
        Fault.ofSession(
            "state-read-once",
            "LIFE-10",
            "reading a state gives the memory that was read before",
            right ->
                new ForwardingSession(right) {
                  private final Map<String, HostTensor> read = new HashMap<>();

                  @Override
                  public HostTensor readState(String name, int rank) {
                    return read.computeIfAbsent(name + rank, key -> inner.readState(name, rank));
                  }
                }));
  }

  /** As if the memory had held ones: what is read of a state is one more than what was written. */
  private static GraphContext startingAtOne(GraphContext context) {
    return new ForwardingContext(context) {
      @Override
      public TensorOps ops() {
        return new ForwardingOps(inner.ops()) {
          @Override
          public Tensor read(State state) {
            Tensor right = inner.read(state);
            return right.dtype().isFloating() ? inner.add(right, fill(1, right)) : right;
          }
        };
      }
    };
  }

  /** A device that all backends of a process share: who closes one closes what runs on it. */
  private static final class OneDevice {
    private final List<Session> running = new ArrayList<>();

    Backend share(Backend right) {
      return new ForwardingBackend(right) {
        @Override
        public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
          Session session = inner.load(program, weights, options);
          running.add(session);
          return session;
        }

        @Override
        public void close() {
          running.forEach(Session::close);
          running.clear();
          inner.close();
        }
      };
    }
  }
}

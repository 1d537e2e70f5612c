package org.smollm3.conformance.faults;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.HostTensor;

/** Faults of sessions side by side, and of whose memory is whose. */
final class SessionFaults {
  private SessionFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofBackend(
            "sessions-share-states",
            "SESSION-01",
            "a session of a program that is loaded already is the same session",
            SessionFaults::sharingSessions),
        Fault.ofSession(
            "session-of-one-thread",
            "SESSION-02",
            "runs of any thread but the first to run are dropped",
            right ->
                new ForwardingSession(right) {
                  private Optional<Thread> owner = Optional.empty();
                  private Optional<Outputs> last = Optional.empty();

                  @Override
                  public synchronized Outputs run(String graph, Map<String, HostTensor> inputs) {
                    owner = owner.isEmpty() ? Optional.of(Thread.currentThread()) : owner;
                    if (owner.get() == Thread.currentThread() || last.isEmpty()) {
                      last = Optional.of(inner.run(graph, inputs));
                    }
                    return last.get();
                  }
                }),
        Fault.ofBackend(
            "sessions-share-inputs",
            "SESSION-03",
            "all sessions write their inputs to the same memory",
            new SharedInputs()::share),
        Fault.ofSession(
            "last-bits-drift",
            "SESSION-04",
            "every run sums in another order",
            right ->
                new ForwardingSession(right) {
                  private int runs;

                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    int number = runs++;
                    return changed(inner.run(graph, inputs), value -> drifted(value, number));
                  }
                }),
        Fault.ofSession(
            "equal-outputs-share-memory",
            "SESSION-05",
            "outputs that are an input are the caller's memory",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    return changed(
                        inner.run(graph, inputs),
                        value ->
                            inputs.values().stream()
                                .filter(input -> isSame(input, value))
                                .findFirst()
                                .orElse(value));
                  }
                }),
        Fault.ofSession(
            "inputs-used-as-scratch",
            "SESSION-06",
            "the memory of an input holds intermediate results",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    Outputs outputs = inner.run(graph, inputs);
                    inputs.values().forEach(input -> input.segment().fill((byte) 0));
                    return outputs;
                  }
                }),
        Fault.ofSession(
            "rank-zero-for-all",
            "SESSION-07",
            "the outputs of rank 0 are given for every rank",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    Outputs outputs = inner.run(graph, inputs);
                    List<Map<String, HostTensor>> same = new ArrayList<>();
                    outputs
                        .outputsByRank()
                        .forEach(rank -> same.add(outputs.outputsByRank().get(0)));
                    return new Outputs(same, outputs.tapsByRank());
                  }
                }));
  }

  private static Backend sharingSessions(Backend right) {
    return new ForwardingBackend(right) {
      private final Map<String, Session> open = new LinkedHashMap<>();

      @Override
      public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
        String key = program.name() + program.tensorParallelDegree();
        return new ForwardingSession(
            open.computeIfAbsent(key, k -> inner.load(program, weights, options))) {
          @Override
          public void close() {
            inner.close();
            open.remove(key);
          }
        };
      }
    };
  }

  private static boolean isSame(HostTensor a, HostTensor b) {
    return a.dtype() == b.dtype()
        && a.shape().equals(b.shape())
        && a.segment().mismatch(b.segment()) < 0;
  }

  /** The last bit of the first element, which every other run has otherwise. */
  private static HostTensor drifted(HostTensor value, int run) {
    HostTensor copy = value.copy();
    if (run % 2 == 1 && copy.size() > 0 && copy.dtype().isFloating()) {
      copy.segment()
          .set(ValueLayout.JAVA_BYTE, 0, (byte) (copy.segment().get(ValueLayout.JAVA_BYTE, 0) ^ 1));
    }
    return copy;
  }

  /** One buffer for the inputs of each name, which a run of another session may write to. */
  private static final class SharedInputs {
    private final Map<String, HostTensor> buffers = new ConcurrentHashMap<>();

    Backend share(Backend right) {
      return new ForwardingBackend(right) {
        @Override
        public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
          return new ForwardingSession(inner.load(program, weights, options)) {
            @Override
            public Outputs run(String graph, Map<String, HostTensor> inputs) {
              buffers.putAll(inputs);
              // Time for another thread to come by.
              LockSupport.parkNanos(200_000);
              Map<String, HostTensor> seen = new LinkedHashMap<>();
              inputs.forEach((name, value) -> seen.put(name, buffers.getOrDefault(name, value)));
              return inner.run(graph, seen);
            }
          };
        }
      };
    }
  }
}

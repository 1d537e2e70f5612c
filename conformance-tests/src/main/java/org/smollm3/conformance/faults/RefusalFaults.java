package org.smollm3.conformance.faults;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** Faults in what is refused, and how. */
final class RefusalFaults {
  private RefusalFaults() {}

  /** What a session does with inputs before it looks whether they fit. */
  private interface Lenient {
    Map<String, HostTensor> inputs(GraphSpec graph, Map<String, HostTensor> inputs);
  }

  private static Fault lenient(String name, String rule, String text, Lenient lenient) {
    return Fault.ofBackend(
        name,
        rule,
        text,
        right ->
            new ForwardingBackend(right) {
              @Override
              public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
                return new ForwardingSession(inner.load(program, weights, options)) {
                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    return inner.run(graph, lenient.inputs(program.graph(graph), inputs));
                  }
                };
              }
            });
  }

  static List<Fault> all() {
    return List.of(
        lenient(
            "missing-input-is-zero",
            "ERR-01",
            "an input that is not given is zero",
            (graph, inputs) -> {
              Map<String, HostTensor> all = new HashMap<>(inputs);
              for (TensorSpec spec : graph.inputs()) {
                if (spec.shape().isStatic()) {
                  all.putIfAbsent(spec.name(), HostTensor.zeros(spec.dtype(), spec.shape()));
                }
              }
              return all;
            }),
        lenient(
            "unknown-input-ignored",
            "ERR-02",
            "an input that the graph has not is ignored",
            (graph, inputs) -> {
              Map<String, HostTensor> known = new LinkedHashMap<>(inputs);
              known.keySet().retainAll(graph.inputs().stream().map(TensorSpec::name).toList());
              return known;
            }),
        lenient(
            "short-input-padded",
            "ERR-03",
            "an input that is too short is padded with zeros",
            (graph, inputs) -> fitted(graph, inputs, Fit.SHAPE)),
        lenient(
            "bits-of-another-type",
            "ERR-04",
            "an input of another type is taken by its bits",
            (graph, inputs) -> fitted(graph, inputs, Fit.TYPE)),
        Fault.ofSession(
            "first-graph-for-any",
            "ERR-05",
            "an unknown graph fails as if the device had",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    try {
                      return inner.run(graph, inputs);
                    } catch (InvalidRequestException e) {
                      throw new BackendException("status 2 of the device", e);
                    }
                  }
                }),
        Fault.ofSession(
            "input-checked-too-late",
            "ERR-01",
            "a run that is refused has zeroed the states already",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    try {
                      return inner.run(graph, inputs);
                    } catch (InvalidRequestException e) {
                      inner.resetStates();
                      throw e;
                    }
                  }
                }),
        Fault.ofSession(
            "rank-wraps",
            "ERR-06",
            "reading the state of a rank below 0 reads rank 0",
            right ->
                new ForwardingSession(right) {
                  @Override
                  public HostTensor readState(String name, int rank) {
                    return inner.readState(name, Math.max(0, rank));
                  }
                }),
        Fault.ofBackend(
            "missing-weight-is-zero",
            "ERR-07",
            "a weight that is not there is zero",
            right -> withWeights(right, RefusalFaults::zerosForMissing)),
        Fault.ofBackend(
            "weight-of-other-shape",
            "ERR-08",
            "a weight of another shape is cut or padded to fit",
            right -> withWeights(right, RefusalFaults::forced)),
        rethrowing(
            "trace-error-is-internal",
            "ERR-09",
            "an operation on shapes that do not fit fails as an error of the backend",
            e ->
                e instanceof InvalidRequestException
                    ? new BackendException("lowering failed", e)
                    : e),
        rethrowing(
            "scope-not-named",
            "ERR-09",
            "the message of a failed operation does not say where it is",
            e ->
                e instanceof InvalidRequestException
                    ? new InvalidRequestException("add: shapes differ", e)
                    : e),
        rethrowing(
            "consumed-is-a-bad-request",
            "ERR-10",
            "a consumed handle is a bad request like any other",
            e ->
                e instanceof StateConsumedException
                    ? new InvalidRequestException("the handle is stale", e)
                    : e),
        Fault.ofBackend(
            "last-of-one-name",
            "ERR-11",
            "of two graphs of one name the first is taken",
            right ->
                new ForwardingBackend(right) {
                  @Override
                  public Session load(
                      ProgramSpec program, WeightSource weights, LoadOptions options) {
                    Map<String, GraphSpec> byName = new LinkedHashMap<>();
                    program.graphs().forEach(graph -> byName.putIfAbsent(graph.name(), graph));
                    return inner.load(
                        new ProgramSpec(
                            program.name(),
                            program.tensorParallelDegree(),
                            program.weights(),
                            program.states(),
                            List.copyOf(byName.values()),
                            program.requires()),
                        weights,
                        options);
                  }
                }),
        rethrowing(
            "lost-state-breaks-model",
            "ERR-12",
            "a handle that is not returned is taken for a broken model",
            e ->
                e instanceof InvalidRequestException
                    ? new InvalidModelException("no alias", e)
                    : e),
        Fault.ofBackend(
            "local-ranks-ignored",
            "ERR-13",
            "the ranks that a process serves are not looked at",
            right ->
                new ForwardingBackend(right) {
                  @Override
                  public Session load(
                      ProgramSpec program, WeightSource weights, LoadOptions options) {
                    return inner.load(
                        program,
                        weights,
                        new LoadOptions(options.taps(), options.listener(), List.of()));
                  }
                }));
  }

  private enum Fit {
    SHAPE,
    TYPE
  }

  /** Inputs by their bytes in the type or shape that the graph wants. */
  private static Map<String, HostTensor> fitted(
      GraphSpec graph, Map<String, HostTensor> inputs, Fit fit) {
    Map<String, HostTensor> all = new LinkedHashMap<>(inputs);
    for (TensorSpec spec : graph.inputs()) {
      HostTensor value = all.get(spec.name());
      boolean typed = value != null && (value.dtype() == spec.dtype()) == (fit == Fit.SHAPE);
      if (value == null || !typed || !spec.shape().isStatic()) {
        continue;
      }
      HostTensor forced = HostTensor.zeros(spec.dtype(), spec.shape());
      long bytes = Math.min(forced.segment().byteSize(), value.segment().byteSize());
      forced.segment().asSlice(0, bytes).copyFrom(value.segment().asSlice(0, bytes));
      all.put(spec.name(), forced);
    }
    return all;
  }

  private interface WeightChange {
    WeightView weight(TensorSpec spec, WeightSource weights, int rank);
  }

  private static Backend withWeights(Backend right, WeightChange change) {
    return new ForwardingBackend(right) {
      @Override
      public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
        Map<String, TensorSpec> specs = new HashMap<>();
        program.weights().forEach(spec -> specs.put(spec.name(), spec));
        return inner.load(
            program,
            (name, rank) ->
                change.weight(Optional.ofNullable(specs.get(name)).orElseThrow(), weights, rank),
            options);
      }
    };
  }

  private static WeightView zerosForMissing(TensorSpec spec, WeightSource weights, int rank) {
    try {
      return weights.weight(spec.name(), rank);
    } catch (InvalidModelException e) {
      return zeros(spec, rank);
    }
  }

  private static WeightView forced(TensorSpec spec, WeightSource weights, int rank) {
    WeightView view = weights.weight(spec.name(), rank);
    return view.shape().equals(spec.shape()) ? view : zeros(spec, rank);
  }

  private static WeightView zeros(TensorSpec spec, int rank) {
    HostTensor zeros = HostTensor.zeros(spec.dtype(), spec.shape());
    return WeightView.contiguous(
        "zeros of " + spec.name() + rank, spec.dtype(), spec.shape(), zeros.segment());
  }

  private interface Rethrow {
    RuntimeException instead(RuntimeException e);
  }

  /** Whatever load and run throw comes out as something else. */
  private static Fault rethrowing(String name, String rule, String text, Rethrow rethrow) {
    return Fault.ofBackend(
        name,
        rule,
        text,
        right ->
            new ForwardingBackend(right) {
              @Override
              public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
                try {
                  return new ForwardingSession(inner.load(program, weights, options)) {
                    @Override
                    public Outputs run(String graph, Map<String, HostTensor> inputs) {
                      try {
                        return inner.run(graph, inputs);
                      } catch (RuntimeException e) {
                        throw rethrow.instead(e);
                      }
                    }
                  };
                } catch (RuntimeException e) {
                  throw rethrow.instead(e);
                }
              }
            });
  }
}

package org.smollm3.conformance.example.backend;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What a body sees on one rank during one run. */
final class ExampleContext implements GraphContext {
  private final TensorOps ops = new ExampleOps();
  private final ProgramSpec program;
  private final int rank;
  private final Map<String, ExampleTensor> inputs = new LinkedHashMap<>();
  private final Map<String, ExampleTensor> weights;
  private final Map<String, ExampleTensor> states;
  private final LoadOptions options;
  private final Collectives collectives;
  private final Set<String> opened = new HashSet<>();
  private final Map<String, HostTensor> taps = new LinkedHashMap<>();
  private String where = "";

  ExampleContext(
      ProgramSpec program,
      int rank,
      Map<String, HostTensor> inputs,
      Map<String, ExampleTensor> weights,
      Map<String, ExampleTensor> states,
      LoadOptions options,
      RankExchange exchange) {
    this.program = program;
    this.rank = rank;
    this.weights = weights;
    this.states = states;
    this.options = options;
    this.collectives = new ExampleCollectives(ops, rank, program.tensorParallelDegree(), exchange);
    inputs.forEach((name, value) -> this.inputs.put(name, ExampleTensor.of(value)));
  }

  /** Runs a body; what goes wrong says in which scope it did. */
  RankResult run(GraphSpec graph) {
    where = "graph '" + graph.name() + "'";
    try {
      return result(graph.body().run(this));
    } catch (InvalidRequestException e) {
      throw new InvalidRequestException(where + ": " + e.getMessage(), e);
    } catch (StateConsumedException e) {
      throw new StateConsumedException(where + ": " + e.getMessage(), e);
    } catch (SmolLm3Exception e) {
      throw e;
    } catch (RuntimeException e) {
      throw new BackendException(where + ": " + e, e);
    }
  }

  private RankResult result(GraphResult result) {
    Map<String, HostTensor> outputs = new LinkedHashMap<>();
    result
        .outputs()
        .forEach((name, tensor) -> outputs.put(name, ExampleTensor.of(tensor).toHost()));
    Map<String, ExampleTensor> last = new LinkedHashMap<>();
    for (TensorSpec spec : program.states()) {
      State handle = result.states().get(spec.name());
      if (handle == null || !handle.spec().equals(spec)) {
        throw new InvalidRequestException(
            "the result lacks the final handle of state '" + spec.name() + "'; return it");
      }
      last.put(spec.name(), ExampleState.of(handle).value());
    }
    return new RankResult(outputs, taps, last);
  }

  @Override
  public TensorOps ops() {
    return ops;
  }

  @Override
  public Collectives collectives() {
    return collectives;
  }

  @Override
  public Tensor rank() {
    return ExampleTensor.ints(DType.I32, Shape.of(1), i -> rank);
  }

  @Override
  public int tensorParallelDegree() {
    return program.tensorParallelDegree();
  }

  @Override
  public Tensor input(String name) {
    return named("input", name, inputs);
  }

  @Override
  public Tensor weight(String name) {
    return named("weight", name, weights);
  }

  @Override
  public State state(String name) {
    ExampleTensor value = named("state", name, states);
    if (!opened.add(name)) {
      throw new InvalidRequestException("state '" + name + "' is asked for twice; pass it on");
    }
    return new ExampleState(new TensorSpec(name, value.dtype(), value.shape()), value);
  }

  private static ExampleTensor named(String what, String name, Map<String, ExampleTensor> all) {
    ExampleTensor value = all.get(name);
    if (value == null) {
      throw new InvalidRequestException(
          "no " + what + " '" + name + "'; there are " + all.keySet());
    }
    return value;
  }

  @Override
  public void tap(String name, Tensor tensor) {
    if (options.taps().matches(name)) {
      HostTensor value = ExampleTensor.of(tensor).toHost();
      taps.put(name, value);
      options.listener().ifPresent(listener -> listener.onTap(name, rank, value));
    }
  }

  /**
   * Names what runs inside. Memory is the garbage collector's, so nothing ends with the scope.
   * After an exception the name stays, for {@link #run} to tell.
   */
  @Override
  public Tensor scope(String name, Supplier<Tensor> body) {
    String outer = where;
    where = name;
    Tensor result = body.get();
    where = outer;
    return result;
  }
}

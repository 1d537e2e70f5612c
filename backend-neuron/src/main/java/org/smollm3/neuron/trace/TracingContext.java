package org.smollm3.neuron.trace;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.trace.TracedGraph.Parameter;
import org.smollm3.neuron.trace.TracedGraph.ParameterKind;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What a body sees while it is traced; one for all ranks, whose number is a parameter. */
final class TracingContext implements GraphContext {
  /** The name of the rank's number in Optimum Neuron's checkpoints. */
  private static final String RANK = "rank_util.rank";

  private final ProgramSpec program;
  private final TapPattern taps;
  private final ComputationBuilder builder;
  private final TracingOps ops;
  private final TracingCollectives collectives;
  private final Map<Parameter, HloInstruction> parameters = new LinkedHashMap<>();
  private final Map<String, Tensor> tapped = new LinkedHashMap<>();
  private final Set<String> opened = new HashSet<>();
  private String scope = "";

  TracingContext(
      ProgramSpec program,
      GraphSpec graph,
      TraceOptions options,
      TapPattern taps,
      ComputationBuilder builder) {
    this.program = program;
    this.taps = taps;
    this.builder = builder;
    this.ops = new TracingOps(builder, options);
    this.collectives = new TracingCollectives(builder, program.tensorParallelDegree());
    graph.inputs().forEach(spec -> parameter(ParameterKind.INPUT, spec));
    program.states().forEach(spec -> parameter(ParameterKind.STATE, spec));
    program.weights().forEach(spec -> parameter(ParameterKind.WEIGHT, spec));
    parameter(ParameterKind.RANK, new TensorSpec(RANK, DType.I32, Shape.of(1)));
  }

  private void parameter(ParameterKind kind, TensorSpec spec) {
    if (!spec.shape().isStatic()) {
      throw new InvalidRequestException(
          "a compiled graph has static shapes, but '"
              + spec.name()
              + "' is "
              + spec.dtype()
              + spec.shape());
    }
    HloShape.Array shape = HloShape.of(spec.dtype(), spec.shape());
    parameters.put(new Parameter(kind, spec), builder.parameter(shape, spec.name()));
  }

  /** All that the graph could take, in the order of the module. */
  Map<Parameter, HloInstruction> parameters() {
    return parameters;
  }

  Map<String, Tensor> taps() {
    return tapped;
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
  public int tensorParallelDegree() {
    return program.tensorParallelDegree();
  }

  @Override
  public Tensor rank() {
    return find(ParameterKind.RANK, RANK).tensor();
  }

  @Override
  public Tensor input(String name) {
    return find(ParameterKind.INPUT, name).tensor();
  }

  @Override
  public Tensor weight(String name) {
    return find(ParameterKind.WEIGHT, name).tensor();
  }

  @Override
  public State state(String name) {
    Found found = find(ParameterKind.STATE, name);
    if (!opened.add(name)) {
      throw new InvalidRequestException("state '" + name + "' was already asked for");
    }
    return new TracedState(found.parameter().spec(), found.node());
  }

  private record Found(Parameter parameter, HloInstruction node) {
    Tensor tensor() {
      return TracedTensor.of(node);
    }
  }

  private Found find(ParameterKind kind, String name) {
    for (Map.Entry<Parameter, HloInstruction> entry : parameters.entrySet()) {
      Parameter parameter = entry.getKey();
      if (parameter.kind() == kind && parameter.spec().name().equals(name)) {
        return new Found(parameter, entry.getValue());
      }
    }
    List<String> names =
        parameters.keySet().stream()
            .filter(parameter -> parameter.kind() == kind)
            .map(parameter -> parameter.spec().name())
            .toList();
    String what = kind.name().toLowerCase(Locale.ROOT);
    throw new InvalidRequestException("no " + what + " '" + name + "'; there are " + names);
  }

  @Override
  public void tap(String name, Tensor tensor) {
    // The tensor must be live, whether anybody asks for it or not.
    TracedTensor.node(tensor);
    if (taps.matches(name) && tapped.put(name, tensor) != null) {
      throw new InvalidRequestException("tap '" + name + "' is given twice; name them apart");
    }
  }

  @Override
  public Tensor scope(String name, Supplier<Tensor> body) {
    String outer = scope;
    enter(name);
    try {
      return body.get();
    } catch (InvalidRequestException e) {
      throw named(e, new InvalidRequestException(name + ": " + e.getMessage(), e));
    } catch (StateConsumedException e) {
      throw named(e, new StateConsumedException(name + ": " + e.getMessage(), e));
    } catch (InvalidModelException e) {
      throw named(e, new InvalidModelException(name + ": " + e.getMessage(), e));
    } finally {
      enter(outer);
    }
  }

  /** Only the innermost scope puts its name before a message. */
  private static RuntimeException named(RuntimeException failure, RuntimeException withName) {
    return failure.getCause() != null ? failure : withName;
  }

  private void enter(String name) {
    scope = name;
    builder.source(name);
  }
}

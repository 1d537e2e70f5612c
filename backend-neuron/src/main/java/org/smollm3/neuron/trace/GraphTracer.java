package org.smollm3.neuron.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.ModuleBuilder;
import org.smollm3.neuron.trace.TracedGraph.Parameter;
import org.smollm3.neuron.trace.TracedGraph.ParameterKind;
import org.smollm3.neuron.trace.TracedGraph.Result;
import org.smollm3.neuron.trace.TracedGraph.ResultKind;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.TensorSpec;

/**
 * Lowers the graphs of a program: runs each body once and makes a module of what it wrote down. The
 * same program and options give the same module, bit for bit.
 */
public final class GraphTracer {
  private final ProgramSpec program;
  private final TraceOptions options;
  private final TapPattern taps;

  /**
   * @param taps which tapped tensors become results
   */
  public GraphTracer(ProgramSpec program, TraceOptions options, TapPattern taps) {
    this.program = program;
    this.options = options;
    this.taps = taps;
  }

  /** All graphs of the program, in its order. */
  public List<TracedGraph> traceAll() {
    return program.graphs().stream().map(this::trace).toList();
  }

  /**
   * Lowers one graph.
   *
   * @throws InvalidRequestException if the body does something that is not allowed; the message
   *     names the layer and the operation
   */
  public TracedGraph trace(GraphSpec graph) {
    ModuleBuilder module = new ModuleBuilder(program.name() + "." + graph.name());
    ComputationBuilder builder = module.computation("main");
    TracingContext context = new TracingContext(program, graph, options, taps, builder);
    GraphResult result = graph.body().run(context);
    builder.source("");
    List<HloInstruction> values = new ArrayList<>();
    List<Result> results = new ArrayList<>();
    result.outputs().forEach((name, value) -> add(ResultKind.OUTPUT, name, value, values, results));
    List<HloInstruction> states = finalStates(graph, result);
    values.addAll(states);
    for (int i = 0; i < states.size(); i++) {
      results.add(
          new Result(
              ResultKind.STATE,
              program.states().get(i),
              OptionalInt.of(graph.inputs().size() + i)));
    }
    context.taps().forEach((name, value) -> add(ResultKind.TAP, name, value, values, results));
    return build(graph, context, builder, values, results);
  }

  private static void add(
      ResultKind kind,
      String name,
      Tensor value,
      List<HloInstruction> values,
      List<Result> results) {
    values.add(TracedTensor.node(value));
    TensorSpec spec = new TensorSpec(name, value.dtype(), value.shape());
    results.add(new Result(kind, spec, OptionalInt.empty()));
  }

  private List<HloInstruction> finalStates(GraphSpec graph, GraphResult result) {
    List<HloInstruction> values = new ArrayList<>();
    for (TensorSpec spec : program.states()) {
      State state = result.states().get(spec.name());
      if (state == null) {
        throw new InvalidRequestException(
            "graph '" + graph.name() + "' gives no final handle of state '" + spec.name() + "'");
      }
      values.add(TracedState.of(state).value());
    }
    if (result.states().size() != program.states().size()) {
      throw new InvalidRequestException(
          "graph '"
              + graph.name()
              + "' gives the states "
              + result.states().keySet()
              + ", but the program has "
              + program.states().stream().map(TensorSpec::name).toList());
    }
    return values;
  }

  private TracedGraph build(
      GraphSpec graph,
      TracingContext context,
      ComputationBuilder builder,
      List<HloInstruction> values,
      List<Result> results) {
    HloInstruction root = builder.tuple(values);
    Set<HloInstruction> needed = builder.needed(root);
    List<HloInstruction> nodes = new ArrayList<>();
    List<Parameter> parameters = new ArrayList<>();
    context
        .parameters()
        .forEach(
            (parameter, node) -> {
              // Whoever runs the graph gives every input and state; of the rest what is needed.
              boolean given =
                  parameter.kind() == ParameterKind.INPUT
                      || parameter.kind() == ParameterKind.STATE;
              if (given || needed.contains(node)) {
                parameters.add(parameter);
                nodes.add(node);
              }
            });
    HloComputation entry = builder.buildEntry(root, nodes);
    List<HloModule.Alias> aliases = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      int index = i;
      results
          .get(i)
          .aliases()
          .ifPresent(parameter -> aliases.add(new HloModule.Alias(index, parameter)));
    }
    return new TracedGraph(
        graph.name(), builder.module().build(entry, aliases), parameters, results);
  }
}

package org.smollm3.neuron.artifacts;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.smollm3.checkpoint.WeightNames;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.artifacts.GraphBinding.Bound;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.metaneff.MetaTensor.ElementType;
import org.smollm3.neuron.metaneff.MetaTensor.Role;
import org.smollm3.neuron.neff.Quote;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Finds a program's inputs, states, weights and results in a compiled graph's metaneff. */
public final class GraphBinder {
  private final Artifacts artifacts;
  private final ProgramSpec program;
  private final CompiledGraph graph;
  private final MetaNeff metaneff;

  private GraphBinder(Artifacts artifacts, ProgramSpec program, CompiledGraph graph) {
    this.artifacts = artifacts;
    this.program = program;
    this.graph = graph;
    this.metaneff = graph.metaneff();
  }

  /**
   * Binds one graph.
   *
   * @param program of the same configuration; its specs are static
   * @param key of a graph of both
   * @throws InvalidModelException naming the tensor that is missing, of another type or shape, or
   *     not to be told from another
   */
  public static GraphBinding bind(Artifacts artifacts, ProgramSpec program, String key) {
    NeffChecks.requireTensorParallelDegree(artifacts, program.tensorParallelDegree());
    CompiledGraph graph = artifacts.graphs().get(key);
    if (graph == null) {
      throw new InvalidModelException(
          artifacts.location()
              + " has no graph '"
              + key
              + "'; it has "
              + artifacts.graphs().keySet());
    }
    return new GraphBinder(artifacts, program, graph).bind(program.graph(key));
  }

  private GraphBinding bind(GraphSpec spec) {
    for (MetaTensor input : metaneff.inputs()) {
      if (input.role() == Role.UNDEFINED) {
        throw bad(
            "does not say what " + input.name() + " is; it is no graph of this kind of model");
      }
    }
    List<Bound> states = states();
    return new GraphBinding(
        graph, userInputs(spec.inputs()), states, weights(), outputs(), newStates(states));
  }

  private List<Bound> userInputs(List<TensorSpec> specs) {
    List<MetaTensor> inputs = metaneff.inputs(Role.USER_INPUT);
    if (inputs.stream().allMatch(input -> input.userInputKey().isPresent())) {
      return byKey(inputs, specs);
    }
    List<List<Bound>> ways = new ArrayList<>();
    addWays(inputs, specs, new ArrayList<>(), 0, ways);
    if (ways.size() != 1) {
      throw bad(
          "takes "
              + inputs.stream().map(GraphBinder::describe).toList()
              + (ways.isEmpty() ? ", which are no inputs of " : ", which can be various inputs of ")
              + specs);
    }
    return ways.getFirst();
  }

  private List<Bound> byKey(List<MetaTensor> inputs, List<TensorSpec> specs) {
    List<Bound> bound = new ArrayList<>();
    Map<String, TensorSpec> rest = byName(specs);
    for (MetaTensor input : inputs) {
      String key = input.userInputKey().orElseThrow();
      TensorSpec spec = rest.remove(key);
      if (spec == null) {
        throw bad(
            "takes the input " + Quote.of(key) + " that the program lacks, or takes it twice");
      }
      require(input, spec.dtype(), spec.shape(), "input " + key);
      bound.add(new Bound(input, key));
    }
    return bound;
  }

  /**
   * All ways to give a graph's inputs names of the program's, in order, leaving some out: an export
   * drops inputs that the graph has no use for, without saying which. There are few inputs.
   */
  private static void addWays(
      List<MetaTensor> inputs,
      List<TensorSpec> specs,
      List<Bound> sofar,
      int from,
      List<List<Bound>> ways) {
    if (sofar.size() == inputs.size()) {
      ways.add(List.copyOf(sofar));
      return;
    }
    MetaTensor input = inputs.get(sofar.size());
    for (int i = from; i < specs.size(); i++) {
      TensorSpec spec = specs.get(i);
      if (isOfType(input, spec.dtype()) && input.shape().equals(spec.shape())) {
        sofar.add(new Bound(input, spec.name()));
        addWays(inputs, specs, sofar, i + 1, ways);
        sofar.removeLast();
      }
    }
  }

  private List<Bound> states() {
    Map<String, TensorSpec> rest = byName(program.states());
    List<Bound> bound = new ArrayList<>();
    for (MetaTensor input : metaneff.inputs(Role.INPUT_STATE)) {
      String key = input.checkpointKey().orElseThrow();
      TensorSpec spec = rest.remove(key);
      if (spec == null) {
        throw bad("has the state " + Quote.of(key) + " that the program lacks, or has it twice");
      }
      require(input, spec.dtype(), spec.shape(), "state " + key);
      bound.add(new Bound(input, key));
    }
    if (!rest.isEmpty()) {
      throw bad("lacks the states " + new TreeSet<>(rest.keySet()));
    }
    return bound;
  }

  private List<Bound> weights() {
    Map<String, TensorSpec> specs = byName(program.weights());
    Set<String> seen = new HashSet<>();
    List<Bound> bound = new ArrayList<>();
    for (MetaTensor input : metaneff.inputs(Role.INPUT_WEIGHT)) {
      String key = input.checkpointKey().orElseThrow();
      if (!seen.add(key)) {
        throw bad("has the weight " + Quote.of(key) + " twice");
      }
      requireWeight(input, key, specs);
      bound.add(new Bound(input, key));
    }
    return bound;
  }

  private void requireWeight(MetaTensor input, String key, Map<String, TensorSpec> specs) {
    if (key.equals(WeightNames.RANK) || key.endsWith("." + WeightNames.RANK)) {
      require(input, DType.I32, Shape.of(1), "weight " + key);
      return;
    }
    TensorSpec spec = specs.get(key);
    if (spec == null) {
      throw bad("has the weight " + Quote.of(key) + " that the program lacks");
    }
    if (artifacts.layoutTransformation().isEmpty()) {
      require(input, spec.dtype(), spec.shape(), "weight " + key);
    } else if (!isOfType(input, spec.dtype())
        || input.shape().elementCount() != spec.shape().elementCount()) {
      throw differs(input, spec.dtype(), spec.shape(), "weight " + key);
    }
  }

  /** What is left of the outputs when those are gone that replace states, in order. */
  private List<Bound> outputs() {
    List<MetaTensor> own = new ArrayList<>();
    for (int i = 0; i < metaneff.outputs().size(); i++) {
      if (!metaneff.outputAliasesTo().containsKey(i)) {
        own.add(metaneff.outputs().get(i));
      }
    }
    List<String> names = resultNames();
    if (own.size() != names.size()) {
      throw bad("returns " + own.size() + " tensors beside the states, wanted " + names);
    }
    List<Bound> bound = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      MetaTensor output = own.get(i);
      boolean tokens = names.get(i).equals(DecoderGraphs.TOKENS);
      boolean right = tokens ? output.dtype().isInteger() : output.dtype() == DType.F32;
      if (!right) {
        throw bad("returns " + names.get(i) + " as " + describe(output));
      }
      bound.add(new Bound(output, names.get(i)));
    }
    return bound;
  }

  /** As Optimum's graphs return them; chunked prefill never samples. */
  private List<String> resultNames() {
    NeuronConfig config = artifacts.config();
    if (!config.onDeviceSampling() || graph.key().equals(DecoderGraphs.CHUNKED_PREFILL)) {
      return List.of(DecoderGraphs.LOGITS);
    }
    return config.outputLogits()
        ? List.of(DecoderGraphs.TOKENS, DecoderGraphs.LOGITS)
        : List.of(DecoderGraphs.TOKENS);
  }

  private List<Bound> newStates(List<Bound> states) {
    Map<String, String> stateOfInput = new HashMap<>();
    states.forEach(state -> stateOfInput.put(state.tensor().name(), state.name()));
    List<Bound> bound = new ArrayList<>();
    metaneff
        .outputAliasesTo()
        .forEach(
            (output, input) -> {
              String inputName = metaneff.inputs().get(input).name();
              String state = stateOfInput.remove(inputName);
              if (state == null) {
                throw bad("writes " + inputName + ", which is no state");
              }
              bound.add(new Bound(metaneff.outputs().get(output), state));
            });
    if (!stateOfInput.isEmpty()) {
      throw bad("never writes the states " + new TreeSet<>(stateOfInput.values()));
    }
    return bound;
  }

  private static Map<String, TensorSpec> byName(List<TensorSpec> specs) {
    Map<String, TensorSpec> byName = new HashMap<>();
    specs.forEach(spec -> byName.put(spec.name(), spec));
    return byName;
  }

  private void require(MetaTensor tensor, DType dtype, Shape shape, String what) {
    if (!isOfType(tensor, dtype) || !tensor.shape().equals(shape)) {
      throw differs(tensor, dtype, shape, what);
    }
  }

  private static boolean isOfType(MetaTensor tensor, DType dtype) {
    return tensor.dtype() == ElementType.of(dtype).dtype();
  }

  private static String describe(MetaTensor tensor) {
    return tensor.dtype() + tensor.shape().toString();
  }

  private InvalidModelException differs(MetaTensor tensor, DType dtype, Shape shape, String what) {
    return bad(
        "has the " + what + " as " + describe(tensor) + ", but the program as " + dtype + shape);
  }

  private InvalidModelException bad(String what) {
    return new InvalidModelException(graph.neff().location() + " " + what);
  }
}

package org.smollm3.neuron.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.artifacts.GraphBinding.Bound;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.metaneff.MetaTensor.ElementType;
import org.smollm3.neuron.metaneff.MetaTensor.Role;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class GraphBinderTest {
  private static final String KEY = "token_generation";
  private static final List<TensorSpec> INPUTS =
      List.of(
          new TensorSpec("input_ids", DType.I32, Shape.of(1, 1)),
          new TensorSpec("position_ids", DType.I32, Shape.of(1, 1)),
          new TensorSpec("seq_ids", DType.I32, Shape.of(1)),
          new TensorSpec("sampling_params", DType.F32, Shape.of(1, 3)),
          new TensorSpec("uniforms", DType.F32, Shape.of(1)));
  private static final ProgramSpec PROGRAM = program(2, Shape.of(6, 8), Samples.CACHE);
  private static final MetaTensor LOGITS = MetaTensor.output(0, DType.F32, Shape.of(1, 1, 6));

  private static ProgramSpec program(int degree, Shape weight, Shape cache) {
    return new ProgramSpec(
        "p",
        degree,
        List.of(new TensorSpec("lm_head.weight", DType.BF16, weight)),
        List.of(
            new TensorSpec("kv_mgr.past_key_values.0", DType.BF16, cache),
            new TensorSpec("kv_mgr.past_key_values.1", DType.BF16, cache)),
        List.of(
            new GraphSpec(
                KEY,
                INPUTS,
                context -> {
                  throw new AssertionError("not to be run");
                })),
        Set.of());
  }

  private static Artifacts artifacts(MetaNeff metaneff) {
    return artifacts(metaneff, Samples.CONFIG, Optional.empty());
  }

  private static Artifacts artifacts(
      MetaNeff metaneff, NeuronConfig config, Optional<CompiledGraph> layout) {
    Map<String, CompiledGraph> graphs = new HashMap<>(Samples.graphs());
    graphs.put(KEY, Samples.graph(KEY, metaneff));
    return new Artifacts("x", config, graphs, layout);
  }

  private static GraphBinding bind(MetaNeff metaneff) {
    return GraphBinder.bind(artifacts(metaneff), PROGRAM, KEY);
  }

  private static void refuses(String message, MetaNeff metaneff) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> bind(metaneff))
        .withMessageStartingWith("token_generation.neff ")
        .withMessageContaining(message);
  }

  private static List<String> names(List<Bound> bound) {
    return bound.stream().map(b -> b.tensor().name() + "=" + b.name()).toList();
  }

  /** A user input as older compilers write it, without its name. */
  private static MetaTensor unnamed(int index, DType dtype, Shape shape) {
    return new MetaTensor(
        "input" + index,
        ElementType.of(dtype),
        shape,
        "",
        false,
        Optional.empty(),
        Role.USER_INPUT,
        Optional.empty());
  }

  private static MetaNeff unnamed(List<TensorSpec> inputs) {
    List<MetaTensor> tensors = new ArrayList<>();
    for (TensorSpec input : inputs) {
      tensors.add(unnamed(tensors.size(), input.dtype(), input.shape()));
    }
    return Samples.withUserInputs(tensors, List.of(LOGITS));
  }

  @Test
  void bindsByTheKeysOfTheCompiler() {
    GraphBinding binding = bind(Samples.metaneff(1));

    assertThat(names(binding.userInputs()))
        .containsExactly("input0=input_ids", "input1=position_ids", "input2=seq_ids");
    assertThat(names(binding.states()))
        .containsExactly("input3=kv_mgr.past_key_values.0", "input4=kv_mgr.past_key_values.1");
    assertThat(names(binding.weights()))
        .containsExactly("input5=lm_head.weight", "input6=rank_util.rank");
    assertThat(names(binding.outputs())).containsExactly("output0=logits");
    assertThat(names(binding.newStates()))
        .containsExactly("output1=kv_mgr.past_key_values.0", "output2=kv_mgr.past_key_values.1");
  }

  @Test
  void bindsByOrderWhereKeysAreMissing() {
    assertThat(names(bind(unnamed(INPUTS.subList(0, 4))).userInputs()))
        .containsExactly(
            "input0=input_ids", "input1=position_ids", "input2=seq_ids", "input3=sampling_params");
    assertThat(names(bind(unnamed(INPUTS.subList(0, 3))).userInputs())).hasSize(3);
    // an input that was dropped from the middle
    assertThat(
            names(bind(unnamed(List.of(INPUTS.get(0), INPUTS.get(1), INPUTS.get(3)))).userInputs()))
        .containsExactly("input0=input_ids", "input1=position_ids", "input2=sampling_params");
  }

  @Test
  void anUnclearSubsetIsRefused() {
    refuses("takes [I32[1, 1]], which can be various inputs of", unnamed(INPUTS.subList(1, 2)));
    refuses(
        "which are no inputs of", unnamed(List.of(new TensorSpec("x", DType.I32, Shape.of(1, 2)))));
    // in another order
    refuses("which are no inputs of", unnamed(List.of(INPUTS.get(2), INPUTS.get(0))));
  }

  @Test
  void keysThatTheProgramLacksAreRefused() {
    refuses(
        "takes the input 'other' that the program lacks",
        Samples.withUserInputs(
            List.of(MetaTensor.userInput(0, DType.I32, Shape.of(1), "other")), List.of(LOGITS)));
    refuses(
        "has the input input_ids as I64[1, 1], but the program as I32[1, 1]",
        Samples.withUserInputs(
            List.of(MetaTensor.userInput(0, DType.I64, Shape.of(1, 1), "input_ids")),
            List.of(LOGITS)));
  }

  @Test
  void statesAreThoseOfTheProgram() {
    ProgramSpec longer = program(2, Shape.of(6, 8), Shape.of(1, 1, 16, 4));
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> GraphBinder.bind(artifacts(Samples.metaneff(1)), longer, KEY))
        .withMessageContaining(
            "has the state kv_mgr.past_key_values.0 as BF16[1, 1, 8, 4], but the program as"
                + " BF16[1, 1, 16, 4]");

    MetaTensor state = MetaTensor.state(0, DType.BF16, Samples.CACHE, "kv_mgr.past_key_values.0");
    MetaTensor output = MetaTensor.output(1, DType.BF16, Samples.CACHE);
    refuses(
        "lacks the states [kv_mgr.past_key_values.1]",
        MetaNeff.of(List.of(state), List.of(LOGITS, output), Map.of(1, 0)));
    refuses(
        "has the state 'other' that the program lacks",
        MetaNeff.of(
            List.of(MetaTensor.state(0, DType.BF16, Samples.CACHE, "other")),
            List.of(LOGITS, output),
            Map.of(1, 0)));
  }

  @Test
  void everyStateIsWrittenAndNothingElse() {
    MetaNeff good = Samples.metaneff(1);
    refuses(
        "never writes the states [kv_mgr.past_key_values.1]",
        MetaNeff.of(good.inputs(), good.outputs().subList(0, 2), Map.of(1, 3)));
    List<MetaTensor> outputs = new ArrayList<>(good.outputs());
    outputs.add(MetaTensor.output(3, DType.I32, Shape.of(1)));
    refuses(
        "writes input6, which is no state",
        MetaNeff.of(good.inputs(), outputs, Map.of(1, 3, 2, 4, 3, 6)));
  }

  @Test
  void weightsAreThoseOfTheProgram() {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(
            () ->
                GraphBinder.bind(
                    artifacts(Samples.metaneff(1)), program(2, Shape.of(8, 6), Samples.CACHE), KEY))
        .withMessageContaining(
            "has the weight lm_head.weight as BF16[6, 8], but the program as BF16[8, 6]");
    refuses("has the weight 'other' that the program lacks", withWeight(DType.BF16, "other"));
    refuses("has the weight 'lm_head.weight' twice", withWeight(DType.BF16, "lm_head.weight"));
    refuses(
        "has the weight layers.0.self_attn.rank_util.rank as BF16[6, 8]",
        withWeight(DType.BF16, "layers.0.self_attn.rank_util.rank"));
  }

  private static MetaNeff withWeight(DType dtype, String key) {
    MetaNeff good = Samples.metaneff(1);
    List<MetaTensor> inputs = new ArrayList<>(good.inputs());
    inputs.add(MetaTensor.weight(inputs.size(), dtype, Shape.of(6, 8), key));
    return MetaNeff.of(inputs, good.outputs(), good.outputAliasesTo());
  }

  @Test
  void aLayoutTransformationMayChangeShapesAndNotSizes() {
    Optional<CompiledGraph> layout = Optional.of(Samples.graph("layout_opt", Samples.layout()));
    Artifacts artifacts = artifacts(Samples.metaneff(1), Samples.CONFIG, layout);

    assertThat(
            GraphBinder.bind(artifacts, program(2, Shape.of(8, 6), Samples.CACHE), KEY).weights())
        .hasSize(2);
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(
            () -> GraphBinder.bind(artifacts, program(2, Shape.of(8, 7), Samples.CACHE), KEY))
        .withMessageContaining("has the weight lm_head.weight");
  }

  @Test
  void resultsAreThoseOfTheConfiguration() {
    MetaTensor tokens = MetaTensor.output(0, DType.I32, Shape.of(1));
    MetaTensor logits = MetaTensor.output(1, DType.F32, Shape.of(1, 1, 6));
    List<MetaTensor> inputs = Samples.metaneff(1).inputs().subList(0, 3);
    NeuronConfig sampling = Samples.builder("trn1").onDeviceSampling(true).maxTopk(4).build();
    NeuronConfig both =
        Samples.builder("trn1").onDeviceSampling(true).maxTopk(4).outputLogits(true).build();

    assertThat(results(Samples.withUserInputs(inputs, List.of(tokens)), sampling))
        .containsExactly("output0=tokens");
    assertThat(results(Samples.withUserInputs(inputs, List.of(tokens, logits)), both))
        .containsExactly("output0=tokens", "output1=logits");
    refuses(
        "returns 2 tensors beside the states, wanted [logits]",
        Samples.withUserInputs(inputs, List.of(tokens, logits)));
    refuses("returns logits as I32[1]", Samples.withUserInputs(inputs, List.of(tokens)));
  }

  private static List<String> results(MetaNeff metaneff, NeuronConfig config) {
    return names(
        GraphBinder.bind(artifacts(metaneff, config, Optional.empty()), PROGRAM, KEY).outputs());
  }

  @Test
  void inputsOfNoRoleAreRefused() {
    MetaNeff good = Samples.metaneff(1);
    List<MetaTensor> inputs = new ArrayList<>(good.inputs());
    inputs.add(
        new MetaTensor(
            "input7",
            ElementType.INT8,
            Shape.of(1),
            "",
            false,
            Optional.empty(),
            Role.UNDEFINED,
            Optional.empty()));

    refuses(
        "does not say what input7 is", MetaNeff.of(inputs, good.outputs(), good.outputAliasesTo()));
  }

  @Test
  void otherGraphsAndDegreesAreRefused() {
    Artifacts artifacts = artifacts(Samples.metaneff(1));
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> GraphBinder.bind(artifacts, PROGRAM, "speculation_model"))
        .withMessageContaining("has no graph 'speculation_model'; it has [context_encoding");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(
            () -> GraphBinder.bind(artifacts, program(4, Shape.of(6, 8), Samples.CACHE), KEY));
  }
}

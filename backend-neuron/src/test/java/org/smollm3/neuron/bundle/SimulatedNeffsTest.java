package org.smollm3.neuron.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.artifacts.Artifacts;
import org.smollm3.neuron.artifacts.CompiledGraph;
import org.smollm3.neuron.artifacts.GraphBinding;
import org.smollm3.neuron.artifacts.GraphBinding.Bound;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleReader;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.NeffIo;
import org.smollm3.neuron.neff.NeffTensor;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Bundles with NEFFs for the simulated device. */
class SimulatedNeffsTest {
  @TempDir Path temp;

  private CompileRun simulated() {
    return new CompileRun(temp).with("--simulated-neffs");
  }

  /** All four graphs, each kind of result, one weight for three projections or three. */
  static Stream<List<String>> variants() {
    List<List<String>> kinds =
        List.of(
            List.of(),
            List.of("--continuous-batching", "--batch-size=2"),
            List.of("--on-device-sampling", "--max-topk=8"),
            List.of("--on-device-sampling", "--max-topk=8", "--output-logits"),
            List.of("--prefill-chunk-size=8"),
            List.of("--speculation-length=3"));
    List<List<String>> all = new ArrayList<>();
    for (List<String> kind : kinds) {
      for (String degree : List.of("--tp=1", "--tp=2")) {
        for (List<String> qkv : List.of(List.<String>of(), List.of("--fused-qkv"))) {
          all.add(Stream.of(kind, List.of(degree), qkv).flatMap(List::stream).toList());
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void everyGraphIsBoundToItsProgramAndNeffHloAndMetaneffAgreeOnNames(List<String> options)
      throws IOException {
    Path bundle = simulated().with(options.toArray(String[]::new)).into("bundle");
    Artifacts artifacts = Bundles.read(bundle);
    ProgramSpec program = Bundles.program(bundle, artifacts.config());

    List<GraphBinding> bindings = Bundles.bind(bundle);

    assertThat(bindings).hasSameSizeAs(program.graphs());
    for (GraphBinding binding : bindings) {
      CompiledGraph graph = binding.graph();
      assertThat(names(binding.userInputs()))
          .isEqualTo(names(program.graph(graph.key()).inputs(), TensorSpec::name));
      assertThat(names(binding.states())).isEqualTo(names(program.states(), TensorSpec::name));
      assertThat(names(binding.newStates())).isEqualTo(names(binding.states()));
      assertNamesAgree(graph);
      assertThat(graph.metaneff().counts())
          .isEqualTo(
              new MetaNeff.Counts(
                  binding.userInputs().size(), binding.states().size(), binding.weights().size()));
    }
  }

  private static List<String> names(List<Bound> bound) {
    return names(bound, Bound::name);
  }

  private static <T> List<String> names(List<T> all, Function<? super T, String> name) {
    return all.stream().<String>map(name).toList();
  }

  private static void assertNamesAgree(CompiledGraph graph) {
    List<String> inputs = names(graph.metaneff().inputs(), MetaTensor::name);
    List<String> outputs = names(graph.metaneff().outputs(), MetaTensor::name);
    assertThat(inputs).isEqualTo(numbered("input", inputs.size()));
    assertThat(outputs).isEqualTo(numbered("output", outputs.size()));
    HloModule module = HloModuleReader.read("module", graph.neff().simulatedGraph().orElseThrow());
    assertThat(names(module.parameters(), HloModule::parameterName)).isEqualTo(inputs);
    assertThat(module.resultNames()).isEqualTo(outputs);
    NeffIo.Known io = (NeffIo.Known) graph.neff().io();
    assertThat(names(io.inputs(), NeffTensor::name)).isEqualTo(inputs);
    assertThat(names(io.outputs(), NeffTensor::name)).isEqualTo(outputs);
    assertThat(module.aliases())
        .allSatisfy(
            alias ->
                assertThat(graph.metaneff().outputAliasesTo())
                    .containsEntry(alias.result(), alias.parameter()))
        .hasSameSizeAs(graph.metaneff().outputAliasesTo().keySet());
  }

  private static List<String> numbered(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
  }

  @Test
  void weightsAreNamedAsInTheShardsOfARank() throws IOException {
    for (List<String> qkv : List.of(List.<String>of(), List.of("--fused-qkv"))) {
      Path bundle =
          simulated().with("--tp=2").with(qkv.toArray(String[]::new)).into("bundle" + qkv);
      for (GraphBinding binding : Bundles.bind(bundle)) {
        List<String> keys = names(binding.weights());
        assertThat(keys).contains("embed_tokens.weight", "lm_head.weight", "norm.weight");
        String projection = qkv.isEmpty() ? "q_proj" : "Wqkv";
        assertThat(keys)
            .contains(
                "layers.0.self_attn.qkv_proj." + projection + ".weight",
                "layers.0.self_attn.o_proj.o_proj.weight");
        assertThat(binding.weights())
            .allSatisfy(bound -> assertThat(shards(bundle)).contains(spec(bound)));
      }
    }
  }

  @Test
  void theRankIsAWeightWhereAGraphWantsIt() throws IOException {
    Path bundle = simulated().with("--tp=2", "--on-device-sampling", "--max-topk=8").into("bundle");

    assertThat(Bundles.bind(bundle))
        .allSatisfy(
            binding ->
                assertThat(binding.weights().getLast())
                    .extracting(SimulatedNeffsTest::spec)
                    .isEqualTo(new TensorSpec("rank_util.rank", DType.I32, Shape.of(1))));
  }

  private static TensorSpec spec(Bound bound) {
    return new TensorSpec(bound.name(), bound.tensor().dtype(), bound.tensor().shape());
  }

  private static List<TensorSpec> shards(Path bundle) throws IOException {
    Artifacts artifacts = Bundles.read(bundle);
    return Bundles.program(bundle, artifacts.config()).weights();
  }

  @Test
  void theOutputAndTheNeffSayThatTheyAreSimulated() throws IOException {
    CompileRun run = simulated();

    Path bundle = run.into("bundle");

    assertThat(run.out())
        .contains("2 simulated NEFFs for trn1: only the backend neuron-sim can run them");
    assertThat(Bundles.read(bundle).graphs().values())
        .allSatisfy(graph -> assertThat(graph.neff().simulatedGraph()).isPresent());
    assertThat(bundle.resolve("no_layout_transformation")).isEmptyFile();
  }

  @Test
  void theSimulatedNeffCarriesTheModuleOfTheBundle() throws IOException {
    Path bundle = simulated().into("bundle");

    byte[] module = Files.readAllBytes(bundle.resolve(BundleManifest.hlo("token_generation")));

    assertThat(Bundles.read(bundle).graphs().get("token_generation").neff().simulatedGraph())
        .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(module));
  }

  @Test
  void theyAreForTheTargetAndItsLogicalCores() throws IOException {
    Artifacts second = Bundles.read(simulated().with("--target=trn2").into("second"));
    Artifacts single = Bundles.read(simulated().with("--target=trn2", "--lnc=1").into("single"));
    Artifacts first = Bundles.read(simulated().with("--target=trn1n").into("first"));

    assertThat(second.graphs().get("token_generation").neff().architecture())
        .contains(NeuronArchitecture.CAYMAN);
    assertThat(second.logicalCores()).isEqualTo(2);
    assertThat(single.logicalCores()).isEqualTo(1);
    assertThat(first.graphs().get("token_generation").neff().architecture())
        .contains(NeuronArchitecture.SUNDA);
    assertThat(first.logicalCores()).isEqualTo(1);
  }

  @Test
  void whatIsForTheCompilerDoesNotGoWithThem() {
    for (String option :
        List.of("--require-neff", "--neuronx-cc=/bin/true", "--compile-timeout=5", "--no-neff")) {
      assertThatExceptionOfType(InvalidRequestException.class)
          .isThrownBy(() -> simulated().with(option).into("bundle"))
          .withMessageContaining("--simulated-neffs")
          .withMessageContaining(option.split("=", -1)[0]);
    }
    assertThat(temp.resolve("bundle")).doesNotExist();
  }
}

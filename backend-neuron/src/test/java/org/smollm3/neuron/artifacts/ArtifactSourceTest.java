package org.smollm3.neuron.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

class ArtifactSourceTest {
  @TempDir Path folder;

  @BeforeEach
  void writeConfig() {
    Samples.writeConfig(folder, Samples.CONFIG);
  }

  private Artifacts read() {
    return ArtifactSource.of(folder).read();
  }

  private void refuses(String message) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(this::read)
        .withMessageContaining(message);
  }

  private void writePair(String key, int tokens) {
    Samples.writePair(folder.resolve(key), "metaneff.pb", key, Samples.metaneff(tokens));
  }

  private void writePairs() throws IOException {
    writePair("context_encoding", 4);
    writePair("token_generation", 1);
    Files.createFile(folder.resolve("no_layout_transformation"));
  }

  @Test
  void readsPairsAsAHelperWritesThem() throws IOException {
    writePairs();

    Artifacts artifacts = read();

    assertThat(artifacts.config().tpDegree()).isEqualTo(2);
    assertThat(artifacts.graphs().keySet()).containsExactly("context_encoding", "token_generation");
    assertThat(artifacts.graphs().get("token_generation").metaneff())
        .isEqualTo(Samples.metaneff(1));
    assertThat(artifacts.layoutTransformation()).isEmpty();
  }

  @Test
  void readsTheWorkFolderOfTheCompiler() {
    for (Map.Entry<String, Integer> graph :
        Map.of("context_encoding", 4, "token_generation", 1).entrySet()) {
      Samples.writePair(
          folder.resolve(graph.getKey()).resolve("_tp0_bk0"),
          "metaneff.pb",
          graph.getKey(),
          Samples.metaneff(graph.getValue()));
    }
    Samples.writePair(folder.resolve("layout_opt"), "metaneff", "layout_opt", Samples.layout());

    Artifacts artifacts = read();

    assertThat(artifacts.layoutTransformation()).isPresent();
    assertThat(artifacts.graphs()).hasSize(2);
  }

  @Test
  void readsAnExport() throws IOException {
    Files.copy(Samples.saved("model.pt"), folder.resolve("model.pt"));

    Artifacts artifacts = read();

    assertThat(artifacts.graphs().keySet()).containsExactly("context_encoding", "token_generation");
    assertThat(artifacts.layoutTransformation()).isPresent();
    assertThat(artifacts.location()).endsWith("/model.pt");
  }

  @Test
  void pairsComeBeforeTheExportTheyWereTakenFrom() throws IOException {
    Files.copy(Samples.saved("model.pt"), folder.resolve("model.pt"));
    writePairs();

    assertThat(read().layoutTransformation()).isEmpty();
  }

  @Test
  void anUnknownLayoutIsRefused() throws IOException {
    writePairs();
    Files.delete(folder.resolve("no_layout_transformation"));
    refuses("has no layout transformation: copy the compiler's folder layout_opt there, or");

    Files.createDirectory(folder.resolve("layout_opt"));
    refuses("layout_opt has no graph.neff");

    Files.createFile(folder.resolve("no_layout_transformation"));
    refuses("has both layout_opt and no_layout_transformation");
  }

  @Test
  void graphsAreThoseOfTheConfiguration() throws IOException {
    writePair("context_encoding", 4);
    Files.createFile(folder.resolve("no_layout_transformation"));
    refuses("has no graph 'token_generation', which its neuron_config.json asks for");

    writePair("token_generation", 1);
    writePair("chunked_prefill", 4);
    refuses("has the graph 'chunked_prefill', which its neuron_config.json has no use for");
  }

  @Test
  void pairsAreWholeAndUnambiguous() throws IOException {
    writePairs();
    Path pair = folder.resolve("token_generation");
    Samples.writePair(pair.resolve("_tp0_bk1"), "metaneff.pb", "x", Samples.metaneff(1));
    refuses("has 2 files graph.neff, in [");

    Files.delete(pair.resolve("graph.neff"));
    Files.delete(pair.resolve("_tp0_bk1/graph.neff"));
    refuses("token_generation has no graph.neff");

    writePair("token_generation", 1);
    Files.copy(pair.resolve("metaneff.pb"), pair.resolve("metaneff"));
    refuses("has more than one of metaneff.pb and metaneff");

    Files.delete(pair.resolve("metaneff.pb"));
    Files.delete(pair.resolve("metaneff"));
    refuses("has no metaneff.pb and metaneff beside graph.neff");
  }

  @Test
  void aFolderWithoutGraphsSaysWhatIsWanted() throws IOException {
    refuses("holds no compiled graphs: neither model.pt nor a folder of any of [context_encoding");
    Files.createFile(folder.resolve("model_other.pt"));
    refuses("(exports of several bundles cannot be read)");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> ArtifactSource.of(folder.resolve("nix")))
        .withMessageContaining("there is no folder");
  }

  @Test
  void aMissingConfigurationIsNamed() throws IOException {
    writePairs();
    Files.delete(folder.resolve("neuron_config.json"));
    refuses("neuron_config.json");
  }

  @Test
  void anotherDeviceIsRefused() {
    Map<String, CompiledGraph> graphs = Samples.graphs();
    NeuronConfig trn2 = Samples.config("trn2");

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> new Artifacts("x", trn2, graphs, Optional.empty()))
        .withMessageContaining(
            "was compiled for trn1, but neuron_config.json has the target 'trn2'");
    // Inferentia 2 has the cores of Trainium
    assertThat(new Artifacts("x", Samples.config("inf2"), graphs, Optional.empty()).graphs())
        .hasSize(2);
  }

  @Test
  void otherLogicalCoresAreRefused() {
    MetaNeff metaneff = Samples.metaneff(1);
    CompiledGraph lnc1 = Samples.graph("token_generation", metaneff, NeuronArchitecture.CAYMAN, 1);
    CompiledGraph context =
        Samples.graph("context_encoding", Samples.metaneff(4), NeuronArchitecture.CAYMAN, 2);
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(
            () ->
                new Artifacts(
                    "x",
                    Samples.config("trn2"),
                    Map.of("token_generation", lnc1, "context_encoding", context),
                    Optional.empty()))
        .withMessage(
            "token_generation.neff was compiled for logical cores of 1 physical cores (--lnc=1), but"
                + " context_encoding.neff for 2; compile all graphs alike");
    CompiledGraph impossible =
        Samples.graph("token_generation", metaneff, NeuronArchitecture.SUNDA, 2);
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(
            () ->
                new Artifacts(
                    "x",
                    Samples.CONFIG,
                    Map.of(
                        "token_generation",
                        impossible,
                        "context_encoding",
                        Samples.graph("context_encoding", Samples.metaneff(4))),
                    Optional.empty()))
        .withMessageContaining("token_generation.neff was compiled for logical cores of 2 physical")
        .withMessageContaining("which 'trn1' lacks");

    Artifacts artifacts = new Artifacts("x", Samples.CONFIG, Samples.graphs(), Optional.empty());
    NeffChecks.requireLnc(artifacts, 1);
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> NeffChecks.requireLnc(artifacts, 2))
        .withMessageContaining("but the setting is 2");
  }

  @Test
  void logicalCoresAreThoseOfTheNeffsAndNotTheDefaultOfTheTarget() {
    for (int lnc : List.of(1, 2)) {
      Map<String, CompiledGraph> graphs =
          Map.of(
              "context_encoding",
              Samples.graph(
                  "context_encoding", Samples.metaneff(4), NeuronArchitecture.CAYMAN, lnc),
              "token_generation",
              Samples.graph(
                  "token_generation", Samples.metaneff(1), NeuronArchitecture.CAYMAN, lnc));
      assertThat(
              new Artifacts("x", Samples.config("trn2"), graphs, Optional.empty()).logicalCores())
          .isEqualTo(lnc);
    }
  }

  @Test
  void anotherTensorParallelDegreeIsRefused() {
    Artifacts artifacts = new Artifacts("x", Samples.CONFIG, Samples.graphs(), Optional.empty());

    NeffChecks.requireTensorParallelDegree(artifacts, 2);
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> NeffChecks.requireTensorParallelDegree(artifacts, 4))
        .withMessage(
            "x was compiled for tensor-parallel degree 2, not 4; ask for 2 or compile again");
  }

  @Test
  void aLayoutTransformationIsInPlaceAndOfWeights() {
    MetaNeff noKey =
        MetaNeff.of(
            List.of(MetaTensor.userInput(0, DType.I32, Shape.of(1), "x")),
            List.of(MetaTensor.output(0, DType.I32, Shape.of(1))),
            Map.of(0, 0));
    MetaNeff notInPlace =
        MetaNeff.of(Samples.layout().inputs(), Samples.layout().outputs(), Map.of(0, 0));
    for (Map.Entry<MetaNeff, String> layout :
        Map.of(noKey, "its input0 names no weight", notInPlace, "but 1 of its 2 outputs do")
            .entrySet()) {
      CompiledGraph graph = Samples.graph("layout_opt", layout.getKey());
      assertThatExceptionOfType(InvalidModelException.class)
          .isThrownBy(
              () -> new Artifacts("x", Samples.CONFIG, Samples.graphs(), Optional.of(graph)))
          .withMessageContaining(layout.getValue());
    }
  }
}

package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.DType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class NeuronConfigReaderTest {
  private static final String MANDATORY =
      "\"_serialized_key\": \"NxDNeuronConfig\", \"optimum_neuron_version\": \"1\","
          + " \"neuronxcc_version\": null";

  private static String optimum(String name) {
    try (InputStream in =
        NeuronConfigReaderTest.class.getResourceAsStream("/neuron-config/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static NeuronConfig read(String fields) {
    return NeuronConfigReader.read("{" + MANDATORY + ", " + fields + "}", "n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"defaults.json", "smollm3-3b.json"})
  void aFileOfOptimumIsWrittenBackToTheByte(String name) {
    String json = optimum(name);
    assertThat(NeuronConfigWriter.write(NeuronConfigReader.read(json, name))).isEqualTo(json);
  }

  @Test
  void defaultsAreThoseOfOptimum() {
    NeuronConfig read = NeuronConfigReader.read(optimum("defaults.json"), "n");
    NeuronConfig built =
        NeuronConfig.builder()
            .optimumNeuronVersion("0.4.6.dev4")
            .neuronxccVersion("2.21.33363.0+82129205")
            .file(read.file())
            .build();
    assertThat(read).isEqualTo(built);
    assertThat(NeuronConfigWriter.write(built)).isEqualTo(optimum("defaults.json"));
    assertThat(NeuronConfigReader.read("{" + MANDATORY + "}", "n"))
        .isEqualTo(
            NeuronConfig.builder()
                .optimumNeuronVersion("1")
                .file(
                    new NeuronConfig.FileContent(
                        List.of("_serialized_key", "optimum_neuron_version", "neuronxcc_version"),
                        Map.of()))
                .build());
  }

  @Test
  void readsAnExport() {
    NeuronConfig read = NeuronConfigReader.read(optimum("smollm3-3b.json"), "n");
    assertThat(read)
        .isEqualTo(
            NeuronConfig.builder()
                .checkpointId("HuggingFaceTB/SmolLM3-3B")
                .checkpointRevision("abc123")
                .batchSize(4)
                .continuousBatching(true)
                .sequenceLength(4096)
                .tpDegree(8)
                .fusedQkv(true)
                .onDeviceSampling(true)
                .target("trn1")
                .prefillChunkSize(256)
                .capacityFactor(1)
                .optimumNeuronVersion("0.4.6.dev4")
                .neuronxccVersion("2.21.33363.0+82129205")
                .file(read.file())
                .build());
    assertThat(read.file().unknown()).isEmpty();
  }

  @Test
  void readsEveryField() {
    NeuronConfig read =
        read(
            """
            "checkpoint_id": "a", "checkpoint_revision": "b", "batch_size": 2, "max_batch_size": 3,
            "continuous_batching": true, "speculation_length": 5, "sequence_length": 60,
            "tp_degree": 4, "ep_degree": 1, "pp_degree": 1, "torch_dtype": "float32",
            "n_active_tokens": 6, "max_context_length": 50, "output_logits": true,
            "fused_qkv": true, "target": "trn2", "on_device_sampling": false, "max_topk": 7,
            "prefill_chunk_size": 0, "start_rank_id": 1, "local_ranks_size": 2,
            "capacity_factor": 1.5, "glu_mlp": false
            """);
    assertThat(read.checkpointId()).contains("a");
    assertThat(read.checkpointRevision()).contains("b");
    assertThat(read.batchSize()).isEqualTo(2);
    assertThat(read.maxBatchSize()).isEqualTo(3);
    assertThat(read.continuousBatching()).isTrue();
    assertThat(read.speculationLength()).isEqualTo(5);
    assertThat(read.sequenceLength()).isEqualTo(60);
    assertThat(read.tpDegree()).isEqualTo(4);
    assertThat(read.torchDtype()).isEqualTo(DType.F32);
    assertThat(read.nActiveTokens()).isEqualTo(6);
    assertThat(read.maxContextLength()).isEqualTo(50);
    assertThat(read.outputLogits()).isTrue();
    assertThat(read.fusedQkv()).isTrue();
    assertThat(read.target()).contains("trn2");
    assertThat(read.maxTopk()).isEqualTo(7);
    assertThat(read.startRankId()).isEqualTo(1);
    assertThat(read.localRanksSize()).isEqualTo(2);
    assertThat(read.capacityFactor()).isEqualTo(OptionalDouble.of(1.5));
    assertThat(read.gluMlp()).isFalse();
    assertThat(read("\"on_device_sampling\": true").onDeviceSampling()).isTrue();
    assertThat(read("\"prefill_chunk_size\": 16").prefillChunkSize()).isEqualTo(16);
    assertThat(NeuronConfigReader.read(NeuronConfigWriter.write(read), "n").file().unknown())
        .isEmpty();
  }

  @Test
  void unknownFieldsAndTheOrderAreKept() {
    String json =
        """
        {
          "zebra": {
            "b": [
              1,
              2.50,
              null
            ],
            "a": {},
            "c": []
          },
          "tp_degree": 2,
          "optimum_neuron_version": "1",
          "_serialized_key": "NxDNeuronConfig",
          "neuronxcc_version": "2",
          "a_list": [
            "x\\"y",
            12345678901234567890,
            0.1
          ],
          "nothing": null
        }
        """;
    NeuronConfig read = NeuronConfigReader.read(json, "n");
    assertThat(read.file().unknown()).containsOnlyKeys("zebra", "a_list", "nothing");
    String written = NeuronConfigWriter.write(read);
    // The fields of the file first, then what it left out, in alphabetical order.
    String kept = json.substring(0, json.lastIndexOf("\n}"));
    assertThat(written).startsWith(kept + ",\n  \"batch_size\": 1,\n  \"capacity_factor\": null,");
    NeuronConfig again = NeuronConfigReader.read(written, "n");
    assertThat(NeuronConfigWriter.write(again)).isEqualTo(written);
    assertThat(again.file().unknown()).isEqualTo(read.file().unknown());
    JsonNode tree = new JsonMapper().readTree(written);
    assertThat(tree.get("torch_dtype").stringValue()).isEqualTo("bfloat16");
    assertThat(tree.size()).isEqualTo(26 + 3);
  }

  @ParameterizedTest
  @CsvSource({
    "bfloat16, BF16",
    "bf16, BF16",
    "float32, F32",
    "fp32, F32",
    "float16, F16",
    "fp16, F16"
  })
  void takesOptimumsSpellingsOfTypes(String name, DType type) {
    NeuronConfig read = read("\"torch_dtype\": \"" + name + "\"");
    assertThat(read.torchDtype()).isEqualTo(type);
    String written = NeuronConfigWriter.write(read);
    assertThat(NeuronConfigReader.read(written, "n").torchDtype()).isEqualTo(type);
    assertThat(written).contains("\"torch_dtype\": \"" + longName(type) + "\"");
  }

  private static String longName(DType type) {
    return type == DType.BF16 ? "bfloat16" : type == DType.F32 ? "float32" : "float16";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"tp_degree\": 0 | tp_degree is 0, wanted at least 1",
        "\"tp_degree\": 1.0 | tp_degree is 1.0, wanted a whole number",
        "\"tp_degree\": \"2\" | tp_degree is \"2\", wanted a whole number",
        "\"tp_degree\": true | tp_degree is true, wanted a whole number",
        "\"tp_degree\": 4294967297 | tp_degree is 4294967297, wanted at most 2147483647",
        "\"pp_degree\": 2 | pp_degree is 2, only 1 is supported: no pipeline parallelism",
        "\"batch_size\": [] | batch_size is [], wanted a whole number",
        "\"continuous_batching\": 1 | continuous_batching is 1, wanted true or false",
        "\"glu_mlp\": \"yes\" | glu_mlp is \"yes\", wanted true or false",
        "\"checkpoint_id\": 3 | checkpoint_id is 3, wanted a string",
        "\"target\": {} | target is {}, wanted a string",
        "\"capacity_factor\": \"1\" | capacity_factor is \"1\", wanted a number",
        "\"torch_dtype\": \"float64\" "
            + "| torch_dtype is \"float64\", wanted bfloat16, float32 or float16",
        "\"torch_dtype\": \"torch.bfloat16\" "
            + "| torch_dtype is \"torch.bfloat16\", wanted bfloat16, float32 or float16",
        "\"torch_dtype\": 5 | torch_dtype is 5, wanted a string",
        "\"max_context_length\": 129 "
            + "| max_context_length is 129, wanted at most sequence_length 128",
      })
  void refusalsNameTheFile(String field, String message) {
    assertThatThrownBy(() -> read(field))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("n: " + message);
  }

  @Test
  void refusesOtherClassesAndIncompleteFiles() {
    assertRefused(
        "{\"_serialized_key\": \"NxDVLMNeuronConfig\"}",
        "n: _serialized_key is \"NxDVLMNeuronConfig\", only 'NxDNeuronConfig' can be read");
    assertRefused("{}", "n: has no _serialized_key, which has to be given");
    assertRefused(
        "{\"_serialized_key\": \"NxDNeuronConfig\"}",
        "n: has no optimum_neuron_version, which has to be given");
    assertRefused(
        "{\"_serialized_key\": \"NxDNeuronConfig\", \"optimum_neuron_version\": \"1\"}",
        "n: has no neuronxcc_version, which has to be given");
    assertRefused("[]", "n does not hold a JSON object");
    assertThatThrownBy(() -> NeuronConfigReader.read("{\"a\": 1, \"a\": 2}", "n"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith("n is not valid JSON: Duplicate Object property \"a\"");
  }

  private static void assertRefused(String json, String message) {
    assertThatThrownBy(() -> NeuronConfigReader.read(json, "n"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(message);
  }

  @Test
  void readsTheFileOfAnExport(@TempDir Path folder) throws IOException {
    java.nio.file.Files.writeString(folder.resolve("neuron_config.json"), "{\"tp_degree\": 1}");
    FolderFiles files = FolderFiles.open(folder);
    assertThatThrownBy(() -> NeuronConfigReader.read(files))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            files.location()
                + "/neuron_config.json: has no _serialized_key, which has to be given");
  }
}

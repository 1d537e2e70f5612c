package org.smollm3.neuron.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleReader;
import org.smollm3.neuron.hlo.HloStatistics;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Tool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CompileToolTest {
  @TempDir private Path temp;

  private static Path model(String name) {
    return Path.of(System.getProperty("smollm3.root"), "weights-fixtures/goldens/models", name);
  }

  private Path compile(String folder, String model, String... options) throws IOException {
    Map<String, String> values = new HashMap<>();
    Path out = temp.resolve(folder);
    values.put("--out", out.toString());
    for (String option : options) {
      String[] parts = option.split("=", 2);
      values.put(parts[0], parts.length == 1 ? "true" : parts[1]);
    }
    PrintWriter sink = new PrintWriter(new StringWriter());
    Tool.Invocation invocation =
        new Tool.Invocation(List.of(model(model).toString()), values, sink, sink, false);
    assertThat(new CompileTool().run(invocation)).isZero();
    return out;
  }

  private static HloModule module(Path bundle, String graph) throws IOException {
    return HloModuleReader.read(
        graph, Files.readAllBytes(bundle.resolve(BundleManifest.hlo(graph))));
  }

  private Path prompts() throws IOException {
    return Files.writeString(temp.resolve("prompts.json"), "[[1, 2, 3, 4, 5], [7, 8]]");
  }

  @Test
  void aBundleHasModulesAManifestAndRecordedRunsOfEveryRank() throws IOException {
    Path bundle =
        compile(
            "bundle",
            "gqa-nope",
            "--tp=2",
            "--dtype=f32",
            "--sequence-length=32",
            "--record-runs=2",
            "--prompt-ids=" + prompts());
    JsonNode manifest =
        JsonMapper.shared().readTree(Files.readString(bundle.resolve("manifest.json")));

    assertThat(manifest.get("format").asString()).isEqualTo("smollm3-graph-bundle/1");
    assertThat(manifest.get("tp_degree").asInt()).isEqualTo(2);
    List<String> names = new ArrayList<>();
    for (JsonNode graph : manifest.get("graphs")) {
      String name = graph.get("name").asString();
      names.add(name);
      HloModule module = module(bundle, name);
      assertThat(graph.get("parameters").size()).isEqualTo(module.parameters().size());
      assertThat(graph.get("results").size()).isEqualTo(module.results().size());
      assertThat(graph.get("runs").size()).isEqualTo(2);
      for (HloModule.Alias alias : module.aliases()) {
        JsonNode result = graph.get("results").get(alias.result());
        assertThat(result.get("kind").asString()).isEqualTo("state");
        assertThat(result.get("aliases_parameter").asInt()).isEqualTo(alias.parameter());
      }
      for (String file : List.of("rank-0.inputs", "rank-1.inputs", "rank-1.outputs")) {
        assertThat(bundle.resolve(name).resolve("run-1").resolve(file + ".safetensors")).exists();
      }
    }
    assertThat(names).containsExactly("context_encoding", "token_generation");
    assertThat(bundle.resolve("neuron_config.json")).exists();
  }

  @Test
  void theSameModelAndOptionsGiveTheSameBytes() throws IOException {
    Path first = compile("first", "gqa-nope", "--tp=2", "--fused-qkv");
    Path second = compile("second", "gqa-nope", "--tp=2", "--fused-qkv");

    for (String graph : List.of("context_encoding", "token_generation")) {
      assertThat(first.resolve(BundleManifest.hlo(graph)))
          .hasSameBinaryContentAs(second.resolve(BundleManifest.hlo(graph)));
    }
  }

  @Test
  void bfloat16AndFloat32AreTheSameInstructionsButForTypesAndConverts() throws IOException {
    for (String extra : List.of("--fused-qkv", "--on-device-sampling", "--speculation-length=3")) {
      Path half = compile("half" + extra, "gqa-nope", "--tp=2", "--dtype=bf16", extra);
      Path full = compile("full" + extra, "gqa-nope", "--tp=2", "--dtype=f32", extra);
      for (String graph : List.of("context_encoding", "token_generation")) {
        assertThat(skeleton(module(half, graph))).isEqualTo(skeleton(module(full, graph)));
      }
    }
  }

  /** Operations and dimensions in order, without converts. */
  private static List<String> skeleton(HloModule module) {
    return module.entry().instructions().stream()
        .filter(i -> i.opcode() != Opcode.CONVERT)
        .map(i -> i.opcode() + " " + dims(i) + " " + i.source())
        .toList();
  }

  private static String dims(HloInstruction instruction) {
    return instruction.shape().toString().replaceAll("bf16|f32", "float");
  }

  @Test
  void metadataNamesTheLayer() throws IOException {
    HloModule module = module(compile("bundle", "gqa-nope", "--tp=2"), "token_generation");

    assertThat(module.entry().instructions())
        .filteredOn(i -> i.opcode() == Opcode.ALL_REDUCE)
        .extracting(HloInstruction::source)
        .contains("layers.1.self_attn.o_proj", "layers.1.mlp.down_proj");
  }

  @Test
  void tiledAttentionHasNoSquareBuffer() throws IOException {
    Path whole = compile("whole", "gqa-nope", "--sequence-length=512");
    Path tiled = compile("tiled", "gqa-nope", "--sequence-length=512", "--attention-tile=32");

    assertThat(largest(whole)).contains("512,512");
    assertThat(largest(tiled)).doesNotContain("512,512");
  }

  private static String largest(Path bundle) throws IOException {
    return HloStatistics.of(module(bundle, "context_encoding"))
        .largestBuffer()
        .orElseThrow()
        .shape()
        .toString();
  }

  @Test
  void whatNeuronCannotDoIsRefusedByNameAndLeavesNothing() {
    assertThatExceptionOfType(UnsupportedCapabilityException.class)
        .isThrownBy(() -> compile("bundle", "sliding-window"))
        .withMessageContaining("SLIDING_WINDOW");
    assertThatExceptionOfType(UnsupportedCapabilityException.class)
        .isThrownBy(() -> compile("bundle", "rope-yarn"))
        .withMessageContaining("ROPE_YARN");
    assertThat(temp.resolve("bundle")).doesNotExist();
  }

  @Test
  void aFolderThatHoldsSomethingAndBadOptionsAreRefused() throws IOException {
    Files.createDirectories(temp.resolve("full"));
    Files.writeString(temp.resolve("full/file"), "kept");

    refused("is not empty", "full");
    refused("--dtype is 'f64'", "bundle", "--dtype=f64");
    refused("--custom-calls names 'gelu'", "bundle", "--custom-calls=gelu");
    refused("has no tokenizer", "bundle", "--record-runs=1");
    assertThat(temp.resolve("full/file")).hasContent("kept");
    assertThat(temp.resolve("bundle")).doesNotExist();
  }

  private void refused(String message, String folder, String... options) {
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> compile(folder, "gqa-nope", options))
        .withMessageContaining(message);
  }
}

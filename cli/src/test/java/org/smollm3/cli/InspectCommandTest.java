package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.checkpoint.SafetensorsWriter;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Value;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class InspectCommandTest {
  private static final String CONFIG =
      """
      {"model_type": "smollm3", "vocab_size": 32, "hidden_size": 8, "intermediate_size": 16,
       "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
       "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
       "no_rope_layers": [0], "tie_word_embeddings": true, "dtype": "float32",
       "eos_token_id": [1, 2], "hidden_act": "silu"}
      """;

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void writeAFile() {
    file = folder.resolve("some.safetensors");
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("wide", HostTensor.zeros(DType.F32, Shape.of(1000, 2)));
    tensors.put("bad\u001bname", HostTensor.zeros(DType.BF16, Shape.of(3)));
    SafetensorsWriter.write(file, tensors);
  }

  @Test
  void listsTheTensorsOfAFileWithTotals() {
    TestRun run = inspect(file);

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith(file + ": safetensors file\n")
        .contains("wide      F32    [1000, 2]  8,000  some.safetensors\n")
        .contains("bad?name  BF16   [3]            6  some.safetensors\n")
        .endsWith("\n2 tensors in 1 file, 2,003 parameters, 8,006 bytes (1 BF16, 1 F32)\n");
  }

  @Test
  void jsonSaysTheSame() {
    assertThat(inspect(file, "--json").out())
        .contains("\"kind\" : \"safetensors file\"")
        .contains("\"parameters\" : 2003,\n  \"bytes\" : 8006,\n")
        .contains("\"shape\" : [ 1000, 2 ]");
  }

  @Test
  void summarisesAConfig() throws IOException {
    Path config = Files.writeString(folder.resolve("config.json"), CONFIG);

    TestRun run = inspect(config);

    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("1 layers, hidden size 8, MLP 16, vocabulary 32, context 64, weights F32\n")
        .contains("attention: 2 query heads, 1 key/value heads, head dimension 4\n")
        .contains("positions: RoPE theta 10000; RoPE in 0 of 1 layers, none in 0\n")
        .contains("output head tied to the embedding")
        .contains("end tokens: [1, 2]\n");
    assertThat(inspect(config, "--json").out()).contains("\"layers_without_rope\" : [ 0 ]");
  }

  @Test
  void showsTheTensorsOfAFolderWhoseWeightsDoNotFit() throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    Files.move(file, folder.resolve("model.safetensors"));

    TestRun run = inspect(folder);

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.out()).contains("hidden size 8").contains("[1000, 2]");
    assertThat(run.err()).startsWith("smollm3: " + folder + ": ").hasLineCount(1);
    assertThat(inspect(folder, "--json").out()).contains("\"problem\" : \"" + folder);
  }

  @Test
  void showsTheConfigWhereAShardIsMissing() throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"wide\": \"model-00001-of-00001.safetensors\"}}");

    TestRun run = inspect(folder);

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.out()).contains("hidden size 8");
    assertThat(run.err()).contains("model-00001-of-00001.safetensors").hasLineCount(1);
  }

  @Test
  void followsAnIndexAndNotTheSingleFileBesideIt() throws IOException {
    Files.move(file, folder.resolve("part.safetensors"));
    SafetensorsWriter.write(
        folder.resolve("model.safetensors"),
        Map.of("other", HostTensor.zeros(DType.F32, Shape.of(1))));
    Path index =
        Files.writeString(
            folder.resolve("special.safetensors.index.json"),
            "{\"weight_map\": {\"wide\": \"part.safetensors\","
                + " \"bad\\u001bname\": \"part.safetensors\"}}");

    TestRun run = inspect(index);

    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("part.safetensors").contains("wide").doesNotContain("other");
  }

  @Test
  void whatCannotBeInspectedIsOneLine() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Path text = Files.writeString(folder.resolve("notes.txt"), "hi");
    Path json = Files.writeString(folder.resolve("tokenizer.json"), "{}");

    assertThat(inspect(folder.resolve("nix")).err())
        .isEqualTo("smollm3: there is no file or folder '" + folder.resolve("nix") + "'\n");
    assertThat(inspect(empty).err()).contains("has no config.json and no safetensors weights");
    assertThat(inspect(text).err()).startsWith("smollm3: " + text).hasLineCount(1);
    assertThat(inspect(json).err()).contains("is neither config.json nor a");
    for (Path path : List.of(folder.resolve("nix"), empty, text, json)) {
      assertThat(inspect(path).code()).isEqualTo(3);
    }
  }

  /** Knows files that begin with a word, and shows them or finds them broken. */
  private record WordInspector(String word, FileReport report) implements FileInspector {
    @Override
    public String kind() {
      return "a file of " + word;
    }

    @Override
    public boolean recognises(String fileName, MemorySegment head) {
      byte[] bytes = head.toArray(ValueLayout.JAVA_BYTE);
      return new String(bytes, StandardCharsets.UTF_8).startsWith(word);
    }

    @Override
    public FileReport inspect(Path path) {
      return report;
    }
  }

  private static final FileReport REPORT =
      FileReport.of(
          "thing\u001b",
          FileReport.Section.of("first part")
              .with("file size", 12345)
              .with("of a", "bad\u001bname"),
          FileReport.Section.of("tensors")
              .with(
                  new FileReport.Table(
                      List.of("name", "shape", "byte size"),
                      List.of(
                          List.of(Value.of("x"), Value.of(Shape.of(2, 3)), Value.of(5)),
                          List.of(Value.of("longer"), Value.of(Shape.scalar()), Value.of(1234))))));

  @Test
  void showsWhatAnInspectorOfAnotherModuleKnows() throws IOException {
    Path thing = Files.writeString(folder.resolve("x.thing"), "thing and more");

    TestRun run = inspectWith(REPORT, thing);

    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .isEqualTo(
            thing
                + """
                : thing?

                first part
                  file size: 12,345
                  of a: bad?name

                tensors
                name    shape   byte size
                x       [2, 3]          5
                longer  []          1,234
                """);
    assertThat(inspectWith(REPORT, thing, "--json").out())
        .contains("\"kind\" : \"thing")
        .contains("\"first_part\" : {\n    \"file_size\" : 12345,")
        .contains("\"shape\" : [ 2, 3 ],\n      \"byte_size\" : 5");
    assertThat(inspectWith(REPORT, file).out()).contains("safetensors file");
    assertThat(inspectWith(REPORT, folder.resolve("nix")).err()).contains("there is no file");
    assertThat(inspectWith(REPORT, thing, "--help").out()).contains("\n  a file of thing\n");
  }

  @Test
  void aFileThatCannotBeUsedIsShownAllTheSame() throws IOException {
    Path thing = Files.writeString(folder.resolve("x.thing"), "thing");

    TestRun run = inspectWith(REPORT.withProblem("of no use"), thing);

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.out()).contains("12,345");
    assertThat(run.err()).isEqualTo("smollm3: " + thing + ": of no use\n");
  }

  private static TestRun inspectWith(FileReport report, Path path, String... options) {
    return run(List.of(new WordInspector("thing", report)), path, options);
  }

  private static TestRun inspect(Path path, String... options) {
    return run(List.of(), path, options);
  }

  private static TestRun run(List<FileInspector> inspectors, Path path, String... options) {
    String[] args = new String[options.length + 2];
    args[0] = "inspect";
    args[1] = path.toString();
    System.arraycopy(options, 0, args, 2, options.length);
    return TestRun.of(List.of(new InspectCommand(inspectors)), args);
  }
}

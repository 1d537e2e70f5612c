package org.smollm3.neuron.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.neuron.trace.Lowering;
import org.smollm3.spi.Tool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code compile} says of its graphs, and of models and folders that it cannot use. */
class CompileErrorsTest {
  private static final Path MODEL = Lowering.golden("gqa-nope");

  @TempDir private Path temp;

  private String compile(Path model, Path out, String... options) {
    Map<String, String> values = new HashMap<>(Map.of("--out", out.toString()));
    for (String option : options) {
      String[] parts = option.split("=", 2);
      values.put(parts[0], parts.length == 1 ? "true" : parts[1]);
    }
    StringWriter printed = new StringWriter();
    PrintWriter writer = new PrintWriter(printed, true);
    Tool.Invocation invocation =
        new Tool.Invocation(List.of(model.toString()), values, writer, writer, false);
    assertThat(new CompileTool().run(invocation)).isZero();
    return printed.toString();
  }

  private void refused(String message, Path model, Path out, String... options) {
    assertThatThrownBy(() -> compile(model, out, options))
        .isInstanceOf(SmolLm3Exception.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void theLintIsPartOfTheResult() {
    assertThat(compile(MODEL, temp.resolve("text"))).contains("lint: 0 findings");
    JsonNode json = JsonMapper.shared().readTree(compile(MODEL, temp.resolve("json"), "--json"));
    assertThat(json.get("graphs").size()).isEqualTo(2);
    for (JsonNode graph : json.get("graphs")) {
      assertThat(graph.get("findings").isArray()).isTrue();
      assertThat(graph.get("findings").size()).isZero();
    }
  }

  @Test
  void aFolderThatCannotBeMadeOrWrittenIsNamed() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "kept");

    refused("file is a file; name a new folder", MODEL, file);
    assertThatThrownBy(() -> compile(MODEL, file.resolve("bundle")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("cannot write the bundle to " + file.resolve("bundle") + ": ");
    assertThat(file).hasContent("kept");
  }

  @Test
  void aModelThatIsNotThereOrBrokenIsNamedAndNothingIsWritten() throws IOException {
    Path out = temp.resolve("bundle");
    Path broken = Files.createDirectories(temp.resolve("broken"));
    Path config = broken.resolve("config.json");

    refused("no-model", temp.resolve("no-model"), out);
    refused("config.json", broken, out);
    Files.writeString(config, "{");
    refused("config.json", broken, out);
    Files.writeString(config, "[]");
    refused("config.json", broken, out);
    String good = Files.readString(MODEL.resolve("config.json"));
    Files.writeString(config, good.replaceAll("\"hidden_size\": *\\d+", "\"hidden_size\": -1"));
    refused("hidden_size", broken, out);
    assertThat(out).doesNotExist();
  }

  @Test
  void numbersThatDoNotFitTheModelAreNamedAndNothingIsWritten() {
    Path out = temp.resolve("bundle");

    refused("tp_degree", MODEL, out, "--tp=0");
    refused("max_topk", MODEL, out, "--max-topk=99999", "--on-device-sampling");
    refused("max_context_length", MODEL, out, "--max-context-length=999");
    refused("prefill_chunk_size", MODEL, out, "--prefill-chunk-size=-1");
    refused("speculation", MODEL, out, "--speculation-length=2", "--on-device-sampling");
    refused("attention tiles of 0 keys", MODEL, out, "--attention-tile=0");
    refused("--record-runs is -1", MODEL, out, "--record-runs=-1");
    refused(
        "--custom-calls go with --record-runs 0",
        MODEL,
        out,
        "--custom-calls=all",
        "--record-runs=1");
    assertThat(out).doesNotExist();
  }
}

package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two layers of the true width and vocabulary of SmolLM3-3B, made and run in small heaps. */
class WideModelTest {
  private static final long DISK_NEEDED = 2L << 30;

  @TempDir Path temp;

  @Test
  void weightsStayInTheMappedFile() throws Exception {
    assumeTrue(
        temp.toFile().getUsableSpace() > DISK_NEEDED,
        "skipped: the two-layer model of the 3B width needs 2 GiB of disk");
    Path model = temp.resolve("model");
    run(
        "-Xmx64m",
        "fixture",
        "--shape",
        "smollm3-3b",
        "--layers",
        "2",
        "--dtype",
        "bf16",
        "--out",
        model.toString());
    long weights;
    try (var files = Files.list(model)) {
      weights =
          files
              .filter(file -> file.toString().endsWith(".safetensors"))
              .mapToLong(file -> file.toFile().length())
              .sum();
    }
    // Embeddings 128256 x 2048 and two layers, in bfloat16.
    assertThat(weights).isGreaterThan(820_000_000L);
    // A heap far smaller than the weights: were they copied there, this would fail.
    String ids =
        run(
            "-Xmx256m",
            "generate",
            "--model",
            model.toString(),
            "--prompt-ids",
            "1,2,3,4,5,6,7,8",
            "--greedy",
            "--max-new-tokens",
            "4",
            "--json");
    assertThat(ids).contains("\"backend\" : \"cpu\"").containsPattern("\"finish_reason\" : \"");
    String text =
        run("-Xmx1g", "generate", "--model", model.toString(), "--max-new-tokens", "4", "A king");
    assertThat(text).isNotBlank();
  }

  private static String run(String heap, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(heap);
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile("smollm3", ".out");
    Path err = Files.createTempFile("smollm3", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      boolean ended = process.waitFor(120, TimeUnit.SECONDS);
      process.destroyForcibly();
      assertThat(ended).as("%s in time", arguments[0]).isTrue();
      assertThat(process.exitValue()).as(Files.readString(err)).isZero();
      return Files.readString(out);
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }
}

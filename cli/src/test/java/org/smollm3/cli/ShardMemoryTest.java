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

/** A checkpoint several times as large as the heap of the program that cuts it. */
class ShardMemoryTest {
  private static final long DISK_NEEDED = 3L << 30;

  @TempDir Path folder;

  private String run(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    boolean ended = process.waitFor(180, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).as("in time").isTrue();
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    return Files.readString(out);
  }

  @Test
  void neitherAModelNorATensorIsHeldInMemory() throws IOException, InterruptedException {
    assumeTrue(folder.toFile().getUsableSpace() > DISK_NEEDED, "skipped: 3 GiB of disk are needed");
    Path model = folder.resolve("model");
    // The true vocabulary: the table alone has 131 MB. Three ranks pad every dimension.
    run(
        "fixture",
        "--shape=smollm3-3b",
        "--layers=8",
        "--hidden=512",
        "--intermediate=1408",
        "--head-dim=32",
        "--dtype=bf16",
        "--out=" + model);
    Path out = folder.resolve("out");
    String told = run("shard", "--tp=3", "--fused-qkv", "--out=" + out, model.toString());

    assertThat(told).contains(" in 3 files under weights; ");
    try (var files = Files.walk(out)) {
      assertThat(files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum())
          .isGreaterThan(300_000_000L);
    }
    assertThat(run("inspect", out.toString())).contains("(177 BF16, 27 I32)");
  }
}

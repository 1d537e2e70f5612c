package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {
  @TempDir static Path shared;
  private static Path model;

  @TempDir Path folder;

  @BeforeAll
  static void makeAModel() {
    model = shared.resolve("model");
    assertThat(run("fixture", "--out", model.toString(), "--dtype", "bf16").code()).isZero();
  }

  private static TestRun run(String... args) {
    Console console =
        Console.of(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            OutputStream.nullOutputStream(),
            false);
    return TestRun.of(Program.installedCommands(console), args);
  }

  private Path out() {
    return folder.resolve("out");
  }

  private TestRun quantize(String... options) {
    return run(
        Stream.concat(Stream.of("quantize", model.toString(), out().toString()), Stream.of(options))
            .toArray(String[]::new));
  }

  private static TestRun generate(Path from, String backend, String... options) {
    return run(
        Stream.concat(
                Stream.of(
                    "generate",
                    "--backend=" + backend,
                    "--model=" + from,
                    "--prompt-ids=5,6,7",
                    "--greedy",
                    "--max-new-tokens=6",
                    "--json"),
                Stream.of(options))
            .toArray(String[]::new));
  }

  private static String ids(Path from, String backend, String... options) {
    TestRun run = generate(from, backend, options);
    assertThat(run.err()).isEmpty();
    return run.out().substring(run.out().indexOf("\"ids\""), run.out().indexOf("\"finish"));
  }

  @Test
  void aheadAndOnLoadIsTheSame() {
    for (String format : new String[] {"int8", "int8-group32"}) {
      TestRun made = format.equals("int8") ? quantize() : quantize("--group=32");
      assertThat(made.err()).isEmpty();
      assertThat(made.out()).startsWith(out() + ": ").contains(" MB of weights as " + format + ";");
      String ahead = ids(out(), "cpu");
      assertThat(ids(model, "cpu", "--backend-options=weights=" + format)).isEqualTo(ahead);
      assertThat(ids(out(), "cpu", "--backend-options=weights=" + format)).isEqualTo(ahead);
      assertThat(ids(out(), "exact", "--dtype=f32")).isEqualTo(ids(out(), "cpu", "--dtype=f32"));
      delete();
    }
  }

  private void delete() {
    try (Stream<Path> files = Files.list(out())) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void inspectShowsWhatWasWritten() {
    TestRun made = quantize("--json");
    assertThat(made.out()).contains("\"format\" : \"int8\"", "\"bytes\" : ");
    TestRun inspected = run("inspect", out().toString());
    assertThat(inspected.err()).isEmpty();
    assertThat(inspected.out())
        .contains("model.layers.0.mlp.up_proj.weight_scale", " I8 ", "(74 BF16, 57 I8)");
  }

  @Test
  void otherBackendsRefuseItInOneLine() {
    assertThat(quantize().code()).isZero();
    TestRun run = generate(out(), "hlo");
    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err())
        .isEqualTo(
            "smollm3: weight 'embed_tokens.weight' is stored as int8, which this backend cannot"
                + " read; run the model on 'cpu' or 'exact', or take the one that it was quantised"
                + " from\n");
    TestRun sharded = run("shard", "--tp=2", "--out=" + folder.resolve("s"), out().toString());
    assertThat(sharded.code()).isEqualTo(2);
    assertThat(sharded.err())
        .isEqualTo(
            "smollm3: " + out() + " is quantised; shard the checkpoint that it was made of\n");
  }

  @Test
  void badRequestsAreOneLineAndChangeNothing() throws IOException {
    TestRun group = quantize("--group=64");
    assertThat(group.code()).isEqualTo(2);
    assertThat(group.err())
        .isEqualTo("smollm3: --group is 64; give 32, or leave it out for a scale for each row\n");
    assertThat(quantize("--group=many").code()).isEqualTo(2);
    assertThat(run("quantize", model.toString()).err())
        .isEqualTo("smollm3: missing MODEL OUT; see smollm3 quantize --help\n");
    TestRun nowhere = run("quantize", folder.resolve("no").toString(), out().toString());
    assertThat(nowhere.code()).isEqualTo(3);
    assertThat(nowhere.err()).hasLineCount(1);
    assertThat(out()).doesNotExist();

    Files.createDirectories(out());
    Files.writeString(out().resolve("mine"), "kept");
    TestRun full = quantize();
    assertThat(full.code()).isEqualTo(2);
    assertThat(full.err())
        .isEqualTo("smollm3: " + out() + " is not empty; name a new folder or empty it\n");
    assertThat(Files.readString(out().resolve("mine"))).isEqualTo("kept");
    assertThat(Files.list(out())).hasSize(1);

    TestRun unknown = generate(model, "cpu", "--backend-options=weights=int4");
    assertThat(unknown.code()).isEqualTo(3);
    assertThat(unknown.err())
        .isEqualTo("smollm3: option weights is 'int4'; give stored, int8 or int8-group32\n");
  }

  @Test
  void quantizingTwiceIsRefused() {
    assertThat(quantize().code()).isZero();
    TestRun again = run("quantize", out().toString(), folder.resolve("again").toString());
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err())
        .isEqualTo("smollm3: " + out() + " is quantised already; give the original checkpoint\n");
  }
}

package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardCommandTest {
  @TempDir static Path shared;
  private static Path model;

  @TempDir Path folder;

  @BeforeAll
  static void makeAModel() {
    model = shared.resolve("model");
    assertThat(run("fixture", "--out", model.toString(), "--dtype", "f32").code()).isZero();
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

  private TestRun shard(String... options) {
    return run(
        Stream.of(
                List.of("shard"),
                List.of(options),
                List.of("--out", folder.resolve("out").toString(), model.toString()))
            .flatMap(List::stream)
            .toArray(String[]::new));
  }

  /** The ids that are generated from a model. */
  private static String ids(Path from, String... options) {
    String[] args =
        Stream.concat(
                Stream.of(
                    "generate",
                    "--backend=cpu",
                    "--model=" + from,
                    "--prompt-ids=5,6,7",
                    "--greedy",
                    "--max-new-tokens=6",
                    "--json"),
                Stream.of(options))
            .toArray(String[]::new);
    TestRun run = run(args);
    assertThat(run.err()).isEmpty();
    return run.out().substring(run.out().indexOf("\"ids\""), run.out().indexOf("\"finish"));
  }

  @Test
  void shardsAreRunAsTheWholeIs() {
    TestRun run = shard("--tp", "2", "--fused-qkv");

    Path out = folder.resolve("out");
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).startsWith(out + ": 10.24 MB in 2 files under weights; ");
    assertThat(run.out()).hasLineCount(1);
    assertThat(out.resolve("weights/tp1_sharded_checkpoint.safetensors")).exists();
    String whole = ids(model, "--tp=2", "--fused-qkv");
    assertThat(ids(out)).isEqualTo(whole);
    assertThat(ids(out, "--tp=2")).isEqualTo(whole);
    assertThat(ids(model)).isEqualTo(whole);

    TestRun other = run("generate", "--model=" + out, "--tp=4", "--prompt-ids=1");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err())
        .endsWith(
            "smollm3: "
                + out.resolve("weights")
                + " is cut for 2 ranks with fused projections, not for 4 ranks with fused"
                + " projections; shard the original checkpoint again for that\n");
  }

  @Test
  void tapsOfRanksAreToldApart() {
    Path dump = folder.resolve("taps.safetensors");
    ids(model, "--tp=2", "--taps=layers.0.self_attn.q_proj", "--dump=" + dump);

    assertThat(run("inspect", dump.toString()).out())
        .contains("tp0.layers.0.self_attn.q_proj")
        .contains("tp1.layers.0.self_attn.q_proj");
  }

  @Test
  void castsWeights() {
    assertThat(shard("--tp=1", "--dtype=BF16").code()).isZero();

    TestRun inspected = run("inspect", folder.resolve("out").toString());
    assertThat(inspected.err()).isEmpty();
    assertThat(inspected.out())
        .startsWith(folder.resolve("out") + ": model folder, cut for ranks\n")
        .contains("weights BF16")
        .contains("lm_head.weight")
        .contains("weights/tp0_sharded_checkpoint.safetensors")
        .doesNotContain("F32");
  }

  @Test
  void inspectShowsWhatIsWrongWithShards() throws IOException {
    shard("--tp=2");
    Files.delete(folder.resolve("out/weights/tp1_sharded_checkpoint.safetensors"));

    TestRun inspected = run("inspect", folder.resolve("out").toString());
    assertThat(inspected.code()).isEqualTo(3);
    assertThat(inspected.out()).contains("lm_head.weight");
    assertThat(inspected.err())
        .isEqualTo(
            "smollm3: "
                + folder.resolve("out/weights")
                + " has the files of 1 rank, but they are cut for 2 ranks;"
                + " tp1_sharded_checkpoint.safetensors is missing\n");
  }

  @Test
  void jsonSaysTheSame() {
    assertThat(shard("--tp=3", "--json").out())
        .startsWith("{\n  \"folder\" : \"" + folder.resolve("out") + "\",\n  \"tp\" : 3,\n")
        .contains("\"fused_qkv\" : false,\n  \"bytes\" : ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tp=2 --out={d}/x           | missing MODEL; see smollm3 shard --help",
        "--out={d}/x {m}              | missing option --tp",
        "--tp=2 {m}                   | missing option --out",
        "--tp=2 --out= {m}            | --out is empty",
        "--tp=0 --out={d}/x {m}       | --tp wants 1 to 1024, not 0",
        "--tp=-2 --out={d}/x {m}      | --tp wants 1 to 1024, not -2",
        "--tp=9999 --out={d}/x {m}    | --tp wants 1 to 1024, not 9999",
        "--tp=1.5 --out={d}/x {m}     | invalid value for option '--tp': '1.5' is no whole number in range; see smollm3 shard --help",
        "--tp=2 --dtype=f16 --out={d}/x {m} | --dtype wants f32 or bf16, not 'f16'",
        "--tp=2 --out={m} {m}         | {m} is not empty; name a new folder or empty it",
        "--tp=2 --out={m}/config.json {m} | {m}/config.json is a file; name a new folder",
        "--tp=2 --out={d}/x {m} {m}   | one argument too many: '{m}'; see smollm3 shard --help",
      })
  void whatCannotBeIsRefusedInOneLine(String line, String message) {
    TestRun run = run(("shard " + fill(line)).split(" +"));

    String told = fill(message);
    assertThat(run.out()).isEmpty();
    if (told.startsWith("one argument too many")) {
      assertThat(run.err()).startsWith("smollm3: one argument too many: '").hasLineCount(1);
    } else {
      assertThat(run.err()).isEqualTo("smollm3: " + told + "\n");
    }
    assertThat(run.code()).isEqualTo(2);
    assertThat(folder).isEmptyDirectory();
  }

  private String fill(String text) {
    return text.strip().replace("{d}", folder.toString()).replace("{m}", model.toString());
  }

  @Test
  void aModelThatIsNoneIsRefused() {
    TestRun run = run("shard", "--tp=2", "--out=" + folder.resolve("x"), folder.toString());

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).startsWith("smollm3: " + folder + " has no file 'config.json'");
    assertThat(folder).isEmptyDirectory();
  }
}

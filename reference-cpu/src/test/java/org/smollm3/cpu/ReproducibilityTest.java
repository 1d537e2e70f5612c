package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.kvcache.KvCacheSpec;
import org.smollm3.model.DecoderOptions;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;

/**
 * The same bits whatever the threads, the width of the vectors and the settings of the JVM are, and
 * whichever way a token came. The models are small enough for JVMs that compute without hardware
 * fma or without a compiler. Each setting costs a JVM: a few that differ most run always, all of
 * them with the system property {@value #FULL}.
 */
class ReproducibilityTest {
  private static final String FULL = "smollm3.fullReproducibility";

  /** A model, and how its weights are used. */
  private record Run(String model, String weights) {}

  private static final List<Run> RUNS =
      List.of(
          new Run("bf16-gqa-nope", "stored"),
          new Run("gqa-nope", "stored"),
          new Run("bf16-gqa-nope", "int8"),
          new Run("gqa-nope", "int8-group32"));

  /** More than a tile of keys. */
  private static final int TOKENS = 67;

  /** For JVMs that take a microsecond for a multiply-add. */
  private static final int FEW_TOKENS = 14;

  private static SmolLm3Model model(String name) {
    String root = System.getProperty("smollm3.root");
    return SmolLm3Model.open(Path.of(root, "weights-fixtures/goldens/models", name));
  }

  private static int[] prompt(SmolLm3Model model, int first, int count) {
    int vocab = model.config().vocabSize();
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = (int) ((first + i) * 2_654_435_761L >>> 7) % vocab;
    }
    return Arrays.stream(ids).map(id -> Math.floorMod(id, vocab)).toArray();
  }

  private static DecoderRunner open(Backend backend, SmolLm3Model model, int slots) {
    DType arithmetic = model.config().dtype() == DType.BF16 ? DType.BF16 : DType.F32;
    DecoderOptions options =
        DecoderOptions.of(arithmetic, slots, TOKENS + 1)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS);
    return model.load(backend, options, LoadOptions.defaults());
  }

  /** Logits of all tokens of a prompt that comes in pieces, in the slot. */
  private static List<HostTensor> logits(
      DecoderRunner runner, SmolLm3Model model, int slot, int... pieces) {
    List<HostTensor> rows = new ArrayList<>();
    int done = 0;
    for (int piece : pieces) {
      int[] ids = prompt(model, done, piece);
      List<RowRequest> rowsIn = List.of(RowRequest.at(slot, done, ids));
      RowOutput output =
          (piece == 1 && done > 0 ? runner.decode(rowsIn) : runner.prefill(rowsIn)).get(0);
      HostTensor logits = output.logits().orElseThrow();
      for (int i = 0; i < piece; i++) {
        rows.add(logits.row(i).copy());
      }
      done += piece;
    }
    return rows;
  }

  private static int[] ones(int count) {
    int[] ones = new int[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static void assertSame(List<HostTensor> actual, List<HostTensor> wanted, String how) {
    for (int i = 0; i < wanted.size(); i++) {
      assertThat(actual.get(i).segment().mismatch(wanted.get(i).segment()))
          .as("%s: token %d", how, i)
          .isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bf16-gqa-nope, stored",
    "gqa-nope, stored",
    "bf16-gqa-nope, int8",
    "gqa-nope, int8-group32"
  })
  void aTokenHasTheSameBitsWhicheverWayItCame(String name, String weights) {
    SmolLm3Model model = model(name);
    CpuSettings settings = new CpuSettings(2, OptionalInt.of(512), Int8Format.byLabel(weights));
    try (CpuBackend backend = new CpuBackend(settings);
        DecoderRunner runner = open(backend, model, 3)) {
      List<HostTensor> whole = logits(runner, model, 0, TOKENS);
      HostTensor keys = runner.session().readState(KvCacheSpec.keyName(0), 0).row(0).copy();
      assertSame(logits(runner, model, 0, 13, 40, 14), whole, "in chunks");
      assertSame(logits(runner, model, 2, ones(TOKENS)), whole, "one by one, in another slot");
      HostTensor keysOneByOne = runner.session().readState(KvCacheSpec.keyName(0), 0).row(2);
      assertThat(keysOneByOne.segment().mismatch(keys.segment())).isEqualTo(-1);
      List<RowOutput> batch =
          runner.prefill(
              List.of(
                  RowRequest.prompt(1, prompt(model, 500, 20)),
                  RowRequest.prompt(0, prompt(model, 0, TOKENS)),
                  RowRequest.prompt(2, prompt(model, 900, TOKENS))));
      HostTensor inBatch = batch.get(1).logits().orElseThrow();
      assertSame(
          Stream.iterate(0, i -> i + 1).limit(TOKENS).map(inBatch::row).toList(), whole, "batch");
      // Decoding beside others that are elsewhere.
      runner.prefill(List.of(RowRequest.prompt(0, prompt(model, 0, TOKENS - 1))));
      List<RowOutput> step =
          runner.decode(
              List.of(
                  RowRequest.at(1, 20, 7),
                  RowRequest.at(0, TOKENS - 1, last(model)),
                  RowRequest.at(2, 3, 9)));
      HostTensor decoded = step.get(1).logits().orElseThrow();
      assertSame(List.of(decoded.row(0)), whole.subList(TOKENS - 1, TOKENS), "decode in a batch");
    }
  }

  private static int last(SmolLm3Model model) {
    return prompt(model, TOKENS - 1, 1)[0];
  }

  static List<List<String>> settings() {
    List<List<String>> settings = new ArrayList<>();
    // Three threads share tiles unevenly; 128 bits make four vectors of the virtual lanes.
    settings.add(List.of("-Dsmollm3.threads=3", "-Dsmollm3.vectorBits=128"));
    if (Boolean.getBoolean(FULL)) {
      for (int threads : new int[] {1, 2, 3, 8}) {
        settings.add(List.of("-Dsmollm3.threads=" + threads));
      }
      for (int bits : new int[] {128, 256, 512}) {
        settings.add(List.of("-Dsmollm3.vectorBits=" + bits));
      }
      for (int avx = 1; avx <= 3; avx++) {
        settings.add(List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=" + avx));
      }
      settings.add(List.of("-XX:TieredStopAtLevel=1"));
    }
    return settings;
  }

  @ParameterizedTest
  @MethodSource("settings")
  void anotherJvmGivesTheSameBits(List<String> settings) throws Exception {
    List<String> vectors = new ArrayList<>(settings);
    vectors.add("--add-modules=jdk.incubator.vector");
    assertThat(start(vectors, TOKENS)).isEqualTo(Program.hash(TOKENS));
  }

  static List<List<String>> slowSettings() {
    return List.of(
        List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=0"),
        List.of("-Xint"),
        List.of("-Xint", "-Dsmollm3.vectorBits=128"));
  }

  @EnabledIfSystemProperty(named = FULL, matches = "true")
  @ParameterizedTest
  @MethodSource("slowSettings")
  void aJvmWithoutVectorUnitsOrCompilerGivesTheSameBits(List<String> settings) throws Exception {
    List<String> vectors = new ArrayList<>(settings);
    vectors.add("--add-modules=jdk.incubator.vector");
    assertThat(start(vectors, FEW_TOKENS)).isEqualTo(Program.hash(FEW_TOKENS));
  }

  @Test
  void theScalarTwinsGiveTheSameBits() throws Exception {
    assertThat(start(List.of(), TOKENS)).isEqualTo(Program.hash(TOKENS));
  }

  private static String start(List<String> options, int tokens)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-Dsmollm3.root=" + System.getProperty("smollm3.root"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    command.add(String.valueOf(tokens));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  /** What runs there: a prompt whole, its end in a chunk and by decoding; all logits and caches. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      System.out.println(hash(Integer.parseInt(args[0])));
    }

    static String hash(int tokens) {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (Run run : RUNS) {
          SmolLm3Model model = model(run.model());
          Map<String, String> options = Map.of("weights", run.weights());
          try (Backend backend =
                  new CpuBackendProvider().open(new org.smollm3.spi.BackendOptions(options));
              DecoderRunner runner = open(backend, model, 1)) {
            List<HostTensor> whole = logits(runner, model, 0, tokens);
            int[] end = prompt(model, tokens - 3, 2);
            RowOutput chunk = runner.prefill(List.of(RowRequest.at(0, tokens - 3, end))).get(0);
            RowOutput decoded =
                runner
                    .decode(List.of(RowRequest.at(0, tokens - 1, prompt(model, tokens - 1, 1))))
                    .get(0);
            whole.forEach(row -> digest.update(row.segment().asByteBuffer()));
            digest.update(chunk.logits().orElseThrow().copy().segment().asByteBuffer());
            digest.update(decoded.logits().orElseThrow().copy().segment().asByteBuffer());
            for (int i = 0; i < model.config().numHiddenLayers(); i++) {
              for (String state : List.of(KvCacheSpec.keyName(i), KvCacheSpec.valueName(i))) {
                digest.update(runner.session().readState(state, 0).segment().asByteBuffer());
              }
            }
          }
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has SHA-256", e);
      }
    }
  }
}

package org.smollm3.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Tool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchToolTest {
  private static final String TINY =
      Path.of(
              System.getProperty("smollm3.root"),
              "weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny")
          .toString();

  private static String run(List<String> arguments, Map<String, String> options) {
    Map<String, String> values = new HashMap<>(options);
    values.put("--warm-up", "1");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        new BenchTool()
            .run(
                new Tool.Invocation(
                    arguments, values, new PrintWriter(out, true), new PrintWriter(err), false));
    assertThat(code).isZero();
    assertThat(err.toString()).isEmpty();
    return out.toString();
  }

  @Test
  void everythingIsMeasuredAndPartsMakeUpTheTime() {
    JsonNode json =
        JsonMapper.shared()
            .readTree(
                run(
                    List.of(TINY),
                    Map.of(
                        "--json",
                        "true",
                        "--prompt",
                        "20",
                        "--contexts",
                        "40,3",
                        "--rounds",
                        "3",
                        "--chunk",
                        "16",
                        "--threads",
                        "2")));
    assertThat(json.path("settings").asString()).contains("2 threads").contains("BF16");
    assertThat(json.path("weight_bytes_per_token").longValue()).isGreaterThan(3_000_000);
    assertThat(json.path("first_token_seconds").doubleValue()).isPositive();
    JsonNode prefill = json.path("prefill");
    assertThat(prefill.path("tokens").intValue()).isEqualTo(20);
    assertThat(prefill.path("share_of_peak").path("median").doubleValue()).isBetween(0.0, 1.5);
    assertThat(json.path("decode").size()).isEqualTo(2);
    assertThat(json.path("decode").path(0).path("context").intValue()).isEqualTo(3);
    for (JsonNode at : json.path("decode")) {
      JsonNode rate = at.path("tokens_per_second");
      assertThat(rate.path("min").doubleValue()).isPositive();
      assertThat(rate.path("median").doubleValue())
          .isBetween(rate.path("min").doubleValue(), rate.path("max").doubleValue());
      double parts = 0;
      for (JsonNode part : at.path("share_of_time")) {
        parts += part.doubleValue();
      }
      assertThat(parts).isBetween(0.0, 1.5);
      assertThat(at.path("share_of_time").path("linear").doubleValue()).isPositive();
      assertThat(at.path("share_of_time").path("attention").doubleValue()).isPositive();
    }
  }

  @Test
  void theTextNamesWhatSharesAreOf() {
    assertThat(run(List.of(TINY), Map.of("--prompt", "4", "--contexts", "2", "--rounds", "1")))
        .contains("prefill of 4 tokens", "machine's GB/s", "machine's GFLOP/s", "mapped from");
  }

  @Test
  void int8WeightsAreNamedAndTheirBytesCounted() {
    Map<String, String> options =
        Map.of("--prompt", "4", "--contexts", "2", "--rounds", "1", "--json", "true");
    Map<String, String> rounded = new HashMap<>(options);
    rounded.put("--backend-options", "weights=int8-group32");
    JsonNode stored = JsonMapper.shared().readTree(run(List.of(TINY), options));
    JsonNode int8 = JsonMapper.shared().readTree(run(List.of(TINY), rounded));
    assertThat(stored.path("weight_formats").asString()).isEqualTo("BF16");
    assertThat(stored.path("backing").asString()).isEqualTo("mapped from their files");
    assertThat(int8.path("weight_formats").asString()).isEqualTo("int8-group32, BF16");
    assertThat(int8.path("backing").asString()).isEqualTo("100 % in memory, the rest mapped");
    double ratio =
        (double) int8.path("weight_bytes_per_token").longValue()
            / stored.path("weight_bytes_per_token").longValue();
    assertThat(ratio).isBetween(36.0 / 64, 0.58);
  }

  @Test
  void badOptionsAreRefusedByName() {
    refused(Map.of("--contexts", "1,x"), "--contexts wants whole numbers");
    refused(Map.of("--contexts", "0"), "--contexts has 0");
    refused(Map.of("--rounds", "0"), "--rounds is 0");
    refused(Map.of("--dtype", "f16"), "--dtype is 'f16'");
    refused(Map.of("--contexts", "100000000"), "the model has");
    refused(Map.of("--layers", "2"), "--layers goes with --shape");
    refused(Map.of("--shape", "smollm3-3b"), "not both");
    assertThatThrownBy(() -> run(List.of(TINY), Map.of("--threads", "0")))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("option threads is 0");
  }

  private static void refused(Map<String, String> options, String message) {
    assertThatThrownBy(() -> run(List.of(TINY), options))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining(message);
  }

  @Test
  void theBackingOfTheWeightsIsChosenAndNamed() {
    assumeTrue(Files.exists(Path.of("/sys/kernel/mm/transparent_hugepage/enabled")), "huge pages");
    Map<String, String> options =
        Map.of(
            "--prompt",
            "4",
            "--contexts",
            "2",
            "--rounds",
            "1",
            "--backend-options",
            "weights-memory=huge-pages");
    assertThat(run(List.of(TINY), options)).contains("weights BF16, copied to huge pages (");
    assertThatThrownBy(
            () -> run(List.of(TINY), Map.of("--backend-options", "weights-memory=large")))
        .isInstanceOf(BackendException.class)
        .hasMessage("option weights-memory is 'large'; give mapped or huge-pages");
  }

  @Test
  void freshJvmsEachRunEveryKernel() {
    StringWriter out = new StringWriter();
    int code =
        new BenchTool()
            .run(
                new Tool.Invocation(
                    List.of(),
                    Map.of("--fresh-jvms", "2", "--seconds", "1"),
                    new PrintWriter(out, true),
                    new PrintWriter(new StringWriter()),
                    false));
    assertThat(code).isBetween(0, 1);
    assertThat(out.toString())
        .contains("2 fresh JVMs, 1 thread, the best")
        .containsPattern("linear, 1 token +\\d+\\.\\d %")
        .containsPattern("attention, 64 tokens +\\d+\\.\\d %.* of  2 ")
        .contains("swiglu");
  }

  @Test
  void freshJvmsAreNotStartedForAWrongNumberOfThreads() {
    assertThatThrownBy(() -> run(List.of(), Map.of("--fresh-jvms", "2", "--threads", "x")))
        .isInstanceOf(BackendException.class)
        .hasMessage("option threads is 'x', not a number of threads; give a whole number from 1");
  }

  @Test
  void aSlowJvmIsFoundInTheTable() {
    FreshJvms all = new FreshJvms("2");
    all.add("linear", 0.50);
    all.add("linear", 0.46);
    assertThat(all.isGood()).isTrue();
    all.add("linear", 0.01);
    assertThat(all.isGood()).isFalse();
    StringWriter out = new StringWriter();
    all.print(new PrintWriter(out, true), 5);
    assertThat(out.toString()).containsPattern("linear +2.0 % +92.0 % +1 of  3  50.00");
  }

  /** In a JVM without a compiler every kernel stays slow, and each is named with the remedy. */
  @Test
  @Timeout(120)
  void kernelsThatStayInterpretedAreNamed() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "-XX:CompileCommand=exclude,org/smollm3/cpu/kernels/Lanes*.*",
                "-XX:CompileCommand=exclude,org/smollm3/cpu/kernels/FourRows256.*",
                "-XX:CompileCommand=exclude,org/smollm3/cpu/kernels/EightRows512.*",
                "-cp",
                System.getProperty("java.class.path"),
                SlowLoops.class.getName())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output)
        .contains("kernel 'linear, 1 token' stays slow", "-XX:-TieredCompilation")
        .doesNotContain("kernel 'add'");
  }

  /** What runs there. */
  static final class SlowLoops {
    private SlowLoops() {}

    public static void main(String[] args) {
      try (MeasuredCpu cpu = MeasuredCpu.open(new BackendOptions(Map.of("threads", "1")));
          SelfTest test = new SelfTest(cpu)) {
        test.untilFast(6).stream()
            .filter(SelfTest.Result::isSlow)
            .forEach(result -> System.out.println(result.warning()));
      }
    }
  }

  @Test
  void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
    assertThat(new Samples(List.of(4.0, 1.0, 2.0, 30.0)).median()).isEqualTo(3.0);
    assertThat(new Samples(List.of(5.0, 1.0, 2.0)).median()).isEqualTo(2.0);
    assertThat(new Samples(List.of()).text(1, "%.1f")).isEqualTo("not measured");
  }
}

package org.smollm3.conformance.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the scripts of {@code docs/sweep} call, and how they end; a script stands for the program.
 */
@DisabledOnOs(OS.WINDOWS)
class SweepScriptsTest {
  private static final Path SCRIPTS =
      Path.of(Objects.requireNonNull(System.getProperty("smollm3.root")), "docs", "sweep");

  /** Which a scheduler that runs this test may have set. */
  private static final Set<String> NUMBERS =
      Set.of("JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX");

  @TempDir Path temp;
  private Path program = Path.of("");

  /** Writes down its arguments, and a report unless told not to. */
  @BeforeEach
  void standIn() throws IOException {
    program = temp.resolve("program");
    Files.writeString(
        program,
        """
        #!/bin/sh
        echo "$@" > "$REPORTS/arguments"
        if [ -n "${WRITES:-}" ]; then mkdir -p "$WRITES"; echo new > "$WRITES/report.json"; fi
        exit "${ENDS:-0}"
        """);
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  private int run(String script, Map<String, String> more)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder("bash", SCRIPTS.resolve(script).toString())
            .redirectErrorStream(true)
            .redirectOutput(temp.resolve("output").toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeAll(NUMBERS);
    environment.putAll(
        Map.of(
            "SMOLLM3", program.toString(),
            "BACKEND", "mine",
            "SHARDS", "3",
            "REPORTS", temp.toString(),
            "OPTIONS", "--tp 1"));
    environment.putAll(more);
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private String arguments() throws IOException {
    return Files.readString(temp.resolve("arguments")).strip();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"})
  void theNumberOfAShardIsThatOfTheScheduler(String variable) throws Exception {
    assertThat(run("shard.sh", Map.of(variable, "2"))).isZero();
    assertThat(arguments())
        .isEqualTo("conform --backend mine --shard 2/3 --report " + temp + "/shard-2 --tp 1");
  }

  @Test
  void withoutANumberNothingRuns() throws Exception {
    assertThat(run("shard.sh", Map.of())).isNotZero();
    assertThat(temp.resolve("arguments")).doesNotExist();
  }

  @Test
  void aFailingRuleEndsAShardWellIfItHasItsReport() throws Exception {
    String folder = temp.resolve("shard-0").toString();

    assertThat(run("shard.sh", Map.of("JOB_COMPLETION_INDEX", "0", "ENDS", "1", "WRITES", folder)))
        .isZero();
    // The report of the try before does not count.
    assertThat(run("shard.sh", Map.of("JOB_COMPLETION_INDEX", "0", "ENDS", "1"))).isEqualTo(1);
    assertThat(run("shard.sh", Map.of("JOB_COMPLETION_INDEX", "0", "ENDS", "3", "WRITES", folder)))
        .isEqualTo(3);
  }

  @Test
  void theMergeTakesAllShardsAndEndsAsTheProgramDoes() throws Exception {
    assertThat(run("merge.sh", Map.of("ENDS", "1"))).isEqualTo(1);

    String reports = "%1$s/shard-0/report.json %1$s/shard-1/report.json %1$s/shard-2/report.json";
    assertThat(arguments())
        .isEqualTo(
            "conform --merge " + String.format(reports, temp) + " --report " + temp + "/whole");
  }
}

package org.smollm3.conformance.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a signal does to a run, in a JVM of its own. */
class EndingTest {
  @TempDir Path folder;

  /** Works until it is asked to end, and then takes its time to write a file. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws Exception {
      try (Ending ending = new Ending()) {
        System.out.println("ready");
        while (!ending.isAsked()) {
          Thread.sleep(5);
        }
        Thread.sleep(300);
        Files.writeString(Path.of(args[0]), "report");
      }
    }
  }

  @Test
  void aRunThatIsEndedFromOutsideWritesItsReport() throws Exception {
    Path report = folder.resolve("report");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                report.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      awaitReady(out);
      process.destroy();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(report).hasContent("report");
    assertThat(process.exitValue()).isNotZero();
  }

  private static void awaitReady(BufferedReader out) throws IOException {
    String line = out.readLine();
    while (line != null && !line.equals("ready")) {
      line = out.readLine();
    }
    assertThat(line).isEqualTo("ready");
  }

  @Test
  void aRunThatComesToItsEndLeavesNothingBehind() {
    Ending ending = new Ending();
    assertThat(ending.isAsked()).isFalse();
    ending.close();
    ending.close();
    assertThat(ending.isAsked()).isFalse();
  }
}

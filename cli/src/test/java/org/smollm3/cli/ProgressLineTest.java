package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();

  private String shown(boolean interactive) throws InterruptedException {
    Console console =
        Console.of(
            InputStream.nullInputStream(), OutputStream.nullOutputStream(), errors, interactive);
    try (ProgressLine line = new ProgressLine("writing", 5_000_000, console)) {
      line.add(1);
      Thread.sleep(150);
      line.add(1_500_000);
      line.add(1);
    }
    return errors.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aTerminalSeesALineThatIsWipedInTheEnd() throws InterruptedException {
    String line = "writing: 1.50 MB of 5.00 MB";
    assertThat(shown(true)).isEqualTo("\r" + line + "\r" + " ".repeat(line.length()) + "\r");
  }

  @Test
  void anythingElseSeesNothing() throws InterruptedException {
    assertThat(shown(false)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"0, 0 bytes", "999, 999 bytes", "1000, 1.00 kB", "6150000000, 6.15 GB"})
  void sizesAreDecimal(long bytes, String text) {
    assertThat(ProgressLine.size(bytes)).isEqualTo(text);
  }
}

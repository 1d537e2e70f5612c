package org.smollm3.conformance.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.smollm3.conformance.ConformanceKit;
import org.smollm3.conformance.run.Runner;

class RuleDocumentTest {
  private static final Path DOCUMENT =
      Path.of(
          Objects.requireNonNull(System.getProperty("smollm3.root")),
          "docs",
          "conformance-rules.md");

  /** With {@code -Dsmollm3.rewrite=true} the page is written instead. */
  @Test
  void thePageInTheRepositoryIsCurrent() throws IOException {
    Runner runner = ConformanceKit.runner();
    String page = RuleDocument.markdown(runner.catalogue(), runner.covered());
    if (Boolean.getBoolean("smollm3.rewrite")) {
      Files.writeString(DOCUMENT, page);
    }

    assertThat(Files.readString(DOCUMENT)).isEqualTo(page);
  }
}

package org.smollm3.conformance.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

class AppExampleTest {
  @Test
  @ResourceLock(Resources.SYSTEM_OUT)
  void opensByNameAndByDefaultSaysWhyAndGenerates() {
    List<String> lines = outputOf(() -> AppExample.main(new String[0])).lines().toList();

    assertThat(lines.get(0)).isEqualTo("exact computes in F64");
    assertThat(lines.get(1))
        .startsWith("backend 'cpu' (")
        .contains("chosen: available with the highest priority")
        .contains("'neuron' is unavailable: ")
        .contains("'exact' has priority ");
    assertThat(String.join(" ", lines.subList(2, lines.size())).strip().split("\\s+"))
        .hasSizeGreaterThan(10);
  }

  @Test
  void theReadmeShowsThisApp() throws IOException {
    Path root = repository();
    String readme = Files.readString(root.resolve("README.md"));
    String source =
        Files.readString(
            root.resolve(
                "conformance-tests/src/test/java/org/smollm3/conformance/example/AppExample.java"));

    String shown = readme.substring(readme.indexOf("```java") + 8);
    shown = shown.substring(0, shown.indexOf("```"));

    assertThat(source.replaceAll("(?m)^ {4}", "")).contains(shown);
  }

  private static String outputOf(Runnable app) {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      app.run();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static Path repository() {
    Path folder = Path.of(System.getProperty("smollm3.root", "")).toAbsolutePath();
    while (!Files.exists(folder.resolve("README.md"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}

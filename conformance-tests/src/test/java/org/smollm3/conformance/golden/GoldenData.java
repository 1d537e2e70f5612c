package org.smollm3.conformance.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Where test data lies: in this repository, or in the folder of shared data beside it. */
public final class GoldenData {
  private GoldenData() {}

  public static Path root() {
    String configured = System.getProperty("smollm3.root");
    if (configured != null) {
      return Path.of(configured);
    }
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("weights-fixtures"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("not inside the repository; set -Dsmollm3.root");
      }
    }
    return folder;
  }

  /** The ten cases, by name. */
  public static List<Path> cases() {
    try (Stream<Path> folders = Files.list(root().resolve("weights-fixtures/goldens/models"))) {
      return folders.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Path goldenOfTiny(String file) {
    return root().resolve("weights-fixtures/goldens/smollm3-tiny").resolve(file);
  }

  /** A fixture that may not be copied into this repository; skips the test where it is absent. */
  public static Path sharedFixture(String name) {
    String configured = System.getProperty("smollm3.shared");
    Path shared = configured == null ? root().resolve("../shared") : Path.of(configured);
    Path fixture = shared.resolve("fixtures").resolve(name).normalize();
    Assumptions.assumeTrue(
        Files.isDirectory(fixture), "skipped: shared fixture '" + name + "' is not here");
    return fixture;
  }
}

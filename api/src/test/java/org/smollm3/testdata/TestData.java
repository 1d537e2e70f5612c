package org.smollm3.testdata;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where tests find their files. */
public final class TestData {
  private TestData() {}

  /** The repository's root. */
  public static Path root() {
    String given = System.getProperty("smollm3.root");
    Path at = Path.of(given == null ? "" : given).toAbsolutePath();
    while (!Files.exists(at.resolve("weights-fixtures"))) {
      if (at.getParent() == null) {
        throw new IllegalStateException("run tests in the repository, or set smollm3.root");
      }
      at = at.getParent();
    }
    return at;
  }

  /** A folder under weights-fixtures/goldens. */
  public static Path golden(String name) {
    return root().resolve("weights-fixtures/goldens").resolve(name);
  }

  /** The snapshot of the embedded model. */
  public static Path tiny() {
    return root().resolve("weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny");
  }

  /** A fixture that is not part of the repository; the test is skipped where it is absent. */
  public static Path sharedFixture(String name) {
    String given = System.getProperty("smollm3.shared");
    Path shared = given == null ? root().resolveSibling("shared") : Path.of(given);
    Path fixture = shared.resolve("fixtures").resolve(name);
    assumeTrue(
        Files.exists(fixture),
        "skipped: the fixture " + name + " is not at " + fixture + " (set smollm3.shared)");
    return fixture;
  }
}

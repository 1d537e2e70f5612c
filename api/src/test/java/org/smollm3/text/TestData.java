package org.smollm3.text;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The tokenizers and texts that tests read: the tiny model's, and those of shared fixtures. */
final class TestData {
  static final JsonMapper MAPPER = new JsonMapper();

  private TestData() {}

  /** A file of the tiny model. */
  static String tiny(String name) {
    Path folder =
        name.equals("golden.json")
            ? org.smollm3.testdata.TestData.golden("smollm3-tiny")
            : org.smollm3.testdata.TestData.tiny();
    try {
      return Files.readString(folder.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Tokenizer tinyTokenizer() {
    return Tokenizer.parse(tiny("tokenizer.json"), "smollm3-tiny/tokenizer.json");
  }

  /** A file of the shared folder; the test is skipped if it is not there. */
  static byte[] shared(String name) {
    Path folder = sharedFolder();
    Path file = folder == null ? null : folder.resolve(name);
    assumeTrue(file != null && Files.exists(file), "no fixture ../shared/" + name);
    try (InputStream in = Files.newInputStream(file)) {
      return name.endsWith(".gz") ? new GZIPInputStream(in).readAllBytes() : in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode sharedJson(String name) {
    return MAPPER.readTree(shared(name));
  }

  static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).intValue();
    }
    return values;
  }

  private static @Nullable Path sharedFolder() {
    String given = System.getProperty("smollm3.shared");
    if (given != null) {
      return Path.of(given);
    }
    String root = System.getProperty("smollm3.root");
    Path start = Path.of(root != null ? root : "").toAbsolutePath();
    for (Path folder = start; folder != null; folder = folder.getParent()) {
      Path shared = folder.resolveSibling("shared");
      if (Files.isDirectory(shared.resolve("goldens"))) {
        return shared;
      }
    }
    return null;
  }
}

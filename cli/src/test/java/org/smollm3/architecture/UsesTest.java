package org.smollm3.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A module that loads a service says {@code uses}. Otherwise it fails where the program runs as
 * modules, and on the class path, where most tests run, nobody sees it.
 */
class UsesTest {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("smollm3.root")));
  private static final Pattern LOAD =
      Pattern.compile("ServiceLoader\\.load\\(\\s*(?:\\w+,\\s*)?(\\w+)\\.class");

  @Test
  void whoLoadsAServiceSaysSo() throws IOException {
    int found = 0;
    try (DirectoryStream<Path> modules = Files.newDirectoryStream(ROOT)) {
      for (Path module : modules) {
        Path sources = module.resolve("src/main/java");
        Path info = sources.resolve("module-info.java");
        if (Files.exists(info)) {
          Set<String> loaded = loaded(sources);
          found += loaded.size();
          assertThat(Files.readAllLines(info)).map(String::strip).containsAll(loaded);
        }
      }
    }
    assertThat(found).isGreaterThan(5);
  }

  /** As {@code module-info} has them. */
  private static Set<String> loaded(Path sources) throws IOException {
    Set<String> services = new TreeSet<>();
    try (Stream<Path> files = Files.walk(sources)) {
      files
          .filter(file -> file.toString().endsWith(".java"))
          .forEach(
              file -> {
                Matcher load = LOAD.matcher(read(file));
                while (load.find()) {
                  services.add("uses org.smollm3.spi." + load.group(1) + ";");
                }
              });
    }
    return services;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

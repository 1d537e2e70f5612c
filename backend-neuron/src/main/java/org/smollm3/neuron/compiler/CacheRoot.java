package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/** Where the cache is kept. */
final class CacheRoot {
  static final String VARIABLE = "NEURON_COMPILE_CACHE_URL";

  private CacheRoot() {}

  /**
   * {@code --cache_dir}, else {@value #VARIABLE}, else a folder of our own.
   *
   * @param home the user's home folder
   */
  static Path of(NeuronCcFlags flags, Map<String, String> environment, String home) {
    if (flags.policy() == CachePolicy.FRESH) {
      return temporary();
    }
    if (flags.cacheDir().isPresent()) {
      return local("--cache_dir in " + NeuronCcFlags.VARIABLE, flags.cacheDir().get());
    }
    Optional<String> url = set(environment, VARIABLE);
    if (url.isPresent()) {
      return local(VARIABLE, url.get());
    }
    Path caches =
        set(environment, "XDG_CACHE_HOME")
            .map(Path::of)
            .filter(Path::isAbsolute)
            .orElseGet(() -> Path.of(home, ".cache"));
    return caches.resolve("smollm3").resolve("neuron-compile-cache").toAbsolutePath();
  }

  private static Optional<String> set(Map<String, String> environment, String variable) {
    return Optional.ofNullable(environment.get(variable)).filter(value -> !value.isBlank());
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("smollm3-neff-");
    } catch (IOException e) {
      throw new InvalidRequestException(
          "cannot make a temporary folder for compiled modules: " + Folders.reason(e), e);
    }
  }

  private static Path local(String source, String value) {
    int scheme = value.indexOf("://");
    try {
      if (scheme < 0) {
        return Path.of(value).toAbsolutePath().normalize();
      }
      if (value.toLowerCase(Locale.ROOT).startsWith("file:///")) {
        return Path.of(URI.create(value)).toAbsolutePath().normalize();
      }
    } catch (IllegalArgumentException e) {
      // InvalidPathException among them
      throw new InvalidRequestException(
          "%s is '%s', which is no path: name a local folder there".formatted(source, value), e);
    }
    throw new InvalidRequestException(
        "%s is %s, but the compile cache can only be a local folder, not %s://: name one there"
            .formatted(source, value, value.substring(0, scheme)));
  }
}

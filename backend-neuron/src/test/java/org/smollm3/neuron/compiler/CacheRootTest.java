package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;

class CacheRootTest {
  private static Path root(String flags, Map<String, String> environment) {
    return CacheRoot.of(NeuronCcFlags.parse(flags), environment, "/home/ada");
  }

  @Test
  void theFlagComesBeforeTheVariableBeforeTheUsersCacheFolder() {
    Map<String, String> all =
        Map.of("NEURON_COMPILE_CACHE_URL", "/variable/x", "XDG_CACHE_HOME", "/caches");

    assertThat(root("--cache_dir=/flag", all)).isEqualTo(Path.of("/flag"));
    assertThat(root("", all)).isEqualTo(Path.of("/variable/x"));
    assertThat(root("", Map.of("XDG_CACHE_HOME", "/caches", "NEURON_COMPILE_CACHE_URL", " ")))
        .isEqualTo(Path.of("/caches/smollm3/neuron-compile-cache"));
    assertThat(root("", Map.of("XDG_CACHE_HOME", "relative")))
        .isEqualTo(Path.of("/home/ada/.cache/smollm3/neuron-compile-cache"));
    assertThat(root("", Map.of()))
        .isEqualTo(Path.of("/home/ada/.cache/smollm3/neuron-compile-cache"));
  }

  @Test
  void fileUrlsAndRelativePathsBecomeAbsolute() {
    assertThat(root("--cache_dir=file:///a%20b", Map.of())).isEqualTo(Path.of("/a b"));
    assertThat(root("--cache_dir=x/../y", Map.of())).isEqualTo(Path.of("y").toAbsolutePath());
  }

  @Test
  void placesElsewhereAreRefused() {
    assertThatThrownBy(() -> root("", Map.of("NEURON_COMPILE_CACHE_URL", "s3://bucket/key")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "NEURON_COMPILE_CACHE_URL is s3://bucket/key, but the compile cache can only be a local"
                + " folder, not s3://: name one there");
    assertThatThrownBy(() -> root("--cache_dir=s3://bucket", Map.of()))
        .hasMessageStartingWith("--cache_dir in NEURON_CC_FLAGS is s3://bucket, but");
    assertThatThrownBy(() -> root("", Map.of("NEURON_COMPILE_CACHE_URL", "a\0b")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("which is no path");
    assertThatThrownBy(() -> root("--cache_dir=file:///a%2", Map.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("which is no path");
  }

  @Test
  void withoutACacheItIsANewFolder() throws IOException {
    Path one = root("--no_cache --cache_dir=/flag", Map.of());
    Path other = root("--no_cache", Map.of());

    assertThat(one).isEmptyDirectory().isNotEqualTo(other);
    Files.delete(one);
    Files.delete(other);
  }
}

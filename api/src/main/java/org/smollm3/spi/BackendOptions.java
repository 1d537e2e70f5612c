package org.smollm3.spi;

import java.util.Map;
import java.util.Optional;

/**
 * Settings for opening a backend, by name; a backend ignores names that it does not know. Known to
 * the backends of this project: {@code threads} (cpu).
 */
public record BackendOptions(Map<String, String> values) {
  public BackendOptions {
    values = Map.copyOf(values);
  }

  public static BackendOptions defaults() {
    return new BackendOptions(Map.of());
  }

  public Optional<String> get(String name) {
    return Optional.ofNullable(values.get(name));
  }
}

package org.smollm3.spi;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/**
 * Settings for opening a backend, by name; a backend ignores names that it does not know. Known to
 * the backends of this project: {@code threads}, {@code weights}, {@code weights-memory} (cpu);
 * {@code compiled}, {@code load}, {@code load-limit}, {@code exec-timeout}, {@code attention-tile}
 * (neuron, neuron-sim); {@code target}, {@code lnc}, {@code neuronx-cc} (neuron); {@code device},
 * {@code cores} (neuron-sim).
 */
public record BackendOptions(Map<String, String> values) {
  public BackendOptions {
    values = Map.copyOf(values);
  }

  public static BackendOptions defaults() {
    return new BackendOptions(Map.of());
  }

  /**
   * Reads options as command lines have them.
   *
   * @param text {@code name=value} pairs with commas between; a value has no comma in it
   * @throws InvalidRequestException if a part is no such pair, or a name is there twice
   */
  public static BackendOptions parse(String text) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String name = equals < 1 ? "" : part.substring(0, equals).strip();
      if (name.isEmpty() || values.put(name, part.substring(equals + 1).strip()) != null) {
        throw new InvalidRequestException(
            "backend options are '"
                + text
                + "'; give each once as name=value, with commas between");
      }
    }
    return new BackendOptions(values);
  }

  /** The same with one more, or another value of it. */
  public BackendOptions with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(values);
    more.put(name, value);
    return new BackendOptions(more);
  }

  public Optional<String> get(String name) {
    return Optional.ofNullable(values.get(name));
  }
}

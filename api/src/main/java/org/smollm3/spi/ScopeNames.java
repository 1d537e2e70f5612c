package org.smollm3.spi;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The names of what is below a scope, each put together once: a graph body asks for the same dozens
 * of names a layer at every token, and what runs between kernels finds the caches full of weights.
 * For any number of threads.
 */
public final class ScopeNames {
  private final String prefix;
  private final ConcurrentMap<String, String> names = new ConcurrentHashMap<>();

  /**
   * @param scope full name of the scope, such as {@code layers.3.mlp}
   */
  public ScopeNames(String scope) {
    this.prefix = scope + ".";
  }

  /**
   * The full name of a part, such as {@code layers.3.mlp.act} for {@code act}.
   *
   * @param part one of few: names are kept as long as this
   */
  public String of(String part) {
    String name = names.get(part);
    return name != null ? name : names.computeIfAbsent(part, prefix::concat);
  }
}

package org.smollm3.neuron.compiler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/**
 * The environment variable {@code NEURON_CC_FLAGS}, as the Neuron frameworks read it: flags of the
 * compiler, and among them a few for the framework's cache, which the compiler does not know.
 *
 * @param compilerFlags what goes on to the compiler
 * @param cacheDir {@code --cache_dir}: the root of the compile cache
 * @param policy what {@code --no_cache} and {@code --retry_failed_compilation} ask for
 */
public record NeuronCcFlags(
    List<String> compilerFlags, Optional<String> cacheDir, CachePolicy policy) {
  public static final String VARIABLE = "NEURON_CC_FLAGS";

  public NeuronCcFlags {
    compilerFlags = List.copyOf(compilerFlags);
  }

  /** Those of an environment, such as {@link System#getenv()}; none if the variable is not set. */
  public static NeuronCcFlags of(Map<String, String> environment) {
    return parse(environment.getOrDefault(VARIABLE, ""));
  }

  /**
   * @param text words as in a shell, quotes and all
   * @throws InvalidRequestException if a quote is open or a flag lacks its value
   */
  public static NeuronCcFlags parse(String text) {
    List<String> compilerFlags = new ArrayList<>();
    Optional<String> cacheDir = Optional.empty();
    CachePolicy policy = CachePolicy.REUSE;
    FlagWords words = new FlagWords("the words of " + VARIABLE, ShellWords.split(VARIABLE, text));
    while (words.hasNext()) {
      words.next();
      switch (words.name()) {
        case "--cache_dir" -> cacheDir = Optional.of(words.value());
        case "--no_cache" -> policy = CachePolicy.FRESH;
        case "--retry_failed_compilation" ->
            policy = policy == CachePolicy.FRESH ? policy : CachePolicy.RETRY_FAILED;
        // how much the framework's own cache logs, which is not here
        case "--log_level" -> words.value();
        default -> compilerFlags.add(words.word());
      }
    }
    return new NeuronCcFlags(compilerFlags, cacheDir, policy);
  }

  /** What is wrong with a flag given to the compiler that is none of its own. */
  static Optional<String> wrapperOnly(String name) {
    return switch (name) {
      case "--cache_dir", "--no_cache", "--retry_failed_compilation", "--log_level" ->
          Optional.of(name + " is no flag of neuronx-cc but of the cache: set it in " + VARIABLE);
      default -> Optional.empty();
    };
  }
}

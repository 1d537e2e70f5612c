package org.smollm3.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What {@code generation_config.json} recommends; every field may be absent.
 *
 * @param doSample false for greedy
 * @param temperature at least 0
 * @param topK 0 switches it off
 * @param topP above 0 and at most 1
 * @param eosTokenIds ids that end a generation; empty if not given
 */
public record GenerationConfig(
    Optional<Boolean> doSample,
    OptionalDouble temperature,
    OptionalInt topK,
    OptionalDouble topP,
    OptionalInt bosTokenId,
    List<Integer> eosTokenIds,
    OptionalInt padTokenId) {

  public GenerationConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  /** For a snapshot without the file. */
  public static GenerationConfig empty() {
    return new GenerationConfig(
        Optional.empty(),
        OptionalDouble.empty(),
        OptionalInt.empty(),
        OptionalDouble.empty(),
        OptionalInt.empty(),
        List.of(),
        OptionalInt.empty());
  }
}

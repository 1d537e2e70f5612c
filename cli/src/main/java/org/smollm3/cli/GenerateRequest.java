package org.smollm3.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.TapPattern;
import org.smollm3.tensor.DType;

/**
 * What {@code generate} was asked for; what is empty is left to the model or the library.
 *
 * @param model snapshot folder; empty for the embedded model
 * @param backend empty for the configured or best one
 * @param backendOptions what it is opened with
 * @param compiled folder of compiled graphs, which then say shapes, type and ranks
 * @param arithmetic F32 or BF16; empty for the model's own
 * @param ranks over how many the model is split; empty for the model's own
 * @param fusedQkv whether query, key and value projections are to be one weight
 * @param maxNewTokens at least 1
 * @param stop strings that end the text, none of them empty
 * @param logProbabilities whether every token's is reported
 */
record GenerateRequest(
    Optional<Path> model,
    Optional<String> backend,
    BackendOptions backendOptions,
    Optional<Path> compiled,
    Optional<DType> arithmetic,
    OptionalInt ranks,
    boolean fusedQkv,
    Prompt prompt,
    Sampling sampling,
    OptionalInt maxNewTokens,
    List<String> stop,
    boolean logProbabilities,
    Optional<Dump> dump) {
  GenerateRequest {
    stop = List.copyOf(stop);
  }

  /** What the model continues. */
  sealed interface Prompt {
    /** Text, not empty. */
    record OfText(String text) implements Prompt {}

    /** Token ids, not empty, none negative. */
    record OfIds(List<Integer> ids) implements Prompt {
      public OfIds {
        ids = List.copyOf(ids);
      }
    }
  }

  /** How tokens are chosen; ranges are for the library to judge. */
  record Sampling(
      boolean greedy,
      OptionalDouble temperature,
      OptionalInt topK,
      OptionalDouble topP,
      OptionalLong seed) {}

  /** Tensors to be written to a safetensors file. */
  record Dump(TapPattern taps, Path file) {}
}

package org.smollm3.cli;

import java.util.List;
import java.util.OptionalDouble;

/** The library as {@code generate} uses it. */
interface TextGenerator {
  /** Hears how a generation goes. */
  interface Listener {
    /** One line on what takes a while just now, such as loading. */
    void status(String line);

    /** The next piece of text. What this throws ends the generation and is passed on. */
    void text(String piece);
  }

  /** One new token; {@code logProbability} if it was asked for. */
  record Token(int id, String text, OptionalDouble logProbability) {}

  /**
   * What was generated.
   *
   * @param model where the model is from
   * @param backend name of the backend that ran it
   * @param backendDescription what computed, in one line
   * @param reason why that backend
   * @param finishReason such as {@code END_OF_TEXT}
   * @param prefillSeconds from the start of the first run to the first token
   * @param decodeSeconds from the first token to the last
   */
  record Result(
      String model,
      String backend,
      String backendDescription,
      String reason,
      List<Integer> promptIds,
      List<Token> tokens,
      String text,
      String finishReason,
      double prefillSeconds,
      double decodeSeconds) {
    public Result {
      promptIds = List.copyOf(promptIds);
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * Generates text.
   *
   * @throws org.smollm3.error.SmolLm3Exception if the request, the model or the backend cannot be;
   *     the request is judged before anything is loaded
   */
  Result generate(GenerateRequest request, Listener listener);
}

package org.smollm3.generation;

import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.HostTensor;

/**
 * What a run gives for one sequence.
 *
 * @param logits [n, vocab], if the program returns logits: of the last token, or where several are
 *     asked for (speculation, all logits of a prompt) of each token given
 * @param token the chosen next token, if the program samples on the device or returns the most
 *     likely one
 */
public record RowOutput(Optional<HostTensor> logits, OptionalInt token) {
  /** Logits after the last token given, in float32. */
  public float[] lastLogits() {
    HostTensor all = allLogits();
    return all.row(all.shape().dim(0) - 1).toFloatArray();
  }

  /** Logits after the t-th token given, in float32. */
  public float[] logits(int t) {
    return allLogits().row(t).toFloatArray();
  }

  private HostTensor allLogits() {
    return logits.orElseThrow(
        () ->
            new InvalidRequestException(
                "the graphs return tokens, not logits; compile with output_logits, or load the model"
                    + " for logits"));
  }
}

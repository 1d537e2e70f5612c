package org.smollm3.generation;

import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;

/** What can be said of one position's logits, [vocab]. All of it refuses NaN and +Infinity. */
public final class Logits {
  private Logits() {}

  /** The id of the greatest logit; of equals, the lowest id. */
  public static int argmax(float[] logits) {
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      check(logits[id], id);
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    checkChoice(logits.length == 0 ? Float.NEGATIVE_INFINITY : logits[best], logits.length);
    return best;
  }

  /**
   * The natural logarithm of a token's probability under the raw logits, without temperature, top-k
   * or top-p: log_softmax, in double.
   *
   * @throws InvalidRequestException if there is no such token
   */
  public static double logProbability(float[] logits, int token) {
    if (token < 0 || token >= logits.length) {
      throw new InvalidRequestException(
          "token id " + token + " is outside the " + logits.length + " logits");
    }
    double greatest = logits[argmax(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - greatest);
    }
    return logits[token] - greatest - Math.log(sum);
  }

  /**
   * Refuses a greatest logit that {@link #argmax} would.
   *
   * @param token the first with it, where NaN orders as +Infinity
   */
  static void checkGreatest(float logit, int token, int vocabSize) {
    check(logit, token);
    checkChoice(logit, vocabSize);
  }

  private static void check(float logit, int id) {
    if (!(logit < Float.POSITIVE_INFINITY)) {
      throw new BackendException(
          "the logit of token " + id + " is " + logit + "; the backend has failed");
    }
  }

  private static void checkChoice(float greatest, int vocabSize) {
    if (greatest == Float.NEGATIVE_INFINITY) {
      throw new BackendException(
          "none of the " + vocabSize + " logits is above -Infinity; no token can be chosen");
    }
  }
}

package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;

class LogitsTest {
  @Test
  void logProbabilitiesAreTheLogarithmsOfProbabilities() {
    float[] logits = {1, -2, 0.5f, 3};
    double[] probabilities = new Sampler(SamplingParams.sampling()).probabilities(logits);
    for (int id = 0; id < logits.length; id++) {
      assertThat(Logits.logProbability(logits, id))
          .isCloseTo(Math.log(probabilities[id]), within(1e-14));
    }
  }

  @Test
  void greatLogitsDoNotOverflow() {
    float[] logits = {1e30f, 1e30f, -1e30f, Float.NEGATIVE_INFINITY};
    assertThat(Logits.logProbability(logits, 1)).isCloseTo(-Math.log(2), within(1e-15));
    assertThat(Logits.logProbability(logits, 2)).isLessThan(-1e30);
    assertThat(Logits.logProbability(logits, 3)).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  /** Who is given the greatest alone says the same of it as who looks for it. */
  @Test
  void aGreatestLogitIsRefusedAsTheSearchForItWould() {
    for (float[] logits :
        new float[][] {
          {0, Float.NaN, Float.POSITIVE_INFINITY},
          {0, Float.POSITIVE_INFINITY, Float.NaN},
          {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}
        }) {
      Throwable refusal = catchThrowable(() -> Logits.argmax(logits));
      int first = logits.length == 2 ? 0 : 1;
      assertThatThrownBy(() -> Logits.checkGreatest(logits[first], first, logits.length))
          .isInstanceOf(BackendException.class)
          .hasMessage(refusal.getMessage());
    }
    Logits.checkGreatest(-3e38f, 7, 9);
  }

  @Test
  void whatCannotBeAnsweredIsRefused() {
    assertThatThrownBy(() -> Logits.logProbability(new float[3], 3))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("token id 3 is outside the 3 logits");
    assertThatThrownBy(() -> Logits.logProbability(new float[3], -1))
        .hasMessage("token id -1 is outside the 3 logits");
    assertThatThrownBy(() -> Logits.logProbability(new float[] {0, Float.NaN}, 0))
        .isInstanceOf(BackendException.class)
        .hasMessage("the logit of token 1 is NaN; the backend has failed");
  }
}

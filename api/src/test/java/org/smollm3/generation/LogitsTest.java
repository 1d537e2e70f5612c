package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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

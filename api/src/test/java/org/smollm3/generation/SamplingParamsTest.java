package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidRequestException;

class SamplingParamsTest {
  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(InvalidRequestException.class).hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(
      doubles = {Double.NaN, 0, -0.0, -1, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void temperatures(double temperature) {
    assertRefused(
        () -> SamplingParams.sampling().withTemperature(temperature),
        "temperature is "
            + temperature
            + "; it must be above 0 and finite (for the most likely token ask for greedy)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, 0, -0.5, 1.0000001, Double.POSITIVE_INFINITY})
  void topPs(double topP) {
    assertRefused(
        () -> SamplingParams.sampling().withTopP(topP),
        "top_p is " + topP + "; it must be above 0 and at most 1 (1 for all tokens)");
  }

  @ParameterizedTest
  @ValueSource(ints = {-2, Integer.MIN_VALUE})
  void topKs(int topK) {
    assertRefused(
        () -> SamplingParams.sampling().withTopK(topK),
        "top_k is " + topK + "; it must be at least 1, or 0 or -1 for all tokens");
  }

  @Test
  void greedyTakesNothingElse() {
    String message =
        "greedy takes no temperature, top_k or top_p; leave them out, or ask for sampling";
    assertRefused(() -> SamplingParams.greedy().withTemperature(.5), message);
    assertRefused(() -> SamplingParams.greedy().withTopK(5), message);
    assertRefused(() -> SamplingParams.greedy().withTopP(.5), message);
    assertThat(SamplingParams.greedy().withSeed(3).seed()).isEqualTo(3);
  }

  @Test
  void whatIsInRangeIsKept() {
    SamplingParams params =
        SamplingParams.sampling().withTemperature(.6).withTopK(20).withTopP(.95).withSeed(-7);
    assertThat(params)
        .isEqualTo(new SamplingParams(SamplingParams.Strategy.SAMPLING, .6, 20, .95, -7));
    assertThat(params.withTopK(-1)).isEqualTo(params.withTopK(SamplingParams.ALL));
    assertThat(params.withTopP(1).topP()).isEqualTo(1);
  }
}

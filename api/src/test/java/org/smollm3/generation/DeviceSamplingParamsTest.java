package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class DeviceSamplingParamsTest {
  private static final String TOP_K = "; it must be at least 1, or -1 for the graph's max_topk";
  private static final String TOP_P = "; it must be above 0 and at most 1 (1 for all candidates)";
  private static final String TEMPERATURE =
      "; it must be above 0 and finite as a float32 (for the most likely token use top_k 1)";

  @Test
  void takesTheSettingsOfTheHost() {
    assertThat(DeviceSamplingParams.of(SamplingParams.greedy()))
        .isEqualTo(new DeviceSamplingParams(1, 1, 1));
    assertThat(
            DeviceSamplingParams.of(
                SamplingParams.sampling().withTemperature(0.6).withTopP(0.95).withTopK(20)))
        .isEqualTo(new DeviceSamplingParams(20, 0.95, 0.6));
    assertThat(DeviceSamplingParams.of(SamplingParams.sampling()))
        .isEqualTo(new DeviceSamplingParams(DeviceSamplingParams.MAX_TOPK, 1, 1));
  }

  @Test
  void aTensorNamesMaxTopkInsteadOfMinusOne() {
    HostTensor tensor =
        DeviceSamplingParams.tensor(
            List.of(new DeviceSamplingParams(-1, 0.9, 2), DeviceSamplingParams.greedy()), 256);
    assertThat(tensor.dtype()).isEqualTo(DType.F32);
    assertThat(tensor.shape()).isEqualTo(Shape.of(2, 3));
    assertThat(tensor.toFloatArray()).containsExactly(256, 0.9f, 2, 1, 1, 1);
    DeviceSamplingParams.check(tensor, 256);
    assertThatThrownBy(() -> DeviceSamplingParams.check(tensor, 255))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "row 0: top_k is 256; the graph has room for 1 to 255 (max_topk), or -1 for all of"
                + " them");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 1, top_k is 0, K",
    "-2, 1, 1, top_k is -2, K",
    "1, 0, 1, top_p is 0.0, P",
    "1, -0.5, 1, top_p is -0.5, P",
    "1, 1.01, 1, top_p is 1.01, P",
    "1, NaN, 1, top_p is NaN, P",
    "1, 1e-60, 1, top_p is 1.0E-60, P",
    "1, 1, 0, temperature is 0.0, T",
    "1, 1, -1, temperature is -1.0, T",
    "1, 1, NaN, temperature is NaN, T",
    "1, 1, Infinity, temperature is Infinity, T",
    "1, 1, 1e-60, temperature is 1.0E-60, T",
    "1, 1, 1e60, temperature is 1.0E60, T",
  })
  void refusesWhatOptimumRefuses(
      int topK, double topP, double temperature, String message, String which) {
    String wanted =
        switch (which) {
          case "K" -> TOP_K;
          case "P" -> TOP_P;
          default -> TEMPERATURE;
        };
    assertThatThrownBy(() -> new DeviceSamplingParams(topK, topP, temperature))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message + wanted);
  }

  @Test
  void refusesTensorsAlike() {
    assertRefused("row 1: top_k is 0" + TOP_K, -1, 1, 1, 0, 1, 1);
    assertRefused("row 0: top_k is 1.5; it must be a whole number", 1.5f, 1, 1);
    assertRefused("row 0: top_k is NaN; it must be a whole number", Float.NaN, 1, 1);
    assertRefused(
        "row 0: top_k is Infinity; it must be a whole number", Float.POSITIVE_INFINITY, 1, 1);
    assertRefused("row 0: top_p is 1.5" + TOP_P, 1, 1.5f, 1);
    assertRefused("row 0: temperature is 0.0" + TEMPERATURE, 1, 1, 0);
    assertThatThrownBy(
            () -> DeviceSamplingParams.check(HostTensor.zeros(DType.F32, Shape.of(3)), 9))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageEndingWith("; they must be F32[batch, 3]: top_k, top_p, temperature")
        .hasMessageStartingWith("sampling parameters are F32[3]");
  }

  private static void assertRefused(String message, float... params) {
    HostTensor tensor = HostTensor.ofFloats(Shape.of(params.length / 3, 3), params);
    assertThatThrownBy(() -> DeviceSamplingParams.check(tensor, 9))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }
}

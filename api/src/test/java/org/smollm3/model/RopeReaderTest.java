package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.model.ConfigJson.read;
import static org.smollm3.model.ConfigJson.refused;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.attention.RopeParameters;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.DType;

class RopeReaderTest {
  private static RopeParameters rope(String scaling) {
    return read("rope_scaling", scaling).rope();
  }

  @Test
  void bothSpellingsMayAgree() {
    SmolLm3Config config =
        read(
            "dtype", "\"bfloat16\"",
            "torch_dtype", "\"bfloat16\"",
            "rope_scaling", "{\"type\": \"linear\", \"rope_type\": \"linear\", \"factor\": 2}",
            "rope_parameters",
                "{\"rope_type\": \"linear\", \"factor\": 2.0, \"rope_theta\": 10000}");
    assertThat(config.dtype()).isEqualTo(DType.BF16);
    assertThat(config.rope()).isEqualTo(new RopeParameters.Linear(10000, 2));
  }

  @Test
  void readsEveryFieldOfYarn() {
    assertThat(
            rope(
                "{\"rope_type\": \"yarn\", \"factor\": 4, \"beta_fast\": 16, \"beta_slow\": 2,"
                    + "\"attention_factor\": 1.1, \"mscale\": 0.5, \"mscale_all_dim\": 1,"
                    + "\"truncate\": false}"))
        .isEqualTo(
            new RopeParameters.Yarn(
                10000,
                4,
                256,
                16,
                2,
                OptionalDouble.of(1.1),
                Optional.of(0.5),
                Optional.of(1.0),
                false));
    assertThat(rope("{\"rope_type\": \"default\"}")).isEqualTo(new RopeParameters.Default(10000));
  }

  static List<Arguments> contradictions() {
    return List.of(
        scaling("dynamic", "\"factor\": 2", kinds("dynamic")),
        scaling("longrope", "\"factor\": 2", kinds("longrope")),
        scaling("su", "\"factor\": 2", kinds("su")),
        refused(
            "rope_scaling.type is \"dynamic\", only 'default', 'linear', 'llama3' and 'yarn' can"
                + " be computed",
            "rope_scaling",
            "{\"type\": \"dynamic\", \"factor\": 2}"),
        refused(
            "has no rope_scaling.rope_type, which has to be given",
            "rope_scaling",
            "{\"factor\": 2}"),
        refused(
            "rope_scaling.rope_type is \"yarn\", but type is 'linear'",
            "rope_scaling",
            "{\"type\": \"linear\", \"rope_type\": \"yarn\", \"factor\": 2}"),
        refused("rope_scaling is \"yarn\", wanted an object", "rope_scaling", "\"yarn\""),
        scaling(
            "linear",
            "\"truncate\": true",
            "rope_type 'linear' takes no 'truncate', only"
                + " [factor, partial_rotary_factor, rope_theta, rope_type, type]"),
        scaling(
            "default",
            "\"factor\": 2",
            "rope_type 'default' takes no 'factor', only"
                + " [partial_rotary_factor, rope_theta, rope_type, type]"),
        scaling("linear", "\"x\": null", "has no rope_scaling.factor, which has to be given"),
        scaling("linear", "\"factor\": 0.5", "rope_scaling.factor is 0.5, wanted at least 1"),
        scaling("linear", "\"factor\": \"2\"", "rope_scaling.factor is \"2\", wanted a number"),
        scaling(
            "llama3",
            "\"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 1,"
                + "\"original_max_position_embeddings\": 64",
            "rope_scaling.high_freq_factor is 1, wanted more than low_freq_factor 4.0"),
        scaling(
            "llama3",
            "\"factor\": 8, \"high_freq_factor\": 1",
            "has no rope_scaling.low_freq_factor, which has to be given"),
        scaling(
            "llama3",
            "\"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4",
            "has no rope_scaling.original_max_position_embeddings, which has to be given"),
        scaling(
            "yarn",
            "\"factor\": 2, \"beta_fast\": 1",
            "rope_scaling.beta_fast is 1, wanted more than beta_slow 1.0"),
        scaling(
            "yarn",
            "\"factor\": 2, \"attention_factor\": 0",
            "rope_scaling.attention_factor is 0, wanted a positive number"),
        scaling(
            "yarn",
            "\"factor\": 2, \"partial_rotary_factor\": 0.5",
            "rope_scaling.partial_rotary_factor is 0.5, only 1 can be computed"),
        refused("rope_theta is 1, wanted a number above 1", "rope_theta", "1"),
        refused(
            "rope_parameters.rope_theta is 500000, but elsewhere it is 10000.0",
            "rope_parameters",
            "{\"rope_type\": \"default\", \"rope_theta\": 500000}"),
        refused(
            "rope_scaling is {\"rope_type\":\"linear\",\"factor\":2}, which contradicts"
                + " rope_parameters",
            "rope_scaling",
            "{\"rope_type\": \"linear\", \"factor\": 2}",
            "rope_parameters",
            "{\"rope_type\": \"default\"}"));
  }

  private static String kinds(String kind) {
    return "rope_scaling.rope_type is \""
        + kind
        + "\", only 'default', 'linear', 'llama3' and 'yarn' can be computed";
  }

  private static Arguments scaling(String type, String fields, String message) {
    return refused(message, "rope_scaling", "{\"rope_type\": \"" + type + "\", " + fields + "}");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("contradictions")
  void refusesWhatContradictsItself(String message, String[] namesAndValues) {
    assertThatThrownBy(() -> read(namesAndValues))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("c: " + message);
  }
}

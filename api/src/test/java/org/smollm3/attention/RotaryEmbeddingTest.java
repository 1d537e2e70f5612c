package org.smollm3.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.testdata.TestData;

class RotaryEmbeddingTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "bf16-gqa-nope",
        "bf16-true-ratios",
        "gqa-nope",
        "mha-bias-untied",
        "mqa-headdim",
        "rope-linear",
        "rope-llama3",
        "rope-yarn",
        "sliding-window",
        "true-ratios"
      })
  void frequenciesEqualHuggingFaceBitForBit(String name) {
    FolderFiles files = FolderFiles.open(TestData.golden("models/" + name));
    SmolLm3Config config = SmolLm3ConfigReader.read(files.text("config.json"), name);
    float[] golden =
        Safetensors.parse(files.map("golden.safetensors"), name)
            .tensor("rope.inv_freq")
            .toFloatArray();

    assertThat(RotaryEmbedding.inverseFrequencies(config.rope(), config.headDim()))
        .containsExactly(golden);
  }

  @Test
  void onlyYarnScalesCosinesAndSines() {
    assertThat(RotaryEmbedding.attentionScaling(new RopeParameters.Default(10000))).isEqualTo(1);
    assertThat(RotaryEmbedding.attentionScaling(yarn(4, OptionalDouble.empty(), 0, 0)))
        .isCloseTo(1.138629436111989, within(1e-15));
    assertThat(RotaryEmbedding.attentionScaling(yarn(4, OptionalDouble.of(1.5), 1, 2)))
        .isEqualTo(1.5);
    // (0.1 ln 4 + 1) / (0.2 ln 4 + 1)
    assertThat(RotaryEmbedding.attentionScaling(yarn(4, OptionalDouble.empty(), 1, 2)))
        .isCloseTo(0.8914633210802397, within(1e-15));
    assertThat(RotaryEmbedding.attentionScaling(yarn(1, OptionalDouble.empty(), 0, 0)))
        .isEqualTo(1);
  }

  @Test
  void anUnroundedRampDiffersFromARoundedOne() {
    RopeParameters rounded =
        new RopeParameters.Yarn(
            10000,
            4,
            4096,
            32,
            1,
            OptionalDouble.empty(),
            Optional.empty(),
            Optional.empty(),
            true);
    RopeParameters unrounded =
        new RopeParameters.Yarn(
            10000,
            4,
            4096,
            32,
            1,
            OptionalDouble.empty(),
            Optional.empty(),
            Optional.empty(),
            false);

    float[] a = RotaryEmbedding.inverseFrequencies(rounded, 128);
    float[] b = RotaryEmbedding.inverseFrequencies(unrounded, 128);
    assertThat(a).isNotEqualTo(b);
    assertThat(a[0]).isEqualTo(1f).isEqualTo(b[0]);
    assertThat(a[63]).isEqualTo(b[63]);
  }

  @Test
  void anOddHeadDimIsRefused() {
    assertThatThrownBy(
            () -> RotaryEmbedding.inverseFrequencies(new RopeParameters.Default(10000), 15))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("head_dim 15 is no positive even number");
  }

  private static RopeParameters yarn(
      double factor, OptionalDouble attention, double mscale, double mscaleAllDim) {
    return new RopeParameters.Yarn(
        5000000,
        factor,
        64,
        32,
        1,
        attention,
        mscale == 0 ? Optional.empty() : Optional.of(mscale),
        mscaleAllDim == 0 ? Optional.empty() : Optional.of(mscaleAllDim),
        true);
  }
}

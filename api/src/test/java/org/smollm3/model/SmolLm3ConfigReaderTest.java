package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.model.ConfigJson.read;
import static org.smollm3.model.ConfigJson.refused;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.attention.RopeParameters;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.DType;
import org.smollm3.testdata.TestData;

class SmolLm3ConfigReaderTest {
  @Test
  void defaultsOnlyWhatSaysNothing() {
    SmolLm3Config config = read();

    assertThat(config)
        .isEqualTo(
            new SmolLm3Config(
                320,
                64,
                176,
                4,
                4,
                2,
                16,
                256,
                1e-6,
                false,
                false,
                true,
                List.of(true, true, true, false),
                List.of(false, false, false, false),
                OptionalInt.empty(),
                new RopeParameters.Default(10000),
                DType.F32,
                OptionalInt.empty(),
                List.of(),
                OptionalInt.empty()));
  }

  @Test
  void readsTransformers4() {
    SmolLm3Config config =
        read(
            "torch_dtype", "\"bfloat16\"",
            "rope_scaling",
                "{\"type\": \"yarn\", \"factor\": 2.0, \"original_max_position_embeddings\": 64}",
            "eos_token_id", "[1, 2]",
            "bos_token_id", "null",
            "pad_token_id", "0",
            "attention_bias", "true",
            "tie_word_embeddings", "false",
            "head_dim", "32");

    assertThat(config.dtype()).isEqualTo(DType.BF16);
    assertThat(config.rope())
        .isEqualTo(
            new RopeParameters.Yarn(
                10000,
                2,
                64,
                32,
                1,
                OptionalDouble.empty(),
                Optional.empty(),
                Optional.empty(),
                true));
    assertThat(config.eosTokenIds()).containsExactly(1, 2);
    assertThat(config.bosTokenId()).isEmpty();
    assertThat(config.padTokenId()).hasValue(0);
    assertThat(config.attentionBias()).isTrue();
    assertThat(config.mlpBias()).isFalse();
    assertThat(config.tieWordEmbeddings()).isFalse();
    assertThat(config.headDim()).isEqualTo(32);
  }

  @Test
  void readsTransformers5() {
    SmolLm3Config config =
        read(
            "dtype", "\"float16\"",
            "rope_theta", "absent",
            "rope_parameters",
                "{\"rope_type\": \"llama3\", \"rope_theta\": 500000.0, \"factor\": 8.0,"
                    + "\"low_freq_factor\": 1, \"high_freq_factor\": 4.0,"
                    + " \"original_max_position_embeddings\": 64}",
            "eos_token_id", "2");

    assertThat(config.dtype()).isEqualTo(DType.F16);
    assertThat(config.rope()).isEqualTo(new RopeParameters.Llama3(500000, 8, 1, 4, 64));
    assertThat(config.eosTokenIds()).containsExactly(2);
  }

  @Test
  void oneMeansThatALayerUsesRope() {
    SmolLm3Config config = read("no_rope_layers", "[0, 1, 0, 1]");
    assertThat(config.usesRope(0)).isFalse();
    assertThat(config.usesRope(1)).isTrue();
    assertThat(read("no_rope_layer_interval", "1").ropeLayers()).containsOnly(false);
    assertThat(read("no_rope_layer_interval", "2").ropeLayers())
        .containsExactly(true, false, true, false);
  }

  @Test
  void onlyLayersWithoutRopeSlide() {
    SmolLm3Config config = read("use_sliding_window", "true", "sliding_window", "8");
    assertThat(config.slidingLayers()).containsExactly(false, false, false, true);
    assertThat(config.slidingWindow()).hasValue(8);
    assertThat(config.isSliding(3)).isTrue();

    for (SmolLm3Config none :
        List.of(
            read("sliding_window", "8"),
            read("use_sliding_window", "true"),
            read(
                "use_sliding_window",
                "true",
                "sliding_window",
                "8",
                "no_rope_layers",
                "[1, 1, 1, 1]"))) {
      assertThat(none.slidingLayers()).containsOnly(false);
      assertThat(none.slidingWindow()).isEmpty();
    }
  }

  @Test
  void nullKeyValueHeadsAreOnePerHead() {
    assertThat(read("num_key_value_heads", "null").numKeyValueHeads()).isEqualTo(4);
  }

  static List<Arguments> contradictions() {
    String four = "\"full_attention\", \"full_attention\", \"full_attention\", ";
    return List.of(
        refused("has no model_type, which has to be given", "model_type", "absent"),
        refused("model_type is \"llama\", only 'smollm3' can be read", "model_type", "\"llama\""),
        refused("hidden_act is \"gelu\", only 'silu' can be computed", "hidden_act", "\"gelu\""),
        refused(
            "has a quantization_config of the method ''; only F32, BF16 and F16 weights can be read,"
                + " and int8 of 'smollm3 quantize'",
            "quantization_config",
            "{}"),
        refused("has no vocab_size, which has to be given", "vocab_size", "absent"),
        refused("has no hidden_size, which has to be given", "hidden_size", "null"),
        refused("has no intermediate_size, which has to be given", "intermediate_size", "absent"),
        refused("has no num_hidden_layers, which has to be given", "num_hidden_layers", "absent"),
        refused(
            "has no num_attention_heads, which has to be given", "num_attention_heads", "absent"),
        refused(
            "has no num_key_value_heads, which has to be given", "num_key_value_heads", "absent"),
        refused(
            "has no max_position_embeddings, which has to be given",
            "max_position_embeddings",
            "absent"),
        refused("has no rms_norm_eps, which has to be given", "rms_norm_eps", "absent"),
        refused(
            "has no rope_theta (alone or in rope_parameters), which has to be given",
            "rope_theta",
            "absent"),
        refused(
            "has neither no_rope_layers nor no_rope_layer_interval; one has to be given",
            "no_rope_layer_interval",
            "absent"),
        refused("vocab_size is 0, wanted at least 1", "vocab_size", "0"),
        refused("hidden_size is -64, wanted at least 1", "hidden_size", "-64"),
        refused("hidden_size is \"64\", wanted a whole number", "hidden_size", "\"64\""),
        refused("hidden_size is 64.0, wanted a whole number", "hidden_size", "64.0"),
        refused("vocab_size is 4294967616, wanted at most 2147483647", "vocab_size", "4294967616"),
        refused(
            "num_hidden_layers is 2147483647, wanted at most 10000",
            "num_hidden_layers",
            "2147483647"),
        refused(
            "num_key_value_heads is 3, which does not divide num_attention_heads 4",
            "num_key_value_heads",
            "3"),
        refused(
            "num_key_value_heads is 8, which does not divide num_attention_heads 4",
            "num_key_value_heads",
            "8"),
        refused(
            "hidden_size is 66, which num_attention_heads 4 does not divide; head_dim has to be"
                + " given",
            "hidden_size",
            "66"),
        refused("head_dim is 15, rotary embedding wants an even one", "head_dim", "15"),
        refused("head_dim is 17, rotary embedding wants an even one", "hidden_size", "68"),
        refused("head_dim is 0, wanted at least 1", "head_dim", "0"),
        refused(
            "num_attention_heads 4 x head_dim 1000000000 is too large", "head_dim", "1000000000"),
        refused("rms_norm_eps is 0, wanted a small positive number", "rms_norm_eps", "0"),
        refused("rms_norm_eps is 1E+400, wanted a finite number", "rms_norm_eps", "1e400"),
        refused("rope_theta is 1E+999999999, wanted a finite number", "rope_theta", "1e999999999"),
        refused(
            "rms_norm_eps is 1E-999999999, wanted a small positive number",
            "rms_norm_eps",
            "1e-999999999"),
        refused("rms_norm_eps is \"1e-6\", wanted a number", "rms_norm_eps", "\"1e-6\""),
        refused(
            "tie_word_embeddings is \"true\", wanted true or false",
            "tie_word_embeddings",
            "\"true\""),
        refused("attention_bias is 0, wanted true or false", "attention_bias", "0"),
        refused("mlp_bias is [], wanted true or false", "mlp_bias", "[]"),
        refused(
            "no_rope_layers has 3 entries, wanted one for each of the num_hidden_layers 4",
            "no_rope_layers",
            "[1, 1, 0]"),
        refused(
            "no_rope_layers has 5 entries, wanted one for each of the num_hidden_layers 4",
            "no_rope_layers",
            "[1, 1, 1, 0, 1]"),
        refused("no_rope_layers is [1,1,1,2], wanted 0 to 1", "no_rope_layers", "[1, 1, 1, 2]"),
        refused(
            "no_rope_layers is [true,true,true,false], wanted a whole number",
            "no_rope_layers",
            "[true, true, true, false]"),
        refused("no_rope_layers is 1, wanted a list of whole numbers", "no_rope_layers", "1"),
        refused("no_rope_layer_interval is 0, wanted at least 1", "no_rope_layer_interval", "0"),
        refused("sliding_window is 0, wanted at least 1", "sliding_window", "0"),
        refused(
            "layer_types has 1 entries, wanted one for each of the num_hidden_layers 4",
            "layer_types",
            "[\"full_attention\"]"),
        refused(
            "layer_types[3] is 'chunked_attention', only 'full_attention' and 'sliding_attention'"
                + " can be computed",
            "layer_types",
            "[" + four + "\"chunked_attention\"]"),
        refused(
            "layer_types[3] is 'sliding_attention', but use_sliding_window, sliding_window and"
                + " no_rope_layers make it 'full_attention'",
            "layer_types",
            "[" + four + "\"sliding_attention\"]"),
        refused(
            "layer_types[3] is 'full_attention', but use_sliding_window, sliding_window and"
                + " no_rope_layers make it 'sliding_attention'",
            "layer_types",
            "[" + four + "\"full_attention\"]",
            "use_sliding_window",
            "true",
            "sliding_window",
            "8"),
        refused("layer_types is [0], wanted a list of strings", "layer_types", "[0]"),
        refused(
            "dtype is \"int8\", wanted 'float32', 'bfloat16' or 'float16'", "dtype", "\"int8\""),
        refused(
            "dtype is \"float32\", but torch_dtype is bfloat16",
            "dtype",
            "\"float32\"",
            "torch_dtype",
            "\"bfloat16\""),
        refused("eos_token_id is 320, wanted 0 to 319", "eos_token_id", "320"),
        refused("eos_token_id is [1,-1], wanted 0 to 319", "eos_token_id", "[1, -1]"),
        refused("pad_token_id is -1, wanted at least 0", "pad_token_id", "-1"),
        refused("bos_token_id is 400, wanted 0 to 319", "bos_token_id", "400"),
        refused(
            "partial_rotary_factor is 0.5, only 1 can be computed",
            "partial_rotary_factor",
            "0.5"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("contradictions")
  void refusesWhatContradictsItself(String message, String[] namesAndValues) {
    assertThatThrownBy(() -> read(namesAndValues))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("c: " + message);
  }

  @Test
  void refusesWhatIsNoJsonObject() {
    assertThatThrownBy(() -> SmolLm3ConfigReader.read("[]", "c"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("c does not hold a JSON object");
    assertThatThrownBy(() -> SmolLm3ConfigReader.read("{\"a\":\n1", "c"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith("c is not valid JSON: Unexpected end-of-input")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> SmolLm3ConfigReader.read("{\"a\": 1, \"a\": 2}", "c"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith("c is not valid JSON: Duplicate Object property \"a\"");
    assertThatThrownBy(() -> SmolLm3ConfigReader.read("[".repeat(100_000), "c"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageNotContaining("\n");
  }

  @Property(tries = 2000)
  void aChangedCharacterIsReadOrRefused(
      @ForAll @IntRange(max = 400) int place, @ForAll char character) {
    StringBuilder json = new StringBuilder(ConfigJson.LEAST);
    json.setCharAt(place % json.length(), character);
    try {
      SmolLm3ConfigReader.read(json.toString(), "c");
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("c").doesNotContain("\n", "\r");
    }
  }

  @Test
  void readsTheRealModel() {
    FolderFiles files = FolderFiles.open(TestData.sharedFixture("smollm3-3b-metadata"));
    SmolLm3Config config = SmolLm3ConfigReader.read(files);

    assertThat(config.hiddenSize()).isEqualTo(2048);
    assertThat(config.headDim()).isEqualTo(128);
    assertThat(config.numHiddenLayers()).isEqualTo(36);
    assertThat(config.ropeLayers().stream().filter(uses -> !uses)).hasSize(9);
    assertThat(config.usesRope(3)).isFalse();
    assertThat(config.rope()).isEqualTo(new RopeParameters.Default(5_000_000));
    assertThat(config.dtype()).isEqualTo(DType.BF16);
    assertThat(config.maxPositionEmbeddings()).isEqualTo(65536);
    assertThat(config.eosTokenIds()).containsExactly(128012);
    assertThat(config.tieWordEmbeddings()).isTrue();
    assertThat(config.slidingWindow()).isEmpty();
  }
}

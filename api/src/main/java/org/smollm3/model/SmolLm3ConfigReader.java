package org.smollm3.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.JsonFields;
import org.smollm3.json.Text;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.DType;

/**
 * Reads {@code config.json} in the spellings of transformers 4 and 5 ({@code
 * configuration_smollm3.py}). What shapes the arithmetic has to be given: the class defaults of
 * transformers differ from the published model. Only what transformers leaves out of a file because
 * it says nothing is defaulted: no biases, tied embeddings, no window, silu, head_dim = hidden /
 * heads.
 */
public final class SmolLm3ConfigReader {
  /** Far above any model; keeps a broken file from filling the heap. */
  private static final int MOST_LAYERS = 10_000;

  /** The field that says of weights that they are stored in another way. */
  public static final String QUANTIZATION = "quantization_config";

  /** The {@code quant_method} of int8 weights with scales that {@code Quantizer} writes. */
  public static final String QUANT_METHOD = "smollm3-int8";

  private static final String FILE = "config.json";
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";

  private final JsonFields fields;

  private SmolLm3ConfigReader(JsonFields fields) {
    this.fields = fields;
  }

  /**
   * Reads the configuration of a snapshot.
   *
   * @throws InvalidModelException if it has no config.json, and as {@link #read(String, String)}
   */
  public static SmolLm3Config read(ModelFiles files) {
    return read(files.text(FILE), files.location() + "/" + FILE);
  }

  /**
   * Reads a configuration.
   *
   * @param json the text of config.json
   * @param location how messages name the file
   * @throws InvalidModelException naming the field, its value and what is wanted
   */
  public static SmolLm3Config read(String json, String location) {
    return new SmolLm3ConfigReader(JsonFields.parse(json, location)).read();
  }

  private SmolLm3Config read() {
    refuseOtherModels();
    int vocab = fields.requiredInt("vocab_size", 1);
    int hidden = fields.requiredInt("hidden_size", 1);
    int layers = fields.requiredInt("num_hidden_layers", 1);
    if (layers > MOST_LAYERS) {
      throw fields.error("num_hidden_layers", "wanted at most " + MOST_LAYERS);
    }
    int heads = fields.requiredInt("num_attention_heads", 1);
    int keyValueHeads = keyValueHeads(heads);
    int maxPositions = fields.requiredInt("max_position_embeddings", 1);
    List<Boolean> rope = ropeLayers(layers);
    OptionalInt window = fields.optionalInt("sliding_window", 1);
    List<Boolean> sliding = slidingLayers(rope, window);
    return new SmolLm3Config(
        vocab,
        hidden,
        fields.requiredInt("intermediate_size", 1),
        layers,
        heads,
        keyValueHeads,
        headDim(hidden, heads),
        maxPositions,
        rmsNormEps(),
        fields.optionalBoolean("attention_bias").orElse(false),
        fields.optionalBoolean("mlp_bias").orElse(false),
        fields.optionalBoolean("tie_word_embeddings").orElse(true),
        rope,
        sliding,
        sliding.contains(true) ? window : OptionalInt.empty(),
        RopeReader.read(fields, maxPositions),
        dtype(),
        tokenId("bos_token_id", vocab),
        fields.intOrInts("eos_token_id", 0, vocab - 1),
        tokenId("pad_token_id", vocab));
  }

  private void refuseOtherModels() {
    String type =
        fields.optionalString("model_type").orElseThrow(() -> fields.missing("model_type"));
    if (!type.equals("smollm3")) {
      throw fields.error("model_type", "only 'smollm3' can be read");
    }
    if (!fields.optionalString("hidden_act").orElse("silu").equals("silu")) {
      throw fields.error("hidden_act", "only 'silu' can be computed");
    }
    if (fields.has(QUANTIZATION)) {
      refuseOtherQuantization();
    }
    if (fields.optionalNumber("partial_rotary_factor").orElse(1) != 1) {
      throw fields.error("partial_rotary_factor", "only 1 can be computed");
    }
  }

  private void refuseOtherQuantization() {
    Optional<String> method =
        fields.object(QUANTIZATION).flatMap(own -> own.optionalString("quant_method"));
    if (!method.equals(Optional.of(QUANT_METHOD))) {
      throw fields.error(
          "has a quantization_config of the method "
              + method.map(Text::quote).orElse("''")
              + "; only F32, BF16 and F16 weights can be read, and int8 of 'smollm3 quantize'");
    }
  }

  private int keyValueHeads(int heads) {
    // transformers reads null as one KV head per head; an absent field means a class default of 4
    int keyValueHeads =
        fields.mentions("num_key_value_heads") && !fields.has("num_key_value_heads")
            ? heads
            : fields.requiredInt("num_key_value_heads", 1);
    if (heads % keyValueHeads != 0) {
      throw fields.error(
          "num_key_value_heads", "which does not divide num_attention_heads " + heads);
    }
    return keyValueHeads;
  }

  private int headDim(int hidden, int heads) {
    OptionalInt given = fields.optionalInt("head_dim", 1);
    if (given.isEmpty() && hidden % heads != 0) {
      throw fields.error(
          "hidden_size",
          "which num_attention_heads " + heads + " does not divide; head_dim has to be given");
    }
    int headDim = given.orElse(hidden / heads);
    if (headDim % 2 != 0) {
      throw fields.error("head_dim is " + headDim + ", rotary embedding wants an even one");
    }
    if ((long) heads * headDim > Integer.MAX_VALUE) {
      throw fields.error(
          "num_attention_heads " + heads + " x head_dim " + headDim + " is too large");
    }
    return headDim;
  }

  private double rmsNormEps() {
    double eps = fields.requiredNumber("rms_norm_eps");
    if (eps <= 0 || eps >= 1) {
      throw fields.error("rms_norm_eps", "wanted a small positive number");
    }
    return eps;
  }

  private List<Boolean> ropeLayers(int layers) {
    Optional<List<Integer>> list = fields.optionalInts("no_rope_layers", 0, 1);
    if (list.isPresent()) {
      if (list.get().size() != layers) {
        throw fields.error(
            "no_rope_layers has "
                + list.get().size()
                + " entries, wanted one for each of the num_hidden_layers "
                + layers);
      }
      return list.get().stream().map(flag -> flag == 1).toList();
    }
    int interval =
        fields
            .optionalInt("no_rope_layer_interval", 1)
            .orElseThrow(
                () ->
                    fields.error(
                        "has neither no_rope_layers nor no_rope_layer_interval; one has to be"
                            + " given"));
    List<Boolean> rope = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      rope.add((layer + 1) % interval != 0);
    }
    return rope;
  }

  private List<Boolean> slidingLayers(List<Boolean> rope, OptionalInt window) {
    boolean sliding =
        fields.optionalBoolean("use_sliding_window").orElse(false) && window.isPresent();
    List<Boolean> derived =
        sliding
            ? rope.stream().map(usesRope -> !usesRope).toList()
            : Collections.nCopies(rope.size(), false);
    Optional<List<String>> types = fields.optionalStrings("layer_types");
    if (types.isPresent()) {
      checkLayerTypes(types.get(), derived);
    }
    return derived;
  }

  private void checkLayerTypes(List<String> types, List<Boolean> derived) {
    if (types.size() != derived.size()) {
      throw fields.error(
          "layer_types has "
              + types.size()
              + " entries, wanted one for each of the num_hidden_layers "
              + derived.size());
    }
    for (int layer = 0; layer < types.size(); layer++) {
      String type = types.get(layer);
      if (!type.equals(FULL) && !type.equals(SLIDING)) {
        throw fields.error(
            "layer_types["
                + layer
                + "] is "
                + Text.quote(type)
                + ", only '"
                + FULL
                + "' and '"
                + SLIDING
                + "' can be computed");
      }
      if (type.equals(SLIDING) != derived.get(layer)) {
        throw fields.error(
            "layer_types["
                + layer
                + "] is '"
                + type
                + "', but use_sliding_window, sliding_window and no_rope_layers make it '"
                + (derived.get(layer) ? SLIDING : FULL)
                + "'");
      }
    }
  }

  private DType dtype() {
    Optional<DType> four = dtype("torch_dtype");
    Optional<DType> five = dtype("dtype");
    if (four.isPresent() && five.isPresent() && !Objects.equals(four, five)) {
      throw fields.error(
          "dtype", "but torch_dtype is " + fields.optionalString("torch_dtype").get());
    }
    // as transformers 4 reads a file without it; the widest of the three, so it loses nothing
    return five.or(() -> four).orElse(DType.F32);
  }

  private Optional<DType> dtype(String name) {
    return fields
        .optionalString(name)
        .map(
            text ->
                switch (text) {
                  case "float32" -> DType.F32;
                  case "bfloat16" -> DType.BF16;
                  case "float16" -> DType.F16;
                  default -> throw fields.error(name, "wanted 'float32', 'bfloat16' or 'float16'");
                });
  }

  private OptionalInt tokenId(String name, int vocab) {
    OptionalInt id = fields.optionalInt(name, 0);
    if (id.isPresent() && id.getAsInt() >= vocab) {
      throw fields.error(name, "wanted 0 to " + (vocab - 1));
    }
    return id;
  }
}

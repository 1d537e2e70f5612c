package org.smollm3.model;

import org.junit.jupiter.params.provider.Arguments;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Variants of a small config.json, called c. */
final class ConfigJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  /** The least that can be read. */
  static final String LEAST =
      """
      {"model_type": "smollm3", "vocab_size": 320, "hidden_size": 64, "intermediate_size": 176,
       "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
       "max_position_embeddings": 256, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
       "no_rope_layer_interval": 4}
      """;

  /** The least configuration with fields replaced; a field set to {@code absent} is removed. */
  private static String with(String... namesAndValues) {
    ObjectNode json = (ObjectNode) MAPPER.readTree(LEAST);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (namesAndValues[i + 1].equals("absent")) {
        json.remove(namesAndValues[i]);
      } else {
        json.set(namesAndValues[i], MAPPER.readTree(namesAndValues[i + 1]));
      }
    }
    return json.toString();
  }

  private ConfigJson() {}

  static SmolLm3Config read(String... namesAndValues) {
    return SmolLm3ConfigReader.read(with(namesAndValues), "c");
  }

  /** A case of a test: the message after the location, and the fields that are replaced. */
  static Arguments refused(String message, String... namesAndValues) {
    return Arguments.of(message, namesAndValues);
  }
}

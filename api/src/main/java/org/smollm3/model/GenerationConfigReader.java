package org.smollm3.model;

import java.util.OptionalDouble;
import org.smollm3.json.JsonFields;
import org.smollm3.spi.ModelFiles;

/** Reads {@code generation_config.json}; fields it does not know are left alone. */
public final class GenerationConfigReader {
  private static final String FILE = "generation_config.json";

  private GenerationConfigReader() {}

  /**
   * Reads the recommended settings of a snapshot; one without the file recommends nothing.
   *
   * @throws org.smollm3.error.InvalidModelException as {@link #read(String, String)}
   */
  public static GenerationConfig read(ModelFiles files) {
    return files.contains(FILE)
        ? read(files.text(FILE), files.location() + "/" + FILE)
        : GenerationConfig.empty();
  }

  /**
   * Reads the recommended settings.
   *
   * @param json the text of generation_config.json
   * @param location how messages name the file
   * @throws org.smollm3.error.InvalidModelException naming the field and its value, if one is of
   *     the wrong type or out of range
   */
  public static GenerationConfig read(String json, String location) {
    JsonFields fields = JsonFields.parse(json, location);
    OptionalDouble temperature = fields.optionalNumber("temperature");
    if (temperature.isPresent() && temperature.getAsDouble() < 0) {
      throw fields.error("temperature", "wanted at least 0");
    }
    OptionalDouble topP = fields.optionalNumber("top_p");
    if (topP.isPresent() && !(topP.getAsDouble() > 0 && topP.getAsDouble() <= 1)) {
      throw fields.error("top_p", "wanted above 0 and at most 1");
    }
    return new GenerationConfig(
        fields.optionalBoolean("do_sample"),
        temperature,
        fields.optionalInt("top_k", 0),
        topP,
        fields.optionalInt("bos_token_id", 0),
        fields.intOrInts("eos_token_id", 0, Integer.MAX_VALUE),
        fields.optionalInt("pad_token_id", 0));
  }
}

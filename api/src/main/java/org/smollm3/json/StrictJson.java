package org.smollm3.json;

import org.smollm3.error.InvalidModelException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** JSON files whose top is an object: no duplicate keys, nothing after the end. */
public final class StrictJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // 1e-06 and 5000000.0 as they are written, so that messages can quote them
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private StrictJson() {}

  /**
   * The object that a file holds.
   *
   * @param location how messages name the file
   * @throws InvalidModelException if the text is not one JSON object without duplicate keys
   */
  public static ObjectNode object(String json, String location) {
    if (value(json, location) instanceof ObjectNode object) {
      return object;
    }
    throw new InvalidModelException(location + " does not hold a JSON object");
  }

  /**
   * A value of any kind.
   *
   * @param location how messages name where it stands
   * @throws InvalidModelException if the text is not one JSON value without duplicate keys
   */
  public static JsonNode value(String json, String location) {
    try {
      return MAPPER.readTree(json);
    } catch (JacksonException e) {
      throw new InvalidModelException(location + " is not valid JSON: " + describe(e), e);
    }
  }

  /** The message of a parser's exception in one line, with the place. */
  public static String describe(JacksonException e) {
    String message = e.getOriginalMessage();
    TokenStreamLocation at = e.getLocation();
    String text = Text.oneLine(message == null ? e.getClass().getSimpleName() : message);
    return at == null || at.getLineNr() < 1
        ? text
        : text + " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
  }
}

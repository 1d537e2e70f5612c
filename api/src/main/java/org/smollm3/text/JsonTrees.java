package org.smollm3.text;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Trees of the small parts of a tokenizer file. A JsonMapper would do the same, but starting one
 * takes a third of the time in which the whole file is read.
 */
record JsonTrees(Problems problems) {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** The value that the parser stands at; afterwards it stands at the value's last token. */
  JsonNode read(JsonParser parser) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> readObject(parser);
      case START_ARRAY -> readArray(parser);
      case VALUE_STRING -> NODES.stringNode(parser.getString());
      case VALUE_NUMBER_INT -> NODES.numberNode(parser.getBigIntegerValue());
      case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
      case VALUE_TRUE -> NODES.booleanNode(true);
      case VALUE_FALSE -> NODES.booleanNode(false);
      default -> NODES.nullNode();
    };
  }

  private JsonNode readObject(JsonParser parser) {
    ObjectNode object = NODES.objectNode();
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      putOnce(object, name, read(parser));
    }
    return object;
  }

  private JsonNode readArray(JsonParser parser) {
    ArrayNode array = NODES.arrayNode();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      array.add(read(parser));
    }
    return array;
  }

  ObjectNode emptyObject() {
    return NODES.objectNode();
  }

  /** Marks a field that is read otherwise. */
  void markOnce(ObjectNode object, String name) {
    putOnce(object, name, NODES.nullNode());
  }

  void putOnce(ObjectNode object, String name, JsonNode value) {
    if (object.replace(name, value) != null) {
      throw problems.invalid("the field " + Problems.quote(name) + " is there twice");
    }
  }
}

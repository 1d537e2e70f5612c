package org.smollm3.cli;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Results as JSON; fields come in the order in which they were put. */
final class Json {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static void print(JsonNode node, Console console) {
    console.out().println(MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node));
  }
}

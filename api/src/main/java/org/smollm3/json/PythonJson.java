package org.smollm3.json;

import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes JSON in the layout of Python's {@code json.dumps(..., indent=2)}. */
public final class PythonJson {
  private static final JsonMapper MAPPER = new JsonMapper();

  private PythonJson() {}

  /** The text of an object, its fields in their order, with a line end. */
  public static String write(ObjectNode object) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    Separators separators =
        Separators.createDefaultInstance()
            .withObjectNameValueSpacing(Separators.Spacing.AFTER)
            .withObjectEmptySeparator("")
            .withArrayEmptySeparator("");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(separators)
            .withObjectIndenter(indenter)
            .withArrayIndenter(indenter);
    return MAPPER.writer().with(printer).writeValueAsString(object) + "\n";
  }
}

package org.smollm3.spi;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a body returns: its outputs by name, in order, and for each state of the program the one
 * final handle. A result that lacks one is refused by {@link
 * org.smollm3.error.InvalidRequestException}, when the program is loaded or when the graph runs.
 */
public record GraphResult(Map<String, Tensor> outputs, Map<String, State> states) {
  public GraphResult {
    outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    states = Collections.unmodifiableMap(new LinkedHashMap<>(states));
  }
}

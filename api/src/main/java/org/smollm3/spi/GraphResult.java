package org.smollm3.spi;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a body returns: its outputs by name, in order, and for each state of the program the one
 * final handle.
 */
public record GraphResult(Map<String, Tensor> outputs, Map<String, State> states) {
  public GraphResult {
    outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    states = Collections.unmodifiableMap(new LinkedHashMap<>(states));
  }
}

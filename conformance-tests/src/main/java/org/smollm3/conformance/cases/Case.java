package org.smollm3.conformance.cases;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.smollm3.error.InvalidRequestException;

/**
 * What a rule is tried on: a text for each parameter, from which alone the check makes everything.
 * So the printed line is the case.
 *
 * @param values by name of the parameter, in order
 */
public record Case(Map<String, String> values) {
  /** The parameter that random data comes from; every space that is not fixed has it. */
  static final String SEED = "seed";

  public Case {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** The value of a parameter. */
  public <T> T get(Param<T> param) {
    return param.read(text(param.name()));
  }

  /** Random numbers for the case's data, the same on every call. */
  public Random random() {
    return new Random(Long.parseUnsignedLong(text(SEED), 16));
  }

  private String text(String name) {
    String text = values.get(name);
    if (text == null) {
      throw new InvalidRequestException("the case '" + this + "' has no " + name);
    }
    return text;
  }

  /** As {@code m=3 k=17 dtype=bf16 seed=1f}. */
  @Override
  public String toString() {
    return values.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(" "));
  }
}

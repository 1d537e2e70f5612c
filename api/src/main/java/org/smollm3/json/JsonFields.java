package org.smollm3.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Typed access to the fields of a JSON object. A field that is null counts as absent; a value of
 * another type or outside its range is an error that names the field, the value and what is wanted.
 */
public final class JsonFields {
  private final ObjectNode object;
  private final String location;
  private final String prefix;

  private JsonFields(ObjectNode object, String location, String prefix) {
    this.object = object;
    this.location = location;
    this.prefix = prefix;
  }

  /** The fields of a whole file. */
  public static JsonFields parse(String json, String location) {
    return new JsonFields(StrictJson.object(json, location), location, "");
  }

  /** An error about this file. */
  public InvalidModelException error(String problem) {
    return new InvalidModelException(location + ": " + problem);
  }

  /** An error about one field: its name, its value and what is wrong with it. */
  public InvalidModelException error(String name, String problem) {
    return error(prefix + name + " is " + shown(object.path(name)) + ", " + problem);
  }

  /** Whether the field is there, if only as null. */
  public boolean mentions(String name) {
    return object.has(name);
  }

  /** Whether the field is there and not null. */
  public boolean has(String name) {
    return object.hasNonNull(name);
  }

  /** The names of the fields that are not null. */
  public List<String> names() {
    List<String> names = new ArrayList<>();
    object.properties().stream()
        .filter(entry -> !entry.getValue().isNull())
        .forEach(entry -> names.add(entry.getKey()));
    return names;
  }

  /** The names of all fields, in the order of the file. */
  public List<String> order() {
    return List.copyOf(object.propertyNames());
  }

  /** The fields not among these, null or not, as JSON. */
  public Map<String, String> others(Set<String> known) {
    Map<String, String> others = new LinkedHashMap<>();
    object.properties().stream()
        .filter(entry -> !known.contains(entry.getKey()))
        .forEach(entry -> others.put(entry.getKey(), entry.getValue().toString()));
    return others;
  }

  public Optional<JsonFields> object(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    if (object.path(name) instanceof ObjectNode child) {
      return Optional.of(new JsonFields(child, location, prefix + name + "."));
    }
    throw error(name, "wanted an object");
  }

  public int requiredInt(String name, int min) {
    return optionalInt(name, min).orElseThrow(() -> missing(name));
  }

  public OptionalInt optionalInt(String name, int min) {
    return has(name)
        ? OptionalInt.of(toInt(object.path(name), name, min, Integer.MAX_VALUE))
        : OptionalInt.empty();
  }

  private int toInt(JsonNode node, String name, int min, int max) {
    if (!node.isIntegralNumber()) {
      throw error(name, "wanted a whole number");
    }
    if (!node.canConvertToInt() || node.intValue() < min || node.intValue() > max) {
      throw error(name, "wanted " + range(min, max, node.decimalValue().signum() > 0));
    }
    return node.intValue();
  }

  /** Where only one end means something, that end. */
  private static String range(int min, int max, boolean tooLarge) {
    if (max < Integer.MAX_VALUE) {
      return min + " to " + max;
    }
    return tooLarge ? "at most " + max : "at least " + min;
  }

  /** A list of whole numbers in a range; empty if absent. */
  public Optional<List<Integer>> optionalInts(String name, int min, int max) {
    if (!has(name)) {
      return Optional.empty();
    }
    if (!object.path(name).isArray()) {
      throw error(name, "wanted a list of whole numbers");
    }
    List<Integer> values = new ArrayList<>();
    for (JsonNode node : object.path(name)) {
      values.add(toInt(node, name, min, max));
    }
    return Optional.of(List.copyOf(values));
  }

  /** One whole number or a list of them; an empty list if absent. */
  public List<Integer> intOrInts(String name, int min, int max) {
    if (has(name) && !object.path(name).isArray()) {
      return List.of(toInt(object.path(name), name, min, max));
    }
    return optionalInts(name, min, max).orElse(List.of());
  }

  public double requiredNumber(String name) {
    return optionalNumber(name).orElseThrow(() -> missing(name));
  }

  /** A finite number. */
  public OptionalDouble optionalNumber(String name) {
    if (!has(name)) {
      return OptionalDouble.empty();
    }
    if (!object.path(name).isNumber()) {
      throw error(name, "wanted a number");
    }
    double value = object.path(name).decimalValue().doubleValue();
    if (!Double.isFinite(value)) {
      throw error(name, "wanted a finite number");
    }
    return OptionalDouble.of(value);
  }

  public Optional<Boolean> optionalBoolean(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    if (!object.path(name).isBoolean()) {
      throw error(name, "wanted true or false");
    }
    return Optional.of(object.path(name).booleanValue());
  }

  public Optional<String> optionalString(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    if (!object.path(name).isString()) {
      throw error(name, "wanted a string");
    }
    return Optional.of(object.path(name).stringValue());
  }

  public Optional<List<String>> optionalStrings(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    if (!object.path(name).isArray()) {
      throw error(name, "wanted a list of strings");
    }
    List<String> values = new ArrayList<>();
    for (JsonNode node : object.path(name)) {
      if (!node.isString()) {
        throw error(name, "wanted a list of strings");
      }
      values.add(node.stringValue());
    }
    return Optional.of(List.copyOf(values));
  }

  /** Refuses every field that is not null and not among these. */
  public void allowOnly(Set<String> allowed, String owner) {
    for (String name : names()) {
      if (!allowed.contains(name)) {
        throw error(
            owner
                + " takes no "
                + Text.quote(name)
                + ", only "
                + allowed.stream().sorted().toList());
      }
    }
  }

  public InvalidModelException missing(String name) {
    return error("has no " + prefix + name + ", which has to be given");
  }

  private static String shown(JsonNode node) {
    return Text.oneLine(node.isMissingNode() ? "absent" : node.toString());
  }
}

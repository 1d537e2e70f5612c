package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.neuron.protobuf.ProtoReader;

/** Small messages read whole. */
final class ProtoFields {
  private ProtoFields() {}

  /** A message of nothing but integers, single or repeated, by field number. */
  static Map<Integer, List<Long>> integers(ProtoReader in) {
    Map<Integer, List<Long>> fields = new HashMap<>();
    while (in.next()) {
      in.integers(fields.computeIfAbsent(in.field(), field -> new ArrayList<>())::add);
    }
    return fields;
  }

  static List<Long> list(Map<Integer, List<Long>> fields, int field) {
    return fields.getOrDefault(field, List.of());
  }

  /** The last value given, or 0. */
  static long single(Map<Integer, List<Long>> fields, int field) {
    List<Long> values = list(fields, field);
    return values.isEmpty() ? 0 : values.get(values.size() - 1);
  }

  /** The string of one field of a message. */
  static String string(ProtoReader in, int field) {
    String value = "";
    while (in.next()) {
      if (in.field() == field) {
        value = in.string();
      } else {
        in.skip();
      }
    }
    return value;
  }

  /** {@code FrontendAttributes}, or one entry of it. */
  static void map(ProtoReader attributes, Map<String, String> into) {
    while (attributes.next()) {
      if (attributes.field() == 1) {
        entry(attributes.message(), into);
      } else {
        attributes.skip();
      }
    }
  }

  private static void entry(ProtoReader in, Map<String, String> into) {
    String key = "";
    String value = "";
    while (in.next()) {
      switch (in.field()) {
        case 1 -> key = in.string();
        case 2 -> value = in.string();
        default -> in.skip();
      }
    }
    into.put(key, value);
  }
}

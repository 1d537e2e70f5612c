package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * What a pickle describes. Nothing of it comes alive: a class is two names, an object is its class
 * beside what it would be made from. Values are compared by identity: they can hold themselves.
 */
sealed interface PickleValue {
  /** None, a truth value or a float, of which nothing is wanted but that they are there. */
  enum Plain implements PickleValue {
    NONE,
    TRUE,
    FALSE,
    FLOAT
  }

  /** An integer. */
  record Whole(long number) implements PickleValue {}

  /** A string as its bytes, which need not be text: NEFFs are written as strings. */
  final class Bytes implements PickleValue {
    private static final int LONGEST_TEXT = 1000;

    private final MemorySegment content;

    Bytes(MemorySegment content) {
      this.content = content;
    }

    MemorySegment content() {
      return content;
    }

    /** A text with one character per byte, if it is short enough to be a name. */
    Optional<String> text() {
      return content.byteSize() > LONGEST_TEXT
          ? Optional.empty()
          : Optional.of(
              new String(content.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1));
    }
  }

  /** A list or a tuple. */
  final class Sequence implements PickleValue {
    private final List<PickleValue> items;

    Sequence(List<PickleValue> items) {
      this.items = new ArrayList<>(items);
    }

    List<PickleValue> items() {
      return Collections.unmodifiableList(items);
    }

    void addAll(List<PickleValue> more) {
      items.addAll(more);
    }
  }

  /** A dict: keys and values as they came. */
  final class Dictionary implements PickleValue {
    private final List<PickleValue> keys = new ArrayList<>();
    private final List<PickleValue> values = new ArrayList<>();

    int size() {
      return keys.size();
    }

    PickleValue key(int i) {
      return keys.get(i);
    }

    PickleValue value(int i) {
      return values.get(i);
    }

    void put(PickleValue key, PickleValue value) {
      keys.add(key);
      values.add(value);
    }
  }

  /** A class or function, by name. */
  record Global(String module, String name) implements PickleValue {}

  /** An object that would be made by calling something, then given a state. */
  final class Instance implements PickleValue {
    private final PickleValue callee;
    private final PickleValue arguments;
    private Optional<PickleValue> state = Optional.empty();

    Instance(PickleValue callee, PickleValue arguments) {
      this.callee = callee;
      this.arguments = arguments;
    }

    PickleValue callee() {
      return callee;
    }

    PickleValue arguments() {
      return arguments;
    }

    Optional<PickleValue> state() {
      return state;
    }

    void build(PickleValue with) {
      state = Optional.of(with);
    }
  }

  /** Something outside of the pickle, such as the data of a tensor. */
  final class Persistent implements PickleValue {
    private final PickleValue id;

    Persistent(PickleValue id) {
      this.id = id;
    }

    PickleValue id() {
      return id;
    }
  }
}

package org.smollm3.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import org.smollm3.error.InvalidRequestException;

/**
 * One parameter of a case: its name, the values it may take, and how they are written.
 *
 * @param <T> the type of its values
 */
public final class Param<T> {
  private final String name;
  private final Arbitrary<T> values;
  private final Function<T, String> write;
  private final Function<String, T> read;

  private Param(
      String name, Arbitrary<T> values, Function<T, String> write, Function<String, T> read) {
    this.name = name;
    this.values = values;
    this.write = write;
    this.read = read;
  }

  /**
   * @param name lower case
   * @param write gives a text without blanks and equals signs
   * @param read the inverse; throws {@link IllegalArgumentException} for what is none of the values
   */
  public static <T> Param<T> of(
      String name, Arbitrary<T> values, Function<T, String> write, Function<String, T> read) {
    return new Param<>(name, values, write, read);
  }

  /** A whole number. */
  public static Param<Integer> integer(String name, Arbitrary<Integer> values) {
    return of(name, values, value -> Integer.toString(value), Integer::valueOf);
  }

  /** A whole number from a range, small ones preferred; shrinks towards {@code min}. */
  public static Param<Integer> integer(String name, int min, int max) {
    return integer(name, Arbitraries.integers().between(min, max));
  }

  /** One of some whole numbers; shrinks towards the first. */
  public static Param<Integer> oneOf(String name, Integer... values) {
    return integer(name, Arbitraries.of(values));
  }

  /** One of some constants, written in lower case; shrinks towards the first. */
  @SafeVarargs
  public static <E extends Enum<E>> Param<E> choice(String name, E... values) {
    List<E> all = new ArrayList<>();
    for (E value : values) {
      all.add(value);
    }
    return of(name, Arbitraries.of(all), Param::label, text -> constant(all, text));
  }

  /** {@code false} or {@code true}; shrinks towards {@code false}. */
  public static Param<Boolean> flag(String name) {
    return of(name, Arbitraries.of(false, true), value -> Boolean.toString(value), Param::truth);
  }

  /** Whole numbers, written with commas between them; none is written {@code -}. */
  public static Param<List<Integer>> integers(String name, Arbitrary<List<Integer>> values) {
    return of(name, values, Param::joined, Param::split);
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static <E extends Enum<E>> E constant(List<E> all, String text) {
    for (E value : all) {
      if (label(value).equals(text)) {
        return value;
      }
    }
    throw new IllegalArgumentException("it is one of " + all.stream().map(Param::label).toList());
  }

  private static boolean truth(String text) {
    if (!text.equals("true") && !text.equals("false")) {
      throw new IllegalArgumentException("it is true or false");
    }
    return text.equals("true");
  }

  private static String joined(List<Integer> values) {
    return values.isEmpty()
        ? "-"
        : values.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static List<Integer> split(String text) {
    return text.equals("-")
        ? List.of()
        : Arrays.stream(text.split(",", -1)).map(Integer::valueOf).toList();
  }

  public String name() {
    return name;
  }

  /**
   * The same parameter with fewer values.
   *
   * @param texts as they are written
   * @return empty if none of its values is among them
   */
  Optional<Param<T>> only(Set<String> texts) {
    List<T> left =
        values
            .allValues()
            .orElseThrow(() -> new IllegalArgumentException(name + " has too many values"))
            .filter(value -> texts.contains(write.apply(value)))
            .toList();
    return left.isEmpty()
        ? Optional.empty()
        : Optional.of(new Param<>(name, Arbitraries.of(left), write, read));
  }

  /** The values as they are written. */
  Arbitrary<String> texts() {
    return values.map(write);
  }

  /**
   * A value from its text.
   *
   * @throws InvalidRequestException if it is no value of this parameter
   */
  T read(String text) {
    try {
      return read.apply(text);
    } catch (IllegalArgumentException e) {
      throw new InvalidRequestException(
          "'" + text + "' is no value of " + name + ": " + e.getMessage(), e);
    }
  }
}

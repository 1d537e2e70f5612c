package org.smollm3.spi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.tensor.Shape;

/**
 * What is in a file: sections in order, each with fields, a table or both. Names are lower-case
 * words with blanks; as JSON keys the blanks become underscores.
 *
 * @param kind of the file, in one or a few words
 * @param problem why the file cannot be used although it could be read; one line
 */
public record FileReport(String kind, List<Section> sections, Optional<String> problem) {
  public FileReport {
    sections = List.copyOf(sections);
  }

  /** A report on a file that can be used. */
  public static FileReport of(String kind, Section... sections) {
    return new FileReport(kind, List.of(sections), Optional.empty());
  }

  /** The same with the reason why the file cannot be used. */
  public FileReport withProblem(String reason) {
    return new FileReport(kind, sections, Optional.of(reason));
  }

  /**
   * Facts that belong together.
   *
   * @param fields by name, in order
   */
  public record Section(String name, Map<String, Value> fields, Optional<Table> table) {
    public Section {
      fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    public static Section of(String name) {
      return new Section(name, Map.of(), Optional.empty());
    }

    public Section with(String field, Value value) {
      Map<String, Value> more = new LinkedHashMap<>(fields);
      more.put(field, value);
      return new Section(name, more, table);
    }

    public Section with(String field, String value) {
      return with(field, new Value.Text(value));
    }

    public Section with(String field, long value) {
      return with(field, new Value.Whole(value));
    }

    public Section with(Table rows) {
      return new Section(name, fields, Optional.of(rows));
    }
  }

  /** Rows of as many values as there are columns. */
  public record Table(List<String> columns, List<List<Value>> rows) {
    public Table {
      columns = List.copyOf(columns);
      List<List<Value>> copies = new ArrayList<>();
      for (List<Value> row : rows) {
        if (row.size() != columns.size()) {
          throw new IllegalArgumentException(
              row.size() + " values for " + columns.size() + " columns");
        }
        copies.add(List.copyOf(row));
      }
      rows = List.copyOf(copies);
    }
  }

  /** A value as text says it; JSON keeps numbers and shapes apart. */
  public sealed interface Value {
    static Value of(String text) {
      return new Text(text);
    }

    static Value of(long number) {
      return new Whole(number);
    }

    static Value of(Shape shape) {
      return new Dims(shape);
    }

    /** Text from a file may be anything; who prints it keeps it to one line. */
    record Text(String text) implements Value {
      @Override
      public String toString() {
        return text;
      }
    }

    /** A whole number, such as a count or a size in bytes. */
    record Whole(long number) implements Value {
      @Override
      public String toString() {
        return Long.toString(number);
      }
    }

    /** A shape; a list of numbers in JSON. */
    record Dims(Shape shape) implements Value {
      @Override
      public String toString() {
        return shape.toString();
      }
    }
  }
}

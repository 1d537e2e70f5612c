package org.smollm3.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Table;
import org.smollm3.spi.FileReport.Value;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What an inspector of another module says of a file, as text or as JSON. */
final class InspectorReport {
  private InspectorReport() {}

  /** The report of the first inspector that recognises a file; empty if none does. */
  static Optional<FileReport> of(Path file, List<FileInspector> inspectors) {
    if (inspectors.isEmpty() || !Files.isRegularFile(file)) {
      return Optional.empty();
    }
    String name = String.valueOf(file.getFileName());
    MemorySegment head = head(file);
    return inspectors.stream()
        .filter(inspector -> inspector.recognises(name, head))
        .findFirst()
        .map(inspector -> inspector.inspect(file));
  }

  private static MemorySegment head(Path file) {
    ByteBuffer head = ByteBuffer.allocate(FileInspector.HEAD_BYTES);
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      while (head.hasRemaining() && channel.read(head) >= 0) {
        // a read may give less than was asked for
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + OneLine.quote(file.toString()), e);
    }
    return MemorySegment.ofBuffer(head.flip()).asReadOnly();
  }

  static void print(Path file, FileReport report, PrintWriter out) {
    out.printf("%s: %s%n", OneLine.of(file.toString()), OneLine.of(report.kind()));
    for (Section section : report.sections()) {
      out.println();
      out.println(OneLine.of(section.name()));
      section
          .fields()
          .forEach((name, value) -> out.printf("  %s: %s%n", OneLine.of(name), text(value)));
      section.table().ifPresent(table -> print(table, out));
    }
  }

  private static void print(Table table, PrintWriter out) {
    TextTable text =
        new TextTable(
            IntStream.range(0, table.columns().size())
                .mapToObj(column -> align(table, column))
                .toArray(TextTable.Align[]::new));
    text.row(table.columns().toArray());
    for (List<Value> row : table.rows()) {
      text.row(row.stream().map(InspectorReport::text).toArray());
    }
    text.print(out);
  }

  private static TextTable.Align align(Table table, int column) {
    boolean numbers =
        !table.rows().isEmpty()
            && table.rows().stream().allMatch(row -> row.get(column) instanceof Value.Whole);
    return numbers ? TextTable.Align.RIGHT : TextTable.Align.LEFT;
  }

  private static String text(Value value) {
    return value instanceof Value.Whole whole
        ? String.format(Locale.ROOT, "%,d", whole.number())
        : OneLine.of(value.toString());
  }

  /** Sections are objects by name; a table is the list "rows" of one of them. */
  static ObjectNode json(Path file, FileReport report) {
    ObjectNode root = Json.object();
    root.put("path", file.toString());
    root.put("kind", report.kind());
    report.problem().ifPresent(problem -> root.put("problem", problem));
    for (Section section : report.sections()) {
      ObjectNode node = root.putObject(key(section.name()));
      for (Map.Entry<String, Value> field : section.fields().entrySet()) {
        put(node, key(field.getKey()), field.getValue());
      }
      section.table().ifPresent(table -> put(node.putArray("rows"), table));
    }
    return root;
  }

  private static void put(ArrayNode rows, Table table) {
    for (List<Value> row : table.rows()) {
      ObjectNode node = rows.addObject();
      for (int column = 0; column < row.size(); column++) {
        put(node, key(table.columns().get(column)), row.get(column));
      }
    }
  }

  private static void put(ObjectNode node, String key, Value value) {
    switch (value) {
      case Value.Text text -> node.put(key, text.text());
      case Value.Whole whole -> node.put(key, whole.number());
      case Value.Dims dims -> {
        ArrayNode shape = node.putArray(key);
        for (long dim : dims.shape().toArray()) {
          shape.add(dim);
        }
      }
    }
  }

  private static String key(String name) {
    return name.replace(' ', '_');
  }
}

package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The end of a log, for messages of one line. */
final class ConsoleLog {
  private static final int TAIL_BYTES = 16 << 10;
  private static final int MAX_LINES = 3;
  private static final int MAX_CHARACTERS = 300;

  private ConsoleLog() {}

  /** The last lines of a file that are not blank, in one; or that there are none. */
  static String tail(Path log) {
    List<String> lines;
    try {
      lines = end(log).lines().map(ConsoleLog::plain).filter(line -> !line.isEmpty()).toList();
    } catch (IOException e) {
      return "(its log cannot be read)";
    }
    if (lines.isEmpty()) {
      return "(it printed nothing)";
    }
    return String.join(" | ", lines.subList(Math.max(0, lines.size() - MAX_LINES), lines.size()));
  }

  private static String end(Path log) throws IOException {
    try (FileChannel channel = FileChannel.open(log)) {
      ByteBuffer bytes = ByteBuffer.allocate(TAIL_BYTES);
      long at = Math.max(0, channel.size() - TAIL_BYTES);
      while (bytes.hasRemaining()) {
        int count = channel.read(bytes, at + bytes.position());
        if (count < 0) {
          break;
        }
      }
      return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
    }
  }

  private static String plain(String line) {
    String text = line.replaceAll("\\p{Cntrl}", " ").strip();
    return text.length() <= MAX_CHARACTERS ? text : text.substring(0, MAX_CHARACTERS) + "...";
  }
}

package org.smollm3.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.Text;
import org.smollm3.spi.ModelFiles;

/** What a model is run with besides its weights and configuration: copied where weights change. */
final class Companions {
  private static final List<String> NAMES =
      List.of(
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json");

  private Companions() {}

  /** Copies those that there are. */
  static void copy(ModelFiles from, OutputFolder to) throws IOException {
    for (String name : NAMES) {
      if (from.contains(name)) {
        write(to.resolve(name), from.map(name).asByteBuffer());
      }
    }
  }

  /** Writes a new small file. */
  static void write(Path file, ByteBuffer bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }

  static InvalidRequestException unwritable(Path out, IOException e) {
    String problem = e.getMessage() == null ? e.getClass().getSimpleName() : e.toString();
    return new InvalidRequestException(
        "cannot write to " + Text.escape(out.toString()) + ": " + Text.oneLine(problem), e);
  }
}

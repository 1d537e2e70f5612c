package org.smollm3.cli;

import java.io.BufferedWriter;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * The streams of one run, all UTF-8.
 *
 * @param out results; buffered, so to be flushed where they should appear at once. A write to a
 *     reader that has gone throws {@link OutputClosedException}
 * @param err progress, warnings and errors
 * @param interactive whether {@code err} is a terminal
 */
record Console(InputStream in, PrintWriter out, PrintWriter err, boolean interactive) {

  static Console of(InputStream in, OutputStream out, OutputStream err, boolean interactive) {
    return new Console(
        in,
        new PrintWriter(
            new BufferedWriter(
                new OutputStreamWriter(new CheckedOutput(out), StandardCharsets.UTF_8)),
            false),
        // An error that cannot be written has nowhere to go: PrintWriter drops it.
        new PrintWriter(
            new BufferedWriter(new OutputStreamWriter(err, StandardCharsets.UTF_8)), true),
        interactive);
  }
}

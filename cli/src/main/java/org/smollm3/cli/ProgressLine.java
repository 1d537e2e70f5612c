package org.smollm3.cli;

import java.util.Locale;

/** One line on a terminal that grows with the bytes written; closing wipes it. */
final class ProgressLine implements AutoCloseable {
  private static final long INTERVAL_NANOS = 100_000_000;

  private final String what;
  private final long total;
  private final Console console;
  private long done;
  private long shownAt = System.nanoTime();
  private int width;

  ProgressLine(String what, long total, Console console) {
    this.what = what;
    this.total = total;
    this.console = console;
  }

  void add(long bytes) {
    done += bytes;
    long now = System.nanoTime();
    if (console.interactive() && now - shownAt > INTERVAL_NANOS) {
      shownAt = now;
      String line = what + ": " + size(done) + " of " + size(total);
      width = Math.max(width, line.length());
      console.err().print("\r" + line + " ".repeat(width - line.length()));
      console.err().flush();
    }
  }

  @Override
  public void close() {
    if (width > 0) {
      console.err().print("\r" + " ".repeat(width) + "\r");
      console.err().flush();
    }
  }

  /** As {@code 6.15 GB}; decimal units. */
  static String size(long bytes) {
    String[] units = {"bytes", "kB", "MB", "GB", "TB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.2f %s", value, units[unit]);
  }
}

package org.smollm3.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of the program, as the build wrote it down. */
final class Version {
  private Version() {}

  static String number() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version", "unknown");
  }

  static String line() {
    return String.format(
        "%s %s (Java %s, %s %s)",
        Program.NAME,
        number(),
        Runtime.version(),
        System.getProperty("os.name"),
        System.getProperty("os.arch"));
  }
}

package org.smollm3.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.util.Map;

/** Entry point of the program. */
public final class Main {
  private Main() {}

  /** Runs the program and ends the JVM with its exit code. */
  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    // The streams of System would decode by the locale and swallow a broken pipe.
    Console console =
        Console.of(
            System.in,
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            Boolean.getBoolean("smollm3.terminal"));
    System.exit(new Program(console, environment, Program.installedCommands(console)).run(args));
  }
}

package org.smollm3.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** One run of the program in this JVM. */
record TestRun(int code, String out, String err) {

  static TestRun of(List<Command> commands, String... args) {
    return of(commands, "", false, Map.of(), args);
  }

  static TestRun of(
      List<Command> commands,
      String input,
      boolean interactive,
      Map<String, String> environment,
      String... args) {
    return of(
        commands,
        new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
        interactive,
        environment,
        args);
  }

  static TestRun of(
      List<Command> commands,
      InputStream input,
      boolean interactive,
      Map<String, String> environment,
      String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = Console.of(input, out, err, interactive);
    int code = new Program(console, environment, commands).run(args);
    return new TestRun(
        code,
        out.toString(StandardCharsets.UTF_8).replace("\r\n", "\n"),
        err.toString(StandardCharsets.UTF_8).replace("\r\n", "\n"));
  }
}

package org.smollm3.neuron.bundle;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.smollm3.spi.Tool;

/** The command {@code compile} on a golden model, in an environment of the test's making. */
final class CompileRun {
  private final Path temp;
  private final Map<String, String> environment = new HashMap<>();
  private final Map<String, String> options = new TreeMap<>();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private String model = "gqa-nope";

  /**
   * @param temp where bundles and the compile cache go
   */
  CompileRun(Path temp) {
    this.temp = temp;
    environment.put("PATH", temp.resolve("bin").toString());
    environment.put("NEURON_COMPILE_CACHE_URL", temp.resolve("cache").toString());
    options.put("--sequence-length", "16");
  }

  CompileRun environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  CompileRun model(String name) {
    model = name;
    return this;
  }

  /** Options as on the command line: {@code --name=value}, or {@code --name} for a switch. */
  CompileRun with(String... words) {
    for (String word : words) {
      String[] parts = word.split("=", 2);
      options.put(parts[0], parts.length == 1 ? "true" : parts[1]);
    }
    return this;
  }

  /** Makes the bundle of that name. */
  Path into(String bundle) {
    Path folder = temp.resolve(bundle);
    options.put("--out", folder.toString());
    Path snapshot =
        Path.of(System.getProperty("smollm3.root", ""), "weights-fixtures/goldens/models", model);
    Tool.Invocation invocation =
        new Tool.Invocation(
            List.of(snapshot.toString()),
            options,
            new PrintWriter(out, true),
            new PrintWriter(err, true),
            false);
    int code = new CompileTool(environment).run(invocation);
    if (code != 0) {
      throw new AssertionError("exit code " + code);
    }
    return folder;
  }

  /** What it printed. */
  String out() {
    return out.toString();
  }

  /** Its progress. */
  String err() {
    return err.toString();
  }
}

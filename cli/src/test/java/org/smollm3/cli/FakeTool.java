package org.smollm3.cli;

import java.util.List;
import java.util.function.ToIntFunction;
import org.smollm3.spi.Tool;

/** A tool with one option of every kind. */
record FakeTool(ToIntFunction<Tool.Invocation> action) implements Tool {
  @Override
  public Usage usage() {
    return new Usage(
        "probe",
        "Probe 100% of ${things}.",
        List.of("Some detail: 5%.", "Examples:", "  smollm3 probe --out X DIR"),
        "DIR...",
        1,
        2,
        List.of(
            new Option("--out", "FILE", "where results go", ""),
            new Option("--size", "N", "how large, at most 50%", "16"),
            Option.flag("--json", "print JSON")));
  }

  @Override
  public int run(Invocation invocation) {
    return action.applyAsInt(invocation);
  }
}

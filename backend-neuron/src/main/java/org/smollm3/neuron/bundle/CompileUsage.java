package org.smollm3.neuron.bundle;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.spi.Tool.Invocation;
import org.smollm3.spi.Tool.Option;

/** What the command shows beside its results. */
final class CompileUsage {
  private CompileUsage() {}

  static List<Option> all() {
    List<Option> all = new ArrayList<>(CompileOptions.ALL);
    all.addAll(NeffOptions.ALL);
    all.add(Option.flag("--json", "print the result as JSON"));
    return all;
  }

  /** What is being done: one line on a terminal, which changes; lines in a log. */
  static final class Progress {
    private final Invocation invocation;
    private String shown = "";

    Progress(Invocation invocation) {
      this.invocation = invocation;
    }

    /** For a terminal. */
    void doing(String what) {
      if (invocation.interactive() && !what.equals(shown)) {
        shown = what;
        invocation.err().print("\r\u001b[K" + what);
        invocation.err().flush();
      }
    }

    /** For a log. */
    void line(String what) {
      if (!invocation.interactive()) {
        invocation.err().println(what);
        invocation.err().flush();
      }
    }

    void done() {
      doing("");
    }
  }
}

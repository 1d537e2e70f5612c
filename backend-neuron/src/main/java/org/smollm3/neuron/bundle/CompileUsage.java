package org.smollm3.neuron.bundle;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.spi.Tool.Invocation;
import org.smollm3.spi.Tool.Option;

/** What the command shows beside its results. */
final class CompileUsage {
  private CompileUsage() {}

  static List<Option> withJson(List<Option> options) {
    List<Option> all = new ArrayList<>(options);
    all.add(Option.flag("--json", "print the result as JSON"));
    return all;
  }

  /** One line on a terminal that says what is being done. */
  static final class Progress {
    private final Invocation invocation;

    Progress(Invocation invocation) {
      this.invocation = invocation;
    }

    void doing(String what) {
      if (invocation.interactive()) {
        invocation.err().print("\r\u001b[K" + what);
        invocation.err().flush();
      }
    }

    void done() {
      doing("");
    }
  }
}

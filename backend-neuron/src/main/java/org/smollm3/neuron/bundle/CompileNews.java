package org.smollm3.neuron.bundle;

import java.time.Duration;
import java.util.Optional;
import org.smollm3.neuron.compiler.CompileListener;
import org.smollm3.neuron.compiler.CompilePhase;

/**
 * Says how the compilation of a graph goes on: every second on a terminal, which draws over the
 * last line; in a log one line for each phase, and one a minute.
 */
final class CompileNews implements CompileListener {
  private static final Duration BETWEEN_LINES = Duration.ofMinutes(1);

  private final String graph;
  private final CompileUsage.Progress progress;
  private Optional<CompilePhase> last = Optional.empty();
  private Duration nextLine = Duration.ZERO;

  CompileNews(String graph, CompileUsage.Progress progress) {
    this.graph = graph;
    this.progress = progress;
  }

  /** The phase that was told last. */
  Optional<CompilePhase> last() {
    return last;
  }

  @Override
  public void progress(CompilePhase phase, Duration elapsed) {
    boolean begins = !last.equals(Optional.of(phase));
    last = Optional.of(phase);
    switch (phase) {
      case WAITING -> underWay("waiting for another compilation of " + graph, begins, elapsed);
      case COMPILING -> underWay("compiling " + graph + " with neuronx-cc", begins, elapsed);
      case COMPILED -> progress.line("compiled " + graph + after(elapsed));
      case CACHED -> progress.line(graph + " is in the compile cache");
    }
  }

  private void underWay(String what, boolean begins, Duration elapsed) {
    progress.doing(what + after(elapsed));
    if (begins) {
      nextLine = elapsed;
    }
    if (elapsed.compareTo(nextLine) >= 0) {
      progress.line(begins ? what : what + after(elapsed));
      nextLine = nextLine.plus(BETWEEN_LINES);
    }
  }

  private static String after(Duration elapsed) {
    return ", " + elapsed.toSeconds() + " s";
  }
}

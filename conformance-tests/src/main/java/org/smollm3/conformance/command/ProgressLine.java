package org.smollm3.conformance.command;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.smollm3.conformance.run.Progress;
import org.smollm3.conformance.run.RuleResult;
import org.smollm3.conformance.run.Verdict;
import org.smollm3.spi.Tool.Invocation;

/**
 * How far a run is: on a terminal a line that is drawn over and over, elsewhere one line a minute.
 * A rule that fails is told at once.
 */
final class ProgressLine implements Progress, AutoCloseable {
  private static final Duration ON_TERMINAL = Duration.ofMillis(200);
  private static final Duration ELSEWHERE = Duration.ofMinutes(1);

  private final Invocation invocation;
  private final Ending ending;
  private Duration next;

  ProgressLine(Invocation invocation, Ending ending) {
    this.invocation = invocation;
    this.ending = ending;
    this.next = step();
  }

  private Duration step() {
    return invocation.interactive() ? ON_TERMINAL : ELSEWHERE;
  }

  @Override
  public void onCase(State state) {
    if (state.elapsed().compareTo(next) < 0) {
      return;
    }
    next = state.elapsed().plus(step());
    String line =
        String.format(
            Locale.ROOT,
            "%s: case %d of %d, %s%s",
            state.rule(),
            state.done(),
            state.total(),
            text(state.elapsed()),
            state.remaining().map(left -> ", about " + text(left) + " left").orElse(""));
    if (invocation.interactive()) {
      invocation.err().print("\r\u001b[K" + line);
    } else {
      invocation.err().println(line);
    }
    invocation.err().flush();
  }

  @Override
  public void onRule(RuleResult result) {
    if (result.verdict() == Verdict.FAIL) {
      close();
      Optional<RuleResult.Failure> first = result.failures().stream().findFirst();
      invocation.err().println("FAIL " + result.rule() + first.map(f -> ": " + f.why()).orElse(""));
      invocation.err().flush();
    }
  }

  static String text(Duration duration) {
    long seconds = duration.toSeconds();
    return seconds < 60
        ? seconds + " s"
        : seconds < 3600
            ? String.format(Locale.ROOT, "%d:%02d min", seconds / 60, seconds % 60)
            : String.format(Locale.ROOT, "%d:%02d h", seconds / 3600, seconds / 60 % 60);
  }

  @Override
  public boolean isToStop() {
    return ending.isAsked();
  }

  /** Takes the line away. */
  @Override
  public void close() {
    if (invocation.interactive()) {
      invocation.err().print("\r\u001b[K");
      invocation.err().flush();
    }
  }
}

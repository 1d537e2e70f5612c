package org.smollm3.neuron.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.compiler.CompilePhase;
import org.smollm3.spi.Tool;

class CompileNewsTest {
  private final StringWriter err = new StringWriter();

  private CompileNews news(boolean interactive) {
    PrintWriter nothing = new PrintWriter(new StringWriter());
    return new CompileNews(
        "token_generation",
        new CompileUsage.Progress(
            new Tool.Invocation(
                List.of(), Map.of(), nothing, new PrintWriter(err, true), interactive)));
  }

  private static void compiling(CompileNews news, int seconds) {
    for (long millis = 0; millis < seconds * 1000L; millis += 250) {
      news.progress(CompilePhase.COMPILING, Duration.ofMillis(millis));
    }
  }

  @Test
  void aLogHasALineForEachPhaseAndOneAMinute() {
    CompileNews news = news(false);

    news.progress(CompilePhase.WAITING, Duration.ofSeconds(5));
    compiling(news, 130);
    news.progress(CompilePhase.COMPILED, Duration.ofSeconds(131));

    assertThat(err.toString().lines())
        .containsExactly(
            "waiting for another compilation of token_generation",
            "compiling token_generation with neuronx-cc",
            "compiling token_generation with neuronx-cc, 60 s",
            "compiling token_generation with neuronx-cc, 120 s",
            "compiled token_generation, 131 s");
    assertThat(news.last()).contains(CompilePhase.COMPILED);
  }

  @Test
  void aTerminalHasOneLineThatCountsTheSeconds() {
    CompileNews news = news(true);

    compiling(news, 3);
    news.progress(CompilePhase.COMPILED, Duration.ofSeconds(3));

    String again = "\r\u001b[K";
    String what = "compiling token_generation with neuronx-cc, ";
    assertThat(err.toString())
        .isEqualTo(again + what + "0 s" + again + what + "1 s" + again + what + "2 s");
  }
}

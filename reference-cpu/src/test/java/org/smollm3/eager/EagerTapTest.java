package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.eager.Sessions.constant;
import static org.smollm3.eager.Sessions.load;
import static org.smollm3.eager.Sessions.program;
import static org.smollm3.eager.Sessions.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

class EagerTapTest {
  private static final GraphBody BODY =
      c -> {
        Tensor x = constant(c, 1, 2);
        c.tap("embed_tokens", x);
        Tensor y =
            c.scope(
                "layers.0",
                () -> {
                  Tensor q = c.ops().add(x, x);
                  c.tap("layers.0.q_proj", q);
                  return c.ops().multiply(q, q);
                });
        c.tap("layers.0", y);
        c.tap("layers.10", y);
        return result(y, c.state("s"));
      };

  private static Outputs run(GraphBody body, LoadOptions options) {
    try (Session session = load(program(body), options)) {
      return session.run("g", Map.of());
    }
  }

  @Test
  void nothingIsTappedUnlessAskedFor() {
    Outputs outputs = run(BODY, LoadOptions.defaults());
    assertThat(outputs.tapsByRank()).containsExactly(Map.of());
    assertThat(outputs.outputsByRank().get(0)).containsOnlyKeys("y");
  }

  @Test
  void matchingTapsComeInTheOrderTheyWereMade() {
    Outputs outputs = run(BODY, LoadOptions.defaults().withTaps("embed*,layers.0*"));
    assertThat(outputs.tapsByRank().get(0).keySet())
        .containsExactly("embed_tokens", "layers.0.q_proj", "layers.0");
    assertThat(outputs.tap("layers.0.q_proj").toDoubleArray()).containsExactly(2, 4);
    assertThat(outputs.tap("layers.0.q_proj").dtype()).isEqualTo(DType.F64);
    assertThat(outputs.tap("layers.0").toDoubleArray()).containsExactly(4, 16);
  }

  @Test
  void theListenerSeesTapsWhileTheBodyRuns() {
    List<String> events = new ArrayList<>();
    GraphBody body =
        c -> {
          c.tap("a", constant(c, 1));
          events.add("body");
          c.tap("unasked", constant(c, 1));
          return result(constant(c, 1), c.state("s"));
        };
    LoadOptions options =
        LoadOptions.defaults()
            .withTaps("?")
            .withListener((name, rank, value) -> events.add(name + rank + value.getDouble(0)));
    run(body, options);
    assertThat(events).containsExactly("a01.0", "body");
  }

  @Test
  void aTapOfAStateIsACopyOfThatMoment() {
    GraphBody body =
        c -> {
          State s = c.state("s");
          c.tap("before", c.ops().read(s));
          State next = c.ops().updateInto(s, constant(c, 5, 6), 0);
          return result(c.ops().read(next), next);
        };
    Outputs outputs = run(body, LoadOptions.defaults().withTaps("*"));
    assertThat(outputs.tap("before").toDoubleArray()).containsExactly(0, 0);
    assertThat(outputs.get("y").toDoubleArray()).containsExactly(5, 6);
  }

  @Test
  void oneNameForTwoTapsIsRefused() {
    GraphBody body =
        c -> {
          c.tap("a", constant(c, 1));
          c.tap("a", constant(c, 2));
          return result(constant(c, 1), c.state("s"));
        };
    assertThatThrownBy(() -> run(body, LoadOptions.defaults().withTaps("a")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("graph 'g': tap 'a' is given twice; name them apart");
  }

  @Test
  void aListenerThatThrowsEndsTheRunAndNotTheSession() {
    boolean[] fails = {true};
    LoadOptions options =
        LoadOptions.defaults()
            .withTaps("embed_tokens")
            .withListener(
                (name, rank, value) -> {
                  if (fails[0]) {
                    throw new IllegalArgumentException("seen enough");
                  }
                });
    try (Session session = load(program(BODY), options)) {
      assertThatThrownBy(() -> session.run("g", Map.of()))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("seen enough");
      fails[0] = false;
      assertThat(session.run("g", Map.of()).get("y").toDoubleArray()).containsExactly(4, 16);
    }
  }
}

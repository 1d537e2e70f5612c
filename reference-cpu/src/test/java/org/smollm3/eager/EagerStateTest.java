package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.eager.Sessions.constant;
import static org.smollm3.eager.Sessions.load;
import static org.smollm3.eager.Sessions.result;
import static org.smollm3.eager.Sessions.run;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Linear handles. */
class EagerStateTest {
  private static final String CONSUMED =
      "state 's' is used through a handle, or a tensor read from it, that was consumed by"
          + " updateInto in '%s'; use the handle returned there";

  private static State update(GraphContext c, State s, double... values) {
    return c.ops().updateInto(s, constant(c, values), 0);
  }

  private static void assertConsumed(GraphBody body, String message) {
    assertThatThrownBy(() -> run(body))
        .isInstanceOf(StateConsumedException.class)
        .hasMessage(message);
  }

  @Test
  void statesLiveFromRunToRunUntilReset() {
    GraphBody addOne =
        c -> {
          State s = c.state("s");
          Tensor sum = c.ops().add(c.ops().read(s), constant(c, 1, 1));
          return result(sum, c.ops().updateInto(s, sum, 0));
        };
    try (Session session = load(addOne)) {
      assertThat(session.readState("s", 0).toDoubleArray()).containsExactly(0, 0);
      session.run("g", Map.of());
      assertThat(session.run("g", Map.of()).get("y").toDoubleArray()).containsExactly(2, 2);
      HostTensor copy = session.readState("s", 0);
      session.resetStates();
      assertThat(copy.toDoubleArray()).containsExactly(2, 2);
      assertThat(session.readState("s", 0).toDoubleArray()).containsExactly(0, 0);
    }
  }

  @Test
  void aConsumedHandleCannotBeRead() {
    assertConsumed(
        c -> {
          State old = c.state("s");
          State next = update(c, old, 1, 2);
          return result(c.ops().read(old), next);
        },
        "graph 'g': " + String.format(CONSUMED, "graph 'g'"));
  }

  @Test
  void aConsumedHandleCannotBeUpdated() {
    assertConsumed(
        c ->
            result(
                c.scope(
                    "layers.1.self_attn",
                    () -> {
                      State old = c.state("s");
                      c.scope(
                          "inner",
                          () -> {
                            update(c, old, 1, 2);
                            return constant(c, 1);
                          });
                      update(c, old, 3, 4);
                      return constant(c, 1);
                    }),
                c.state("s")),
        "layers.1.self_attn: " + String.format(CONSUMED, "inner"));
  }

  @Test
  void aTensorReadFromAConsumedHandleCannotBeUsed() {
    assertConsumed(
        c -> {
          State old = c.state("s");
          Tensor view = c.ops().read(old);
          State next = update(c, old, 1, 2);
          return result(c.scope("late", () -> c.ops().negate(view)), next);
        },
        "late: " + String.format(CONSUMED, "graph 'g'"));
  }

  @Test
  void aTensorReadFromAConsumedHandleCannotBeAnOutput() {
    assertConsumed(
        c -> {
          State old = c.state("s");
          Tensor view = c.ops().read(old);
          return result(view, update(c, old, 1, 2));
        },
        "graph 'g': " + String.format(CONSUMED, "graph 'g'"));
  }

  @Test
  void contextEncodingRefusesConsumedHandlesThoughItReadsNone() {
    // The result lacks the states: consumed handles are found before that.
    GraphBody body =
        c -> {
          State k = c.state("k");
          State v = c.state("v");
          Tensor block = c.ops().broadcast(c.ops().scalar(DType.F32, 1), k.spec().shape());
          c.ops().updateInto(k, block, 0, 0, 0, 0);
          Tensor ids = c.ops().reshape(c.rank(), Shape.of(1));
          Tensor positions = c.ops().reshape(ids, Shape.of(1, 1));
          Tensor y =
              c.ops()
                  .attend(
                      block,
                      k,
                      v,
                      block,
                      block,
                      ids,
                      positions,
                      new AttentionSpec(AttentionKind.CONTEXT_ENCODING, 1, OptionalInt.empty()));
          return new GraphResult(Map.of("y", y), Map.of());
        };
    try (Session session = load(cachesProgram(body), LoadOptions.defaults())) {
      assertThatThrownBy(() -> session.run("g", Map.of()))
          .isInstanceOf(StateConsumedException.class)
          .hasMessageStartingWith("graph 'g': state 'k' is used through a handle");
    }
  }

  private static ProgramSpec cachesProgram(GraphBody body) {
    List<TensorSpec> caches =
        List.of(
            Sessions.spec("k", DType.F32, 1, 1, 1, 2), Sessions.spec("v", DType.F32, 1, 1, 1, 2));
    return new ProgramSpec(
        "caches", 1, List.of(), caches, List.of(new GraphSpec("g", List.of(), body)), Set.of());
  }

  private static void assertRefused(GraphBody body, String message) {
    assertThatThrownBy(() -> run(body))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }

  @Test
  void askingTwiceFails() {
    assertRefused(
        c -> {
          c.state("s");
          return result(constant(c, 1), c.state("s"));
        },
        "graph 'g': state 's' is asked for twice; keep the handle of the first time");
  }

  @Test
  void anUnknownStateFails() {
    assertRefused(
        c -> result(constant(c, 1), c.state("t")), "graph 'g': no state 't'; there are [s]");
  }

  @Test
  void theResultMustHoldEveryFinalHandle() {
    assertRefused(
        c -> new GraphResult(Map.of(), Map.of()),
        "graph 'g': the result lacks the final handle of state 's'; return it");
  }

  @Test
  void theResultMustNotHoldOtherStates() {
    assertRefused(
        c -> {
          State s = c.state("s");
          return new GraphResult(Map.of(), Map.of("s", s, "t", s));
        },
        "graph 'g': the result has a state 't', the program has only [s]");
  }

  @Test
  void theResultMustNotHoldAStaleHandle() {
    assertConsumed(
        c -> {
          State old = c.state("s");
          update(c, old, 1, 2);
          return result(constant(c, 1), old);
        },
        "graph 'g': " + String.format(CONSUMED, "graph 'g'"));
  }

  @Test
  void theResultMustNotSwapStates() {
    GraphBody body = c -> new GraphResult(Map.of(), Map.of("k", c.state("v"), "v", c.state("k")));
    try (Session session = load(cachesProgram(body), LoadOptions.defaults())) {
      assertThatThrownBy(() -> session.run("g", Map.of()))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageStartingWith("graph 'g': the result gives for state '")
          .hasMessageContaining("' a handle of '");
    }
  }

  @Test
  void aHandleOfAnotherRunIsConsumed() {
    AtomicReference<State> kept = new AtomicReference<>();
    GraphBody body =
        c -> {
          Tensor y = constant(c, 1);
          if (kept.get() != null) {
            y = c.ops().convert(c.ops().read(kept.get()), DType.F32);
          }
          kept.set(c.state("s"));
          return result(y, kept.get());
        };
    try (Session session = load(body)) {
      session.run("g", Map.of());
      assertThatThrownBy(() -> session.run("g", Map.of()))
          .isInstanceOf(StateConsumedException.class)
          .hasMessageContaining("that was consumed by the end of its run");
    }
  }

  @Test
  void aForeignStateIsRefused() {
    State foreign = () -> Sessions.spec("s", DType.F32, 2);
    assertRefused(
        c -> result(c.ops().read(foreign), c.state("s")),
        "graph 'g': state 's' belongs to another backend");
    assertRefused(
        c -> result(constant(c, 1), foreign),
        "graph 'g': the result gives for state 's' a handle of 's F32[2]'");
  }

  @Test
  void aBodyThatThrowsHalfWayLeavesTheSessionUsable() {
    GraphBody body =
        c -> {
          State next = update(c, c.state("s"), 5, 6);
          if (c.input("fail").shape().dim(0) == 1) {
            throw new ArithmeticException("no more");
          }
          return result(c.ops().convert(c.ops().read(next), DType.F32), next);
        };
    try (Session session = load(body, Sessions.spec("fail", DType.I32, -1))) {
      HostTensor yes = HostTensor.ofInts(Shape.of(1), 0);
      HostTensor no = HostTensor.ofInts(Shape.of(0));
      assertThatThrownBy(() -> session.run("g", Map.of("fail", yes)))
          .isInstanceOf(BackendException.class)
          .hasMessage("graph 'g': java.lang.ArithmeticException: no more")
          .hasCauseInstanceOf(ArithmeticException.class);
      assertThat(session.readState("s", 0).toDoubleArray()).containsExactly(5, 6);
      session.resetStates();
      assertThat(session.run("g", Map.of("fail", no)).get("y").toDoubleArray())
          .containsExactly(5, 6);
    }
  }
}

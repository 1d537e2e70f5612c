package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.eager.Sessions.constant;
import static org.smollm3.eager.Sessions.result;
import static org.smollm3.eager.Sessions.run;

import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Session;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** Scopes end what was made in them and name what fails in them. */
class EagerScopeTest {
  private static void assertRefused(GraphBody body, String message) {
    assertThatThrownBy(() -> run(body))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }

  @Test
  void theReturnedTensorMovesOutwardsScopeByScope() {
    assertThat(
            run(c -> {
                  Tensor x = c.scope("a", () -> c.scope("a.b", () -> constant(c, 1, 2)));
                  return result(c.ops().add(x, x), c.state("s"));
                })
                .toDoubleArray())
        .containsExactly(2, 4);
  }

  @Test
  void aTensorFromOutsideThatAScopeReturnsLivesOn() {
    assertThat(
            run(c -> {
                  Tensor x = constant(c, 1, 2);
                  Tensor same = c.scope("a", () -> c.scope("a.b", () -> x));
                  assertThat(same).isSameAs(x);
                  return result(c.ops().add(x, same), c.state("s"));
                })
                .toDoubleArray())
        .containsExactly(2, 4);
  }

  @Test
  void aTensorThatDidNotSurviveItsScopeIsRefused() {
    String message =
        "a tensor F32[2] made in 'layers.0.mlp' is used after 'layers.0.mlp' has ended; return it"
            + " from the scope";
    assertRefused(
        c -> {
          Tensor lost = lose(c, "layers.0.mlp");
          return result(c.ops().negate(lost), c.state("s"));
        },
        "graph 'g': " + message);
    assertRefused(
        c -> {
          Tensor lost = lose(c, "layers.0.mlp");
          return result(
              c.scope("layers.1", () -> c.ops().add(constant(c, 1, 2), lost)), c.state("s"));
        },
        "layers.1: " + message);
    assertRefused(
        c -> result(lose(c, "layers.0.mlp"), c.state("s")), "graph 'g': output 'y': " + message);
    assertRefused(
        c -> {
          Tensor lost = lose(c, "layers.0.mlp");
          return result(c.scope("late", () -> lost), c.state("s"));
        },
        "late: " + message);
    assertRefused(
        c -> {
          lose(c, "layers.0.mlp").shape();
          return result(constant(c, 1), c.state("s"));
        },
        "graph 'g': " + message);
  }

  /** A tensor made in a scope that returned another one. */
  private static Tensor lose(GraphContext context, String scope) {
    AtomicReference<Tensor> lost = new AtomicReference<>();
    context.scope(
        scope,
        () -> {
          lost.set(constant(context, 1, 2));
          return constant(context, 3);
        });
    return lost.get();
  }

  @Test
  void aTensorOfAnEarlierRunIsRefused() {
    AtomicReference<Tensor> kept = new AtomicReference<>();
    GraphBody body =
        c -> {
          Tensor y = kept.get() == null ? constant(c, 1) : c.ops().negate(kept.get());
          kept.set(y);
          return result(y, c.state("s"));
        };
    try (Session session = Sessions.load(body)) {
      session.run("g", Map.of());
      assertThatThrownBy(() -> session.run("g", Map.of()))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage(
              "graph 'g': a tensor F32[1] made in 'graph 'g'' is used after 'graph 'g'' has ended;"
                  + " return it from the scope");
    }
  }

  private record Foreign(DType dtype, Shape shape) implements Tensor {}

  @Test
  void aTensorOfAnotherBackendIsRefused() {
    Tensor foreign = new Foreign(DType.F32, Shape.of(2));
    String message = "graph 'g': a tensor F32[2] belongs to another backend";
    assertRefused(c -> result(c.ops().negate(foreign), c.state("s")), message);
    assertRefused(
        c -> result(foreign, c.state("s")),
        "graph 'g': output 'y': a tensor F32[2] belongs to another backend");
  }

  @Test
  void operationsOutsideOfARunFail() {
    AtomicReference<GraphContext> kept = new AtomicReference<>();
    run(
        c -> {
          kept.set(c);
          return result(constant(c, 1), c.state("s"));
        });
    assertThatThrownBy(() -> kept.get().ops().scalar(DType.F32, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no graph is running: operations work in graph bodies only");
  }

  @Test
  void failuresCarryTheInnermostScopeOnce() {
    assertRefused(
        c ->
            result(
                c.scope(
                    "layers.3",
                    () ->
                        c.scope(
                            "layers.3.self_attn",
                            () -> c.ops().add(constant(c, 1), constant(c, 1, 2)))),
                c.state("s")),
        "layers.3.self_attn: add: operands are [1] and [2]; broadcast one");
  }

  @Test
  void afterAnInnerScopeHasEndedTheOuterOneIsNamed() {
    assertRefused(
        c ->
            result(
                c.scope(
                    "layers.3",
                    () -> {
                      Tensor x = c.scope("layers.3.mlp", () -> constant(c, 1));
                      return c.ops().add(x, constant(c, 1, 2));
                    }),
                c.state("s")),
        "layers.3: add: operands are [1] and [2]; broadcast one");
  }

  @Test
  void theKindOfFailureIsKept() {
    assertThatThrownBy(() -> run(failing(new UnsupportedCapabilityException("x"))))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessage("here: x");
    assertThatThrownBy(() -> run(failing(new BackendException("x"))))
        .isInstanceOf(BackendException.class)
        .hasMessage("here: x");
    assertThatThrownBy(() -> run(failing(new StateConsumedException("x"))))
        .isInstanceOf(StateConsumedException.class)
        .hasMessage("here: x");
    assertThatThrownBy(() -> run(failing(new IllegalArgumentException("x"))))
        .isInstanceOf(BackendException.class)
        .hasMessage("here: java.lang.IllegalArgumentException: x")
        .hasCauseInstanceOf(IllegalArgumentException.class);
  }

  private static GraphBody failing(RuntimeException failure) {
    return c ->
        result(
            c.scope(
                "here",
                () -> {
                  throw failure;
                }),
            c.state("s"));
  }
}

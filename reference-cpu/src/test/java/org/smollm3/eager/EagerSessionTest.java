package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.eager.Sessions.constant;
import static org.smollm3.eager.Sessions.floats;
import static org.smollm3.eager.Sessions.load;
import static org.smollm3.eager.Sessions.program;
import static org.smollm3.eager.Sessions.result;
import static org.smollm3.eager.Sessions.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.exact.ExactBackendProvider;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Calling and closing. */
class EagerSessionTest {
  private static final GraphBody ECHO = c -> result(c.input("x"), c.state("s"));
  private static final TensorSpec X = spec("x", DType.F32, -1, 2);

  private static void assertRefused(String message, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(InvalidRequestException.class).hasMessage(message);
  }

  @Test
  void inputsAreCheckedAgainstTheGraph() {
    HostTensor good = HostTensor.zeros(DType.F32, Shape.of(3, 2));
    try (Session session = load(ECHO, X)) {
      assertThat(session.run("g", Map.of("x", good)).get("y").shape()).isEqualTo(Shape.of(3, 2));
      assertRefused(
          "graph 'g': input 'x' is missing; give F32[?, 2]", () -> session.run("g", Map.of()));
      assertRefused(
          "graph 'g': unknown input 'z'; it takes [x]",
          () -> session.run("g", Map.of("x", good, "z", good)));
      assertRefused(
          "graph 'g': input 'x' is F32[3, 3], it must be F32[?, 2]",
          () -> session.run("g", Map.of("x", HostTensor.zeros(DType.F32, Shape.of(3, 3)))));
      assertRefused(
          "graph 'g': input 'x' is F32[2], it must be F32[?, 2]",
          () -> session.run("g", Map.of("x", HostTensor.zeros(DType.F32, Shape.of(2)))));
      assertRefused(
          "graph 'g': input 'x' is BF16[3, 2], it must be F32[?, 2]",
          () -> session.run("g", Map.of("x", HostTensor.zeros(DType.BF16, Shape.of(3, 2)))));
      assertRefused(
          "program 'test' has no graph 'h'; it has [g]", () -> session.run("h", Map.of("x", good)));
    }
  }

  @Test
  void statesAreReadByNameAndRank() {
    try (Session session = load(ECHO, X)) {
      assertRefused("no state 't'; there are [s]", () -> session.readState("t", 0));
      assertRefused("state 's': rank 1 is not below 1", () -> session.readState("s", 1));
      assertRefused("state 's': rank -1 is not below 1", () -> session.readState("s", -1));
    }
  }

  @Test
  void theBodySeesItsRankAsDataAndTheDegree() {
    HostTensor rank =
        Sessions.run(
            c -> {
              assertThat(c.tensorParallelDegree()).isEqualTo(1);
              assertThat(c.rank().shape()).isEqualTo(Shape.of(1));
              Tensor same = c.collectives().allGather(c.rank(), 0);
              assertThat(same).isSameAs(c.rank());
              return result(same, c.state("s"));
            });
    assertThat(rank.dtype()).isEqualTo(DType.I32);
    assertThat(rank.toIntArray()).containsExactly(0);
  }

  @Test
  void unknownNamesInABodyAreListed() {
    assertRefused(
        "graph 'g': no input 'z'; there are []",
        () -> Sessions.run(c -> result(c.input("z"), c.state("s"))));
    assertRefused(
        "graph 'g': no weight 'w'; there are []",
        () -> Sessions.run(c -> result(c.weight("w"), c.state("s"))));
  }

  @Test
  void closingTwiceIsHarmlessAndAnyLaterCallFails() {
    Session session = load(ECHO, X);
    session.close();
    session.close();
    List<Consumer<Session>> calls =
        List.of(
            s -> s.run("g", Map.of("x", floats(1))),
            s -> s.readState("s", 0),
            Session::resetStates);
    for (Consumer<Session> call : calls) {
      assertThatThrownBy(() -> call.accept(session))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("session of program 'test' is closed");
    }
  }

  @Test
  void aClosedBackendLoadsNothingButItsSessionsGoOn() {
    Backend backend = new ExactBackendProvider().open(BackendOptions.defaults());
    GraphBody one = c -> result(constant(c, 1), c.state("s"));
    try (Session session =
        backend.load(program(one), Sessions.NO_WEIGHTS, LoadOptions.defaults())) {
      backend.close();
      backend.close();
      assertThatThrownBy(
              () -> backend.load(program(one), Sessions.NO_WEIGHTS, LoadOptions.defaults()))
          .isInstanceOf(IllegalStateException.class);
      assertThat(session.run("g", Map.of()).get("y").toDoubleArray()).containsExactly(1);
    }
  }

  @Test
  void aListenerMayReadStatesButNotCallItsSession() {
    AtomicReference<Session> self = new AtomicReference<>();
    List<Consumer<Session>> forbidden =
        List.of(s -> s.run("g", Map.of()), Session::resetStates, Session::close);
    GraphBody body =
        c -> {
          State next = c.ops().updateInto(c.state("s"), constant(c, 8, 9), 0);
          c.tap("now", constant(c, 1));
          return result(constant(c, 1), next);
        };
    AtomicInteger which = new AtomicInteger();
    List<Double> seen = new ArrayList<>();
    LoadOptions options =
        LoadOptions.defaults()
            .withTaps("now")
            .withListener(
                (name, rank, value) -> {
                  seen.add(self.get().readState("s", 0).getDouble(1));
                  forbidden.get(which.getAndIncrement()).accept(self.get());
                });
    try (Session session = load(program(body), options)) {
      self.set(session);
      for (int i = 0; i < forbidden.size(); i++) {
        assertThatThrownBy(() -> session.run("g", Map.of()))
            .isInstanceOf(BackendException.class)
            .hasRootCauseInstanceOf(IllegalStateException.class)
            .hasMessageContaining("its own session");
      }
    }
    assertThat(seen).containsExactly(9.0, 9.0, 9.0);
  }

  @Test
  void runsFromSeveralThreadsComeOneAfterTheOther() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    GraphBody addOne =
        c -> {
          if (inside.getAndIncrement() != 0) {
            overlaps.incrementAndGet();
          }
          State s = c.state("s");
          Tensor sum = c.ops().add(c.ops().read(s), constant(c, 1, 1));
          Thread.yield();
          State next = c.ops().updateInto(s, sum, 0);
          inside.decrementAndGet();
          return result(sum, next);
        };
    try (Session session = load(addOne);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        runs.add(threads.submit(() -> session.run("g", Map.of())));
      }
      for (Future<?> run : runs) {
        run.get();
      }
      assertThat(overlaps).hasValue(0);
      assertThat(session.readState("s", 0).toDoubleArray()).containsExactly(200, 200);
    }
  }

  @Test
  void sessionsOfOneProgramAreIndependent() {
    GraphBody set = c -> result(constant(c, 1), c.ops().updateInto(c.state("s"), c.input("x"), 0));
    ProgramSpec program = program(set, spec("x", DType.F32, 2));
    try (Session one = load(program, LoadOptions.defaults());
        Session other = load(program, LoadOptions.defaults())) {
      one.run("g", Map.of("x", floats(1, 2)));
      other.run("g", Map.of("x", floats(3, 4)));
      assertThat(one.readState("s", 0).toDoubleArray()).containsExactly(1, 2);
      assertThat(other.readState("s", 0).toDoubleArray()).containsExactly(3, 4);
    }
  }
}

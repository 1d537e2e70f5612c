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
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.exact.ExactBackendProvider;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Loading, calling and closing. */
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

  private static ProgramSpec with(
      int degree, List<TensorSpec> states, List<GraphSpec> graphs, Capability... requires) {
    return new ProgramSpec("test", degree, List.of(), states, graphs, Set.of(requires));
  }

  @Test
  void whatIsNotDeclaredIsRefusedByName() {
    assertThatThrownBy(() -> load(with(2, List.of(), List.of()), LoadOptions.defaults()))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessage(
            "backend 'exact' does not support TENSOR_PARALLEL (more than one rank); use a backend"
                + " that declares it, such as cpu");
    assertThatThrownBy(
            () ->
                load(
                    with(1, List.of(), List.of(), Capability.DEVICE_SAMPLING),
                    LoadOptions.defaults()))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessageStartingWith("backend 'exact' does not support DEVICE_SAMPLING");
  }

  @Test
  void openDimensionsAndTapsNeedTheirCapabilities() {
    ProgramSpec program = program(ECHO, X);
    Set<Capability> none = Set.of();
    RankKernels.Factory unused =
        (rank, workspace) -> {
          throw new AssertionError("refused before");
        };
    assertThatThrownBy(
            () ->
                EagerSession.load(
                    "other", none, program, Sessions.NO_WEIGHTS, LoadOptions.defaults(), unused))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessageStartingWith("backend 'other' does not support DYNAMIC_SHAPES");
    assertThatThrownBy(
            () ->
                EagerSession.load(
                    "other",
                    none,
                    program,
                    Sessions.NO_WEIGHTS,
                    LoadOptions.defaults().withTaps("*"),
                    unused))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessageStartingWith("backend 'other' does not support TAPS");
  }

  @Test
  void programsThatContradictThemselvesAreRefused() {
    GraphSpec g = new GraphSpec("g", List.of(), ECHO);
    TensorSpec s = spec("s", DType.F32, 2);
    LoadOptions options = LoadOptions.defaults();
    assertRefused(
        "the program has two graphs named 'g'",
        () -> load(with(1, List.of(), List.of(g, g)), options));
    assertRefused(
        "the program has two states named 's'",
        () -> load(with(1, List.of(s, s), List.of(g)), options));
    assertRefused("the program has two inputs named 'x'", () -> load(program(ECHO, X, X), options));
    assertRefused(
        "state 't': the shape [?] has an open dimension",
        () -> load(with(1, List.of(spec("t", DType.F32, -1)), List.of(g)), options));
    assertRefused(
        "input 'x': I64 is not one of F32, BF16, F16, I32 and BOOL; convert",
        () -> load(program(ECHO, spec("x", DType.I64, 1)), options));
    assertRefused(
        "local rank 1 is not 0 or more and below the tensor-parallel degree 1",
        () ->
            load(
                program(ECHO, X),
                new LoadOptions(options.taps(), options.listener(), List.of(0, 1))));
    assertRefused(
        "local rank -1 is not 0 or more and below the tensor-parallel degree 1",
        () ->
            load(
                program(ECHO, X),
                new LoadOptions(options.taps(), options.listener(), List.of(-1))));
  }

  private static Session loadWeights(WeightSource source, GraphBody body, TensorSpec... weights) {
    return load(
        new ProgramSpec(
            "test",
            1,
            List.of(weights),
            List.of(),
            List.of(new GraphSpec("g", List.of(), body)),
            Set.of()),
        source,
        LoadOptions.defaults());
  }

  private static WeightView view(String identity, HostTensor tensor) {
    return WeightView.contiguous(identity, tensor.dtype(), tensor.shape(), tensor.segment());
  }

  @Test
  void missingAndMisshapenWeightsAreRefusedAtLoad() {
    GraphBody body = c -> new GraphResult(Map.of(), Map.of());
    assertThatThrownBy(() -> loadWeights(Sessions.NO_WEIGHTS, body, spec("w", DType.F32, 2)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("no weight 'w'");
    assertThatThrownBy(
            () ->
                loadWeights(
                    (name, rank) -> view(name, floats(1, 2, 3)), body, spec("w", DType.F32, 2)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("weight 'w' is F32[3] but the program wants F32[2]");
    HostTensor ints = HostTensor.ofInts(Shape.of(2), 1, 2);
    assertThatThrownBy(
            () -> loadWeights((name, rank) -> view(name, ints), body, spec("w", DType.F32, 2)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("weight 'w' is I32[2] but the program wants F32[2]");
  }

  @Test
  void tiedWeightsAreOneTensorAndKeepTheirStoredType() {
    HostTensor table = HostTensor.zeros(DType.BF16, Shape.of(2));
    table.setDouble(1, 7);
    List<Tensor> seen = new ArrayList<>();
    GraphBody body =
        c -> {
          seen.addAll(List.of(c.weight("a"), c.weight("b"), c.weight("c"), c.weight("a")));
          return new GraphResult(Map.of("y", c.weight("b")), Map.of());
        };
    WeightSource source = (name, rank) -> view(name.equals("c") ? "other" : "tied", table);
    try (Session session =
        loadWeights(
            source,
            body,
            spec("a", DType.F32, 2),
            spec("b", DType.F32, 2),
            spec("c", DType.F32, 2))) {
      assertThat(session.run("g", Map.of()).get("y").toDoubleArray()).containsExactly(0, 7);
    }
    assertThat(seen.get(0)).isSameAs(seen.get(1)).isSameAs(seen.get(3)).isNotSameAs(seen.get(2));
    assertThat(seen.get(0).dtype()).isEqualTo(DType.BF16);
  }

  @Test
  void oneIdentityUnderTwoShapesIsTwoTensors() {
    HostTensor memory = HostTensor.ofFloats(Shape.of(4), 1, 2, 3, 4);
    WeightSource source =
        (name, rank) -> view("fused", name.equals("a") ? memory : memory.reshaped(Shape.of(2, 2)));
    GraphBody body =
        c ->
            new GraphResult(Map.of("y", c.ops().reduce(c.weight("b"), Reduction.SUM, 1)), Map.of());
    try (Session session =
        loadWeights(source, body, spec("a", DType.F32, 4), spec("b", DType.F32, 2, 2))) {
      assertThat(session.run("g", Map.of()).get("y").toDoubleArray()).containsExactly(3, 7);
    }
  }

  @Test
  void weightsOfSeveralPiecesArePutTogether() {
    HostTensor rows = HostTensor.ofFloats(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    WeightView strided =
        new WeightView(
            "w",
            DType.F32,
            Shape.of(3, 2),
            List.of(
                new WeightView.Mapped(rows.segment().asSlice(4), 2, 8, 12),
                new WeightView.Zeros(8)));
    try (Session session =
        loadWeights(
            (name, rank) -> strided,
            c -> new GraphResult(Map.of("y", c.ops().negate(c.weight("w"))), Map.of()),
            spec("w", DType.F32, 3, 2))) {
      assertThat(session.run("g", Map.of()).get("y").toDoubleArray())
          .containsExactly(-2, -3, -5, -6, -0.0, -0.0);
    }
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

  /** Kernels that run nothing and count how often they are closed. */
  private static final class Counting implements RankKernels {
    private final boolean failing;
    int closed;

    Counting(boolean failing) {
      this.failing = failing;
    }

    @Override
    public TensorOps ops() {
      throw new AssertionError("no run");
    }

    @Override
    public EagerTensor weight(WeightView view) {
      throw new AssertionError("no weights");
    }

    @Override
    public StateStorage newState(TensorSpec spec) {
      if (failing) {
        throw new BackendException("out of memory");
      }
      return new StateStorage() {
        @Override
        public void clear() {}

        @Override
        public HostTensor copy() {
          return floats(0, 0);
        }
      };
    }

    @Override
    public HostTensor toHost(String name, EagerTensor tensor) {
      throw new AssertionError("no run");
    }

    @Override
    public void close() {
      closed++;
    }
  }

  private static Session loadCounting(Counting kernels) {
    return EagerSession.load(
        "counting",
        Set.of(Capability.DYNAMIC_SHAPES),
        program(ECHO, X),
        Sessions.NO_WEIGHTS,
        LoadOptions.defaults(),
        (rank, workspace) -> kernels);
  }

  @Test
  void kernelsAreClosedOnceWhetherLoadingSucceedsOrFailsHalfWay() {
    Counting good = new Counting(false);
    Session session = loadCounting(good);
    session.close();
    session.close();
    assertThat(good.closed).isEqualTo(1);
    Counting bad = new Counting(true);
    assertThatThrownBy(() -> loadCounting(bad)).hasMessage("out of memory");
    assertThat(bad.closed).isEqualTo(1);
  }
}

package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.eager.Sessions.floats;
import static org.smollm3.eager.Sessions.load;
import static org.smollm3.eager.Sessions.program;
import static org.smollm3.eager.Sessions.result;
import static org.smollm3.eager.Sessions.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Session;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What is checked when a program is loaded, and its weights. */
class EagerLoadTest {
  private static final GraphBody ECHO = c -> result(c.input("x"), c.state("s"));
  private static final TensorSpec X = spec("x", DType.F32, -1, 2);

  private static void assertRefused(String message, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(InvalidRequestException.class).hasMessage(message);
  }

  private static ProgramSpec with(
      int degree, List<TensorSpec> states, List<GraphSpec> graphs, Capability... requires) {
    return new ProgramSpec("test", degree, List.of(), states, graphs, Set.of(requires));
  }

  @Test
  void whatIsNotDeclaredIsRefusedByName() {
    RankKernels.Factory unused =
        (rank, workspace) -> {
          throw new AssertionError("refused before");
        };
    ProgramSpec[] programs = {
      with(2, List.of(), List.of()), with(1, List.of(), List.of(), Capability.DEVICE_SAMPLING)
    };
    String[] refusals = {
      "TENSOR_PARALLEL (more than one rank)", "DEVICE_SAMPLING (graphs that return sampled tokens)"
    };
    for (int i = 0; i < programs.length; i++) {
      ProgramSpec program = programs[i];
      assertThatThrownBy(
              () ->
                  EagerSession.load(
                      "narrow",
                      Set.of(Capability.LOGITS),
                      program,
                      Sessions.NO_WEIGHTS,
                      LoadOptions.defaults(),
                      unused))
          .isInstanceOf(UnsupportedCapabilityException.class)
          .hasMessage(
              "backend 'narrow' does not support "
                  + refusals[i]
                  + "; use a backend that declares it, such as cpu");
    }
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

package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.exact.ExactBackendProvider;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Session;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Several ranks in one process: what they exchange, and what happens when one fails. */
@Timeout(30)
class RanksTest {
  private final Backend backend = new ExactBackendProvider().open(BackendOptions.defaults());

  @AfterEach
  void noThreadIsLeft() throws InterruptedException {
    backend.close();
    long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    while (rankThreads() > 0 && System.nanoTime() < end) {
      Thread.sleep(5);
    }
    assertThat(rankThreads()).isZero();
  }

  private static long rankThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("smollm3-rank-"))
        .count();
  }

  private Session load(int degree, LoadOptions options, GraphBody body) {
    GraphSpec graph =
        new GraphSpec("g", List.of(new TensorSpec("x", DType.F32, Shape.of(4))), body);
    return backend.load(
        new ProgramSpec("p", degree, List.of(), List.of(), List.of(graph), Set.of()),
        (name, rank) -> {
          throw new IllegalStateException("no weights");
        },
        options);
  }

  private static Outputs run(Session session) {
    return session.run("g", Map.of("x", HostTensor.ofFloats(Shape.of(4), 1, 2, 3, 4)));
  }

  /** x + 10 * rank. */
  private static Tensor mine(GraphContext context) {
    Tensor rank = context.ops().convert(context.rank(), DType.F32);
    Tensor ten = context.ops().broadcast(context.ops().scalar(DType.F32, 10), Shape.of(1));
    Tensor shift = context.ops().reshape(context.ops().multiply(rank, ten), Shape.scalar());
    return context.ops().add(context.input("x"), context.ops().broadcast(shift, Shape.of(4)));
  }

  private static double[] of(Outputs outputs, int rank) {
    HostTensor y = outputs.outputsByRank().get(rank).get("y");
    assertThat(y).isNotNull();
    return y.toDoubleArray();
  }

  private static GraphResult result(Tensor y) {
    return new GraphResult(Map.of("y", y), Map.of());
  }

  @Test
  void reductionsGatheringAndScatteringGoInRankOrder() {
    try (Session sum =
            load(
                3,
                LoadOptions.defaults(),
                c -> result(c.collectives().allReduce(mine(c), Reduction.SUM, DType.F32)));
        Session max =
            load(
                3,
                LoadOptions.defaults(),
                c -> result(c.collectives().allReduce(mine(c), Reduction.MAX, DType.F32)));
        Session gather =
            load(3, LoadOptions.defaults(), c -> result(c.collectives().allGather(mine(c), 0)));
        Session scatter =
            load(
                2,
                LoadOptions.defaults(),
                c -> result(c.collectives().reduceScatter(mine(c), 0, Reduction.MIN, DType.F32)))) {
      for (int rank = 0; rank < 3; rank++) {
        assertThat(of(run(sum), rank)).containsExactly(33, 36, 39, 42);
        assertThat(of(run(max), rank)).containsExactly(21, 22, 23, 24);
        assertThat(of(run(gather), rank))
            .containsExactly(1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24);
      }
      assertThat(of(run(scatter), 0)).containsExactly(1, 2);
      assertThat(of(run(scatter), 1)).containsExactly(3, 4);
    }
  }

  @Test
  void whatARankBroughtLivesUntilAllHaveCombined() {
    GraphBody body =
        c -> {
          Tensor y =
              c.scope(
                  "layer",
                  () -> {
                    Tensor sum = c.collectives().allReduce(mine(c), Reduction.SUM, DType.F32);
                    return c.ops().add(sum, sum);
                  });
          return result(c.collectives().allReduce(y, Reduction.SUM, DType.F32));
        };
    try (Session session = load(4, LoadOptions.defaults(), body)) {
      assertThat(of(run(session), 3)).containsExactly(512, 544, 576, 608);
    }
  }

  /** Does something on one rank only, which a body cannot know but a tap listener can. */
  private static LoadOptions onRank(int rank, Runnable what) {
    return LoadOptions.defaults()
        .withTaps("t")
        .withListener(
            (name, at, value) -> {
              if (at == rank) {
                what.run();
              }
            });
  }

  private static GraphBody tappedSum() {
    return c -> {
      c.tap("t", c.input("x"));
      Tensor sum = c.collectives().allReduce(mine(c), Reduction.SUM, DType.F32);
      return result(c.collectives().allGather(sum, 0));
    };
  }

  @Test
  void aRankThatThrowsStopsAllAndIsNamed() {
    for (int failing = 0; failing < 3; failing++) {
      LoadOptions options =
          onRank(
              failing,
              () -> {
                throw new InvalidRequestException("out of luck");
              });
      try (Session session = load(3, options, tappedSum())) {
        assertThatThrownBy(() -> run(session))
            .isInstanceOf(InvalidRequestException.class)
            .hasMessageStartingWith("rank " + failing + ": ")
            .hasMessageEndingWith("out of luck");
        // The session is as usable as before.
        assertThatThrownBy(() -> run(session)).isInstanceOf(InvalidRequestException.class);
      }
    }
  }

  @Test
  void anErrorOnARankStopsAllToo() {
    LoadOptions options =
        onRank(
            2,
            () -> {
              throw new StackOverflowError("too deep");
            });
    try (Session session = load(3, options, tappedSum())) {
      assertThatThrownBy(() -> run(session))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("rank 2")
          .hasMessageContaining("too deep");
    }
  }

  @Test
  void ranksThatCallDifferentlyAreFoundOut() {
    int[] calls = new int[1];
    GraphBody uneven =
        c -> {
          calls[0]++;
          Tensor x = mine(c);
          return result(
              calls[0] % 2 == 1
                  ? c.collectives().allReduce(x, Reduction.SUM, DType.F32)
                  : c.collectives().allReduce(x, Reduction.MAX, DType.F32));
        };
    try (Session session = load(2, LoadOptions.defaults(), uneven)) {
      assertThatThrownBy(() -> run(session))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("rank 0: ")
          .hasMessageContaining("rank 1 calls allReduce MAX in F32 of F32[4]")
          .hasMessageContaining("every rank must make the same calls in the same order");
    }
    int[] left = new int[1];
    GraphBody early =
        c -> {
          left[0]++;
          return result(left[0] % 2 == 1 ? c.collectives().allGather(mine(c), 0) : c.input("x"));
        };
    try (Session session = load(2, LoadOptions.defaults(), early)) {
      assertThatThrownBy(() -> run(session))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining(
              "rank 1 has ended while rank 0 waits in allGather along 0 of F32[4]");
    }
  }

  @Test
  void listenersHearRanksOneAfterTheOtherAndMayReadStates() {
    List<Integer> heard = Collections.synchronizedList(new ArrayList<>());
    LoadOptions options =
        LoadOptions.defaults().withTaps("t").withListener((name, rank, value) -> heard.add(rank));
    try (Session session = load(3, options, tappedSum())) {
      run(session);
      run(session);
    }
    assertThat(heard).containsExactly(0, 1, 2, 0, 1, 2);
    Session[] own = new Session[1];
    List<Boolean> refused = Collections.synchronizedList(new ArrayList<>());
    LoadOptions reentrant =
        onRank(
            1,
            () -> {
              assertThatThrownBy(() -> own[0].readState("none", 0))
                  .isInstanceOf(InvalidRequestException.class);
              assertThatThrownBy(() -> run(own[0])).isInstanceOf(IllegalStateException.class);
              assertThatThrownBy(own[0]::close).isInstanceOf(IllegalStateException.class);
              refused.add(true);
            });
    try (Session session = load(2, reentrant, tappedSum())) {
      own[0] = session;
      run(session);
    }
    assertThat(refused).containsExactly(true);
  }

  @Test
  void nobodyPassesABarrierBeforeAllHaveCome() {
    List<String> heard = Collections.synchronizedList(new ArrayList<>());
    LoadOptions options =
        LoadOptions.defaults()
            .withTaps("*")
            .withListener((name, rank, value) -> heard.add(name + rank));
    GraphBody body =
        c -> {
          c.tap("before", c.input("x"));
          c.collectives().barrier();
          c.tap("after", c.input("x"));
          return result(c.input("x"));
        };
    try (Session session = load(3, options, body)) {
      run(session);
    }
    assertThat(heard)
        .containsExactly("before0", "before1", "before2", "after0", "after1", "after2");
  }

  @Test
  void closingTwiceIsHarmless() {
    Session session = load(2, LoadOptions.defaults(), tappedSum());
    run(session);
    session.close();
    session.close();
    assertThatThrownBy(() -> run(session))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void anInterruptIsKeptAndNoRankIsLeftBehind() {
    try (Session session = load(3, LoadOptions.defaults(), tappedSum())) {
      Thread.currentThread().interrupt();
      assertThat(of(run(session), 0)).hasSize(12);
      assertThat(Thread.interrupted()).isTrue();
    }
  }
}

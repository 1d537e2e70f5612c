package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.exact.Exact.bools;
import static org.smollm3.exact.Exact.floats;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.exact.Exact.Judged;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.OracleSession;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** What each operation added up, by its last terms only. */
class ExactMagnitudeTest {
  private static final HostTensor A = floats(Shape.of(1, 2), 2, -3);
  private static final HostTensor B = floats(Shape.of(2, 2), 5, 4, -1, 1);

  @Test
  void dotAddsProducts() {
    Judged y =
        Exact.judge(
            ops ->
                ops.dot(ops.constant(A), ops.constant(B), DotDims.lastWithLast(2, 2), DType.F32));
    assertThat(y.values()).containsExactly(-2, -5);
    assertThat(y.magnitudes()).containsExactly(22, 5);
    assertThat(y.magnitude().dtype()).isEqualTo(DType.F64);
  }

  @Test
  void linearAddsItsBiasToo() {
    Judged y =
        Exact.judge(
            ops ->
                ops.linear(
                    ops.constant(A),
                    ops.constant(B),
                    Optional.of(ops.constant(floats(-10, 1))),
                    DType.F32));
    assertThat(y.values()).containsExactly(-12, -4);
    assertThat(y.magnitudes()).containsExactly(32, 6);
  }

  @Test
  void sumsAddTheirOperands() {
    Judged sum = Exact.judge(ops -> ops.reduce(ops.constant(B), Reduction.SUM, 1));
    assertThat(sum.values()).containsExactly(9, 0);
    assertThat(sum.magnitudes()).containsExactly(9, 2);
    Judged max = Exact.judge(ops -> ops.reduce(ops.constant(A), Reduction.MIN, 1));
    assertThat(max.magnitudes()).containsExactly(3);
    Judged plus = Exact.judge(ops -> ops.add(ops.constant(A), ops.negate(ops.constant(A))));
    assertThat(plus.values()).containsExactly(0, 0);
    assertThat(plus.magnitudes()).containsExactly(4, 6);
    Judged minus = Exact.judge(ops -> ops.subtract(ops.constant(A), ops.constant(A)));
    assertThat(minus.magnitudes()).containsExactly(4, 6);
  }

  @Test
  void cumulativeSumsAddTheirTerms() {
    Judged sums =
        Exact.judge(ops -> ops.cumulativeSum(ops.constant(floats(Shape.of(2, 2), 2, -3, -1, 1))));
    assertThat(sums.values()).containsExactly(2, -1, -1, 0);
    assertThat(sums.magnitudes()).containsExactly(2, 5, 1, 2);
    assertThat(afterSum((ops, x) -> ops.cumulativeSum(x)).magnitudes()).containsExactly(5, 5);
  }

  @Test
  void operationsThatAddNothingStartAfresh() {
    Judged y = afterSum((ops, x) -> ops.multiply(x, x));
    assertThat(y.values()).containsExactly(25, 0);
    assertThat(y.magnitudes()).containsExactly(25, 0);
    assertThat(afterSum(TensorOps::negate).magnitudes()).containsExactly(5, 0);
    Judged chosen = afterSum((ops, x) -> ops.select(ops.constant(bools(0, 0)), x, ops.negate(x)));
    assertThat(chosen.magnitudes()).containsExactly(5, 0);
  }

  private interface Then {
    Tensor apply(TensorOps ops, Tensor x);
  }

  /** Applies an operation to (1 + 4, 3 - 3), of magnitudes 5 and 6. */
  private static Judged afterSum(Then then) {
    return Exact.judge(
        ops -> then.apply(ops, ops.add(ops.constant(floats(1, 3)), ops.constant(floats(4, -3)))));
  }

  @Test
  void layoutCarriesMagnitudesAlong() {
    assertCarried((ops, x) -> ops.reshape(x, Shape.of(2, 1)), 5, 6);
    assertCarried((ops, x) -> ops.convert(x, DType.BF16), 5, 6);
    assertCarried((ops, x) -> ops.slice(x, 0, 1, 2), 6);
    assertCarried((ops, x) -> ops.broadcast(x, Shape.of(2, 2), 0), 5, 5, 6, 6);
    assertCarried((ops, x) -> ops.transpose(ops.broadcast(x, Shape.of(2, 2), 0), 1, 0), 5, 6, 5, 6);
    assertCarried((ops, x) -> ops.pad(x, 0, 1, 0, -9), 9, 5, 6);
    assertCarried((ops, x) -> ops.concatenate(0, List.of(ops.constant(floats(-7)), x)), 7, 5, 6);
    assertCarried(
        (ops, x) -> ops.gather(x, ops.constant(HostTensor.ofInts(Shape.of(3, 1), 1, 0, 1)), 0),
        6,
        5,
        6);
    assertCarried((ops, x) -> ops.topK(ops.negate(x), 1).values(), 0);
  }

  private static void assertCarried(Then layout, double... magnitudes) {
    assertThat(afterSum(layout).magnitudes()).containsExactly(magnitudes);
  }

  @Test
  void tapsHaveMagnitudesAndAFailedRunLeavesTheOldOnes() {
    GraphSpec good =
        new GraphSpec(
            "good",
            List.of(),
            c -> {
              Tensor x = c.ops().constant(floats(-2));
              Tensor sum = c.ops().add(x, x);
              c.tap("sum", sum);
              return new GraphResult(Map.of("y", c.ops().multiply(sum, sum)), Map.of());
            });
    GraphSpec bad =
        new GraphSpec(
            "bad",
            List.of(),
            c -> {
              c.tap("sum", c.ops().constant(floats(100)));
              c.tap("lost", c.ops().constant(floats(100)));
              throw new InvalidRequestException("half way");
            });
    ProgramSpec program =
        new ProgramSpec("p", 1, List.of(), List.of(), List.of(good, bad), Set.of());
    OracleSession session =
        new ExactOracle()
            .load(program, Exact.NO_WEIGHTS, LoadOptions.defaults().withTaps("sum,lost"));
    try (session) {
      assertThatThrownBy(() -> session.magnitude("y"))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("no magnitude of 'y'; the last run gave []");
      session.run("good", Map.of());
      assertThatThrownBy(() -> session.run("bad", Map.of())).hasMessageContaining("half way");
      assertThat(session.magnitude("sum").toDoubleArray()).containsExactly(4);
      assertThat(session.magnitude("y").toDoubleArray()).containsExactly(16);
      session.run("good", Map.of());
      assertThatThrownBy(() -> session.magnitude("lost"))
          .isInstanceOf(InvalidRequestException.class);
    }
    assertThatThrownBy(() -> session.magnitude("y")).isInstanceOf(IllegalStateException.class);
    session.close();
  }

  @Test
  void anOutputHidesATapOfItsName() {
    GraphSpec graph =
        new GraphSpec(
            "g",
            List.of(),
            c -> {
              c.tap("y", c.ops().constant(floats(3)));
              return new GraphResult(Map.of("y", c.ops().constant(floats(-4))), Map.of());
            });
    ProgramSpec program = new ProgramSpec("p", 1, List.of(), List.of(), List.of(graph), Set.of());
    try (OracleSession session =
        new ExactOracle().load(program, Exact.NO_WEIGHTS, LoadOptions.defaults().withTaps("y"))) {
      session.run("g", Map.of());
      assertThat(session.magnitude("y").toDoubleArray()).containsExactly(4);
    }
  }
}

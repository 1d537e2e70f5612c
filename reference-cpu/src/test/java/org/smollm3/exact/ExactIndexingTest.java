package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.exact.Exact.counting;
import static org.smollm3.exact.Exact.floats;
import static org.smollm3.exact.Exact.ints;

import org.junit.jupiter.api.Test;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class ExactIndexingTest {
  private static HostTensor gather(HostTensor x, HostTensor indices, int... axes) {
    return Exact.run(ops -> ops.gather(ops.constant(x), ops.constant(indices), axes));
  }

  private static HostTensor scatter(
      HostTensor state, HostTensor indices, HostTensor updates, int... axes) {
    return Exact.updated(
        state, (ops, s) -> ops.scatterInto(s, ops.constant(indices), ops.constant(updates), axes));
  }

  private static HostTensor tuples(long n, long m, int... values) {
    return HostTensor.ofInts(Shape.of(n, m), values);
  }

  @Test
  void gatherTakesRowsAndClampsCoordinates() {
    HostTensor rows = gather(counting(3, 2), tuples(4, 1, 2, 0, -5, 99), 0);
    assertThat(rows.shape()).isEqualTo(Shape.of(4, 2));
    assertThat(rows.toDoubleArray()).containsExactly(4, 5, 0, 1, 0, 1, 4, 5);
  }

  @Test
  void gatherAlongAnInnerAxisAndAlongTwo() {
    HostTensor columns = gather(counting(2, 3), tuples(1, 1, 2), 1);
    assertThat(columns.shape()).isEqualTo(Shape.of(1, 2));
    assertThat(columns.toDoubleArray()).containsExactly(2, 5);
    HostTensor pairs = gather(counting(2, 3, 2), tuples(2, 2, 1, 0, 0, 9), 0, 2);
    assertThat(pairs.shape()).isEqualTo(Shape.of(2, 3));
    assertThat(pairs.toDoubleArray()).containsExactly(6, 8, 10, 1, 3, 5);
  }

  @Test
  void gatherOfOneTupleDropsTheIndexDimension() {
    HostTensor element = gather(counting(2, 3), ints(1, 1), 0, 1);
    assertThat(element.shape()).isEqualTo(Shape.scalar());
    assertThat(element.getDouble(0)).isEqualTo(4);
  }

  @Test
  void scatterWritesAndDropsWhatIsOutOfRange() {
    HostTensor state =
        scatter(
            counting(3, 2),
            tuples(4, 1, 1, 3, -1, Integer.MAX_VALUE),
            floats(Shape.of(4, 2), 10, 11, 12, 13, 14, 15, 16, 17),
            0);
    assertThat(state.dtype()).isEqualTo(DType.F64);
    assertThat(state.toDoubleArray()).containsExactly(0, 1, 10, 11, 4, 5);
  }

  @Test
  void scatterDropsATupleOfWhichOneCoordinateIsOutOfRange() {
    HostTensor state =
        scatter(
            counting(2, 2, 2),
            tuples(3, 2, 0, 1, 1, 2, -1, 0),
            floats(Shape.of(3, 2), 10, 11, 12, 13, 14, 15),
            0,
            2);
    assertThat(state.toDoubleArray()).containsExactly(0, 10, 2, 11, 4, 5, 6, 7);
  }

  @Test
  void updateWritesABlock() {
    HostTensor state =
        Exact.updated(
            counting(3, 3),
            (ops, s) -> ops.updateInto(s, ops.constant(floats(Shape.of(2, 1), 10, 11)), 1, 2));
    assertThat(state.toDoubleArray()).containsExactly(0, 1, 2, 3, 4, 10, 6, 7, 11);
  }

  @Test
  void aStateMovedWithinItselfIsReadBeforeItIsWritten() {
    HostTensor state =
        Exact.updated(
            floats(1, 2, 3),
            (ops, s) -> ops.scatterInto(s, ops.constant(tuples(3, 1, 1, 2, 0)), ops.read(s), 0));
    assertThat(state.toDoubleArray()).containsExactly(3, 1, 2);
  }

  @Test
  void whatWasComputedFromAStateOutlivesItsUpdate() {
    HostTensor state =
        Exact.updated(
            floats(1, 2),
            (ops, s) -> {
              Tensor before = ops.reshape(ops.read(s), Shape.of(2));
              Tensor carried = ops.convert(ops.read(s), DType.F32);
              State next = ops.updateInto(s, ops.constant(floats(8, 9)), 0);
              return ops.updateInto(next, ops.add(before, carried), 0);
            });
    assertThat(state.toDoubleArray()).containsExactly(2, 4);
  }

  @Test
  void integerStatesKeepTheirType() {
    HostTensor state =
        Exact.updated(
            ints(1, 2), (ops, s) -> ops.updateInto(s, ops.constant(ints(Integer.MIN_VALUE)), 1));
    assertThat(state.dtype()).isEqualTo(DType.I32);
    assertThat(state.toIntArray()).containsExactly(1, Integer.MIN_VALUE);
  }
}

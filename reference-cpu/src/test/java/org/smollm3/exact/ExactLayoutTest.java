package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.exact.Exact.counting;
import static org.smollm3.exact.Exact.floats;
import static org.smollm3.exact.Exact.values;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class ExactLayoutTest {
  @Test
  void broadcastRepeatsAlongNewDimensions() {
    assertThat(values(ops -> ops.broadcast(ops.constant(floats(1, 2)), Shape.of(2, 3), 0)))
        .containsExactly(1, 1, 1, 2, 2, 2);
    assertThat(values(ops -> ops.broadcast(ops.constant(floats(1, 2)), Shape.of(3, 2), 1)))
        .containsExactly(1, 2, 1, 2, 1, 2);
    assertThat(
            values(ops -> ops.broadcast(ops.constant(floats(Shape.scalar(), 7)), Shape.of(2, 2))))
        .containsExactly(7, 7, 7, 7);
    assertThat(values(ops -> ops.broadcast(ops.constant(floats(7)), Shape.of(0, 1), 1))).isEmpty();
  }

  @Test
  void reshapeKeepsRowMajorOrder() {
    HostTensor result = Exact.run(ops -> ops.reshape(ops.constant(counting(2, 3)), Shape.of(3, 2)));
    assertThat(result.shape()).isEqualTo(Shape.of(3, 2));
    assertThat(result.toDoubleArray()).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void transposePermutes() {
    HostTensor result = Exact.run(ops -> ops.transpose(ops.constant(counting(2, 3)), 1, 0));
    assertThat(result.shape()).isEqualTo(Shape.of(3, 2));
    assertThat(result.toDoubleArray()).containsExactly(0, 3, 1, 4, 2, 5);
  }

  @Test
  void sliceCutsOneAxis() {
    assertThat(values(ops -> ops.slice(ops.constant(counting(2, 4)), 1, 1, 3)))
        .containsExactly(1, 2, 5, 6);
    assertThat(values(ops -> ops.slice(ops.constant(counting(3, 2)), 0, 2, 3)))
        .containsExactly(4, 5);
    assertThat(values(ops -> ops.slice(ops.constant(counting(3, 2)), 0, 3, 3))).isEmpty();
  }

  @Test
  void concatenateJoinsPartsOfAnySize() {
    assertThat(
            values(
                ops ->
                    ops.concatenate(
                        1,
                        List.of(
                            ops.constant(counting(2, 2)),
                            ops.constant(counting(2, 0)),
                            ops.constant(floats(Shape.of(2, 1), 8, 9))))))
        .containsExactly(0, 1, 8, 2, 3, 9);
    assertThat(
            values(
                ops ->
                    ops.concatenate(
                        0, List.of(ops.constant(counting(1, 2)), ops.constant(counting(2, 2))))))
        .containsExactly(0, 1, 0, 1, 2, 3);
    assertThat(
            values(
                ops ->
                    ops.concatenate(
                        1, List.of(ops.constant(counting(0, 2)), ops.constant(counting(0, 1))))))
        .isEmpty();
  }

  @Test
  void padAddsOnBothSides() {
    assertThat(values(ops -> ops.pad(ops.constant(counting(2, 2)), 1, 1, 2, -7)))
        .containsExactly(-7, 0, 1, -7, -7, -7, 2, 3, -7, -7);
    assertThat(values(ops -> ops.pad(ops.constant(counting(1, 2)), 0, 0, 1, Double.NaN)))
        .containsExactly(0, 1, Double.NaN, Double.NaN);
    assertThat(values(ops -> ops.pad(ops.constant(counting(0, 2)), 0, 1, 0, 3)))
        .containsExactly(3, 3);
  }

  @Property(tries = 100)
  void transposedElementsLieAtPermutedCoordinates(
      @ForAll @Size(3) List<@IntRange(min = 1, max = 5) Integer> dims,
      @ForAll @IntRange(max = 5) int which) {
    int[] p = List.of(0, 1, 2).stream().mapToInt(i -> PERMUTATIONS[which][i]).toArray();
    HostTensor x = counting(dims.get(0), dims.get(1), dims.get(2));
    HostTensor y = Exact.run(ops -> ops.transpose(ops.constant(x), p));
    int[] at = new int[3];
    int i = 0;
    for (at[0] = 0; at[0] < dims.get(p[0]); at[0]++) {
      for (at[1] = 0; at[1] < dims.get(p[1]); at[1]++) {
        for (at[2] = 0; at[2] < dims.get(p[2]); at[2]++) {
          int[] from = new int[3];
          for (int axis = 0; axis < 3; axis++) {
            from[p[axis]] = at[axis];
          }
          int flat = (from[0] * dims.get(1) + from[1]) * dims.get(2) + from[2];
          assertThat(y.getDouble(i++)).isEqualTo(flat);
        }
      }
    }
  }

  private static final int[][] PERMUTATIONS = {
    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}
  };

  @Property(tries = 100)
  void slicesOfAPaddedTensorAreTheTensor(
      @ForAll @Size(3) List<@IntRange(min = 0, max = 4) Integer> dims,
      @ForAll @IntRange(max = 2) int axis,
      @ForAll @IntRange(max = 3) int low,
      @ForAll @IntRange(max = 3) int high) {
    HostTensor x = counting(dims.get(0), dims.get(1), dims.get(2));
    long end = low + x.shape().dim(axis);
    HostTensor back =
        Exact.run(ops -> ops.slice(ops.pad(ops.constant(x), axis, low, high, -1), axis, low, end));
    assertThat(back.shape()).isEqualTo(x.shape());
    assertThat(back.toDoubleArray()).isEqualTo(x.toDoubleArray());
    double[] padding =
        values(ops -> ops.slice(ops.pad(ops.constant(x), axis, low, high, -1), axis, 0, low));
    assertThat(padding).containsOnly(fill(padding.length, -1));
  }

  private static double[] fill(int count, double value) {
    double[] all = new double[count];
    java.util.Arrays.fill(all, value);
    return all;
  }
}

package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Elements by their coordinates, and tensors by what each element is. */
final class Coordinates {
  private Coordinates() {}

  /** The element at these coordinates of the result. */
  interface Element {
    double at(long[] place);
  }

  static HostTensor make(DType dtype, Shape shape, Element element) {
    HostTensor tensor = HostTensor.zeros(dtype, shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, element.at(place(shape, i)));
    }
    return tensor;
  }

  static long[] place(Shape shape, long flat) {
    long[] place = new long[shape.rank()];
    long rest = flat;
    for (int i = shape.rank() - 1; i >= 0; i--) {
      place[i] = rest % shape.dim(i);
      rest /= shape.dim(i);
    }
    return place;
  }

  static long flat(Shape shape, long... place) {
    long flat = 0;
    for (int i = 0; i < shape.rank(); i++) {
      flat = flat * shape.dim(i) + place[i];
    }
    return flat;
  }

  static double get(HostTensor tensor, long... place) {
    return tensor.getDouble(flat(tensor.shape(), place));
  }

  /** The same type, shape and bits. */
  static void assertSame(HostTensor got, HostTensor wanted) {
    assertHeads(got, wanted);
    for (long i = 0; i < got.size(); i++) {
      assertSame(i, got.getDouble(i), wanted.getDouble(i));
    }
  }

  /** As {@link #assertSame}, but for the sign of zeros. */
  static void assertEqual(HostTensor got, HostTensor wanted) {
    assertHeads(got, wanted);
    for (long i = 0; i < got.size(); i++) {
      assertSame(i, got.getDouble(i) + 0.0, wanted.getDouble(i) + 0.0);
    }
  }

  /**
   * As {@link #assertEqual}, but for a relative error of float32 before one rounding to the type.
   * What is wanted was rounded too, and near a tie to the other side.
   *
   * @param ulps of float32
   * @param magnitudes what the error is relative to
   */
  static void assertNear(HostTensor got, HostTensor wanted, double ulps, HostTensor magnitudes) {
    assertHeads(got, wanted);
    for (long i = 0; i < got.size(); i++) {
      double value = wanted.getDouble(i);
      double size = Math.abs(magnitudes.getDouble(i));
      if (!Double.isFinite(value) || !Double.isFinite(size)) {
        assertSame(i, got.getDouble(i), value);
        continue;
      }
      double rounding =
          switch (got.dtype()) {
            case BF16 -> 0x1p-8;
            case F16 -> 0x1p-11;
            default -> 0x1p-24;
          };
      double bound = ulps * 0x1p-23 * size + 2 * rounding * Math.abs(value) + 0x1p-148;
      assertThat(Math.abs(got.getDouble(i) - value))
          .as("element %d: %s instead of %s", i, got.getDouble(i), value)
          .isLessThanOrEqualTo(bound);
    }
  }

  /** NaN is NaN, and -0 is not 0: as of boxed numbers. */
  private static void assertSame(long element, double got, double wanted) {
    assertThat(Double.valueOf(got)).as("element %d", element).isEqualTo(Double.valueOf(wanted));
  }

  private static void assertHeads(HostTensor got, HostTensor wanted) {
    assertThat(got.dtype()).isEqualTo(wanted.dtype());
    assertThat(got.shape()).isEqualTo(wanted.shape());
  }
}

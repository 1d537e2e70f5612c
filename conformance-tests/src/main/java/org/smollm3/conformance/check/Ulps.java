package org.smollm3.conformance.check;

import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** Distances counted in values of a type: from one to the next is 1, from -0 to +0 is 0. */
final class Ulps {
  private Ulps() {}

  /** Between two finite values, of which {@code expected} is rounded to the type first. */
  static long between(DType dtype, double actual, double expected) {
    return Math.abs(ordinal(dtype, actual) - ordinal(dtype, expected));
  }

  private static long ordinal(DType dtype, double value) {
    return switch (dtype) {
      // A double that lies near the middle of two bfloat16 may be rounded twice; a histogram may
      // err there.
      case BF16 -> signed(BFloat16.fromFloat((float) value), 15);
      case F16 -> signed(Float.floatToFloat16((float) value), 15);
      case F32 -> signed(Float.floatToRawIntBits((float) value), 31);
      case F64 -> signed(Double.doubleToRawLongBits(value), 63);
      default -> throw new IllegalArgumentException(dtype + " has no last place");
    };
  }

  private static long signed(long bits, int magnitudeBits) {
    long magnitude = bits & (-1L >>> (64 - magnitudeBits));
    return bits < 0 ? -magnitude : magnitude;
  }

  static UlpHistogram of(HostTensor actual, HostTensor expected) {
    long[] counts = new long[UlpHistogram.BUCKETS];
    for (long i = 0; i < actual.size(); i++) {
      double value = actual.getDouble(i);
      double truth = expected.getDouble(i);
      if (Double.isFinite(value) && Double.isFinite(truth)) {
        counts[UlpHistogram.bucket(between(actual.dtype(), value, truth))]++;
      }
    }
    return new UlpHistogram(java.util.Arrays.stream(counts).boxed().toList());
  }
}

package org.smollm3.conformance.cases;

import java.util.Random;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Random tensors. */
public final class Values {
  private static final int OUTLIER_EVERY = 16;

  private Values() {}

  /** A tensor of a floating type. */
  public static HostTensor of(Regime regime, DType dtype, Shape shape, Random random) {
    HostTensor tensor = HostTensor.zeros(dtype, shape);
    long last = shape.rank() == 0 ? 1 : Math.max(1, shape.dim(-1));
    double before = 0;
    for (long i = 0; i < tensor.size(); i++) {
      double value = value(regime, dtype, i % last, before, random);
      tensor.setDouble(i, value);
      before = value;
    }
    return tensor;
  }

  private static double value(
      Regime regime, DType dtype, long column, double before, Random random) {
    double ordinary = random.nextGaussian();
    return switch (regime) {
      case ORDINARY -> ordinary;
      case SMALL -> Math.scalb(ordinary, -10);
      case LARGE -> Math.scalb(ordinary, 10);
      case OUTLIERS -> column % OUTLIER_EVERY == 3 ? 60 * ordinary : ordinary;
      case CANCELLING -> column % 2 == 1 ? -before * (1 + Math.scalb(ordinary, -7)) : ordinary;
      case POSITIVE -> Math.abs(ordinary);
      case TIES -> random.nextInt(5) - 2;
      case ZEROS -> random.nextBoolean() ? ordinary : random.nextBoolean() ? 0.0 : -0.0;
      case SUBNORMAL -> Math.scalb(ordinary, dtype == DType.F16 ? -17 : -129);
    };
  }

  /** I32 from {@code min} up to, not including, {@code limit}. */
  public static HostTensor integers(int min, int limit, Shape shape, Random random) {
    HostTensor tensor = HostTensor.zeros(DType.I32, shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, random.nextInt(min, limit));
    }
    return tensor;
  }

  /** Every bit pattern of a type of two bytes, in order: [65536]. */
  public static HostTensor allPatterns(DType dtype) {
    HostTensor tensor = HostTensor.zeros(DType.I16, Shape.of(1 << 16));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, i);
    }
    return HostTensor.wrap(dtype, tensor.shape(), tensor.segment());
  }
}

package org.smollm3.conformance.bounds;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.NumericsProfile.Rounding;
import org.smollm3.spi.NumericsProfile.Subnormals;
import org.smollm3.tensor.DType;

/**
 * What a single operation of a backend may be off by, from its {@link NumericsProfile}: |fl(y) - y|
 * &lt;= u |y| + eta (Higham, 2.1 and (2.8)).
 */
final class Roundoffs {
  /**
   * The judge rounds too, 2^-29 of what float32 does, in the same operations; this covers it, and
   * the arithmetic on the bounds themselves.
   */
  private static final double OF_THE_JUDGE = 1 + 0x1p-20;

  /**
   * "A few units in the last place of float32" of {@link org.smollm3.spi.TensorOps}, taken as four:
   * relative to the value, 4 units of 2^-23.
   */
  static final double FUNCTION = 4 * 0x1p-23;

  /** n roundings, uniform in [-u, u], spread u sqrt(n/3): this is seven times as much. */
  private static final double LIKELY = 4;

  private final NumericsProfile profile;
  private final Sums sums;

  /** How the roundings of a sum add up. */
  enum Sums {
    /** All in one direction: a bound. */
    WORST,
    /** Independently: what is hardly ever passed. */
    LIKELY
  }

  Roundoffs(NumericsProfile profile) {
    this(profile, Sums.WORST);
  }

  Roundoffs(NumericsProfile profile, Sums sums) {
    this.profile = profile;
    this.sums = sums;
  }

  /**
   * For an operation whose bound does not hold with these deviations.
   *
   * @throws NoBoundException if the profile declares one of them
   */
  void requireNone(Deviation... unbounded) {
    for (Deviation deviation : unbounded) {
      if (profile.deviations().contains(deviation)) {
        throw new NoBoundException("no bound is derived for the deviation " + deviation);
      }
    }
  }

  /** Bits of a significand, the hidden one counted. */
  static int precision(DType dtype) {
    return switch (dtype) {
      case F64 -> 53;
      case F32 -> 24;
      case F16 -> 11;
      case BF16 -> 8;
      default -> throw new IllegalArgumentException(dtype + " has no rounding");
    };
  }

  /** True if a value of {@code from} may have to be rounded to be one of {@code to}. */
  static boolean narrows(DType from, DType to) {
    return precision(to) < precision(from) || (from != to && to == DType.F16);
  }

  /**
   * u of a result of this type: 2^-p rounded to nearest, 2^(1-p) rounded either way. Who rounds
   * nothing carries everything in the type of accumulation, whose u it is.
   */
  double unit(DType dtype) {
    return profile.rounding() == Rounding.NONE
        ? unit(profile.accumulation(), Rounding.NEAREST_EVEN)
        : unit(dtype, profile.rounding());
  }

  private static double unit(DType dtype, Rounding rounding) {
    double nearest = Math.scalb(OF_THE_JUDGE, -precision(dtype));
    return switch (rounding) {
      case NEAREST_EVEN, NONE -> nearest;
      case TRUNCATE, STOCHASTIC -> 2 * nearest;
    };
  }

  /** eta of a result of this type: what is lost where the exact result is below normal numbers. */
  double underflow(DType dtype) {
    DType carried = profile.rounding() == Rounding.NONE ? profile.accumulation() : dtype;
    return underflowOf(carried);
  }

  private double underflowOf(DType dtype) {
    return profile.subnormals() == Subnormals.FLUSHED
        ? smallestNormal(dtype)
        : Math.scalb(smallestNormal(dtype), 1 - precision(dtype));
  }

  private static double smallestNormal(DType dtype) {
    return Math.scalb(1.0, dtype == DType.F16 ? -14 : dtype == DType.F64 ? -1022 : -126);
  }

  /**
   * Up to which size a value of the logistic function may be lost: computed as 1 / (1 + exp(-x)) it
   * is zero where exp(-x) overflows, so where it is below the normal numbers of what is carried.
   */
  double logisticUnderflow() {
    return smallestNormal(profile.rounding() == Rounding.NONE ? profile.accumulation() : DType.F32);
  }

  /**
   * How often at most an attention over so many keys rescales what it has gathered: once for each
   * tile of keys, and no tile is without a key; not at all unless scores are declared to come in
   * tiles.
   */
  long rescalings(long keys) {
    return profile.deviations().contains(Deviation.SCORE_TILES) ? keys : 0;
  }

  /** The type in which products are summed. */
  DType accumulation() {
    return profile.accumulation();
  }

  /** Relative error of exp, rsqrt, logistic, cos and sin before their rounding. */
  double function() {
    // The same few units in the last place, of the type that is carried.
    return profile.rounding() == Rounding.NONE
        ? Math.scalb(FUNCTION, precision(DType.F32) - precision(profile.accumulation()))
        : FUNCTION;
  }

  /**
   * gamma_n = n u / (1 - n u) of the accumulation type: n roundings, one after the other (Higham,
   * lemma 3.1).
   */
  double gamma(long n) {
    return gamma(n, accumulation());
  }

  /** The narrower of the type that a sum over ranks was asked for in and the one declared. */
  DType reduction(DType asked) {
    DType declared =
        profile.deviations().contains(Deviation.BF16_REDUCTION) ? DType.BF16 : profile.reduction();
    return precision(declared) < precision(asked) ? declared : asked;
  }

  /** As {@link #gamma(long)}, of another type. */
  double gamma(long n, DType dtype) {
    double nu = n * unit(dtype);
    if (nu >= 1) {
      throw new InvalidRequestException(
          "no bound holds for sums of " + n + " terms accumulated in " + dtype);
    }
    double worst = nu / (1 - nu);
    return sums == Sums.WORST
        ? worst
        : Math.min(worst, LIKELY * Math.sqrt((double) n) * unit(dtype));
  }
}

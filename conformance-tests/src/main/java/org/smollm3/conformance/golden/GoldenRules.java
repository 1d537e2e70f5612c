package org.smollm3.conformance.golden;

import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.NumericsProfile.Rounding;
import org.smollm3.tensor.DType;

/**
 * What a backend's tensors may be off, relative to Hugging Face's own error on the same model: as
 * little as or little more than Hugging Face in the same arithmetic, a tenth of it for a judge in
 * double.
 */
final class GoldenRules {
  /** Over all float32 cases the geometric mean of the logits' error ratios may be at most this. */
  static final double FLOAT32_MEAN_RATIO = 0.9;

  /**
   * What int8 weights may add to the error of logits, relative to their deviation, and to that of
   * hidden states and caches, relative to their root mean square; docs/quantization.md states it.
   */
  static final double INT8_LOGITS = 0.05;

  static final double INT8_TENSOR = 0.05;

  private static final double FLOAT32_ELEMENT = 1.5e-5;
  private static final double EXACT_FLOOR = 1e-6;

  private enum Grade {
    EXACT,
    FLOAT32,
    BFLOAT16,
    /** bfloat16 where the profile declares a bf16 reduction or a separately rounded bias. */
    BFLOAT16_EXTRA_ROUNDING
  }

  private final Grade grade;
  private final DType caseArithmetic;
  private final Weights weights;

  /** As what weights are multiplied; the goldens are made with those of the file. */
  enum Weights {
    AS_PUBLISHED,
    INT8
  }

  GoldenRules(NumericsProfile profile, DType arithmetic, Weights stored) {
    this.caseArithmetic = arithmetic;
    this.weights = profile.deviations().contains(Deviation.INT8_WEIGHTS) ? Weights.INT8 : stored;
    if (profile.rounding() == Rounding.NONE) {
      grade = Grade.EXACT;
    } else if (arithmetic == DType.F32) {
      grade = Grade.FLOAT32;
    } else if (profile.deviations().contains(Deviation.BF16_REDUCTION)
        || profile.deviations().contains(Deviation.SEPARATE_BIAS)) {
      grade = Grade.BFLOAT16_EXTRA_ROUNDING;
    } else {
      grade = Grade.BFLOAT16;
    }
  }

  /** Whether greedy tokens must be equal when running freely; else each step is judged alone. */
  boolean greedyRunsFreely() {
    return caseArithmetic == DType.F32 && weights == Weights.AS_PUBLISHED;
  }

  /**
   * How near two logits may be, relative to their deviation, for either to be chosen.
   *
   * @param huggingFace its own error of the logits, relative to their deviation
   */
  double tie(double huggingFace) {
    return 4 * huggingFace + (weights == Weights.INT8 ? 4 * INT8_LOGITS : 0);
  }

  /** Whether this case counts for {@link #FLOAT32_MEAN_RATIO}. */
  boolean countsForMeanRatio() {
    return grade == Grade.FLOAT32 && weights == Weights.AS_PUBLISHED;
  }

  Finding logits(String check, double[] actual, double[] huggingFace, double[] reference) {
    double measured = ErrorStats.of(actual, reference).rmsOverStd();
    double theirs = ErrorStats.of(huggingFace, reference).rmsOverStd();
    double limit =
        switch (grade) {
          case EXACT -> caseArithmetic == DType.F32 ? theirs / 10 : EXACT_FLOOR;
          case FLOAT32, BFLOAT16_EXTRA_ROUNDING -> 1.5 * theirs;
          case BFLOAT16 -> 1.25 * theirs;
        };
    if (weights == Weights.INT8) {
      return Finding.atMost(check, measured, limit + INT8_LOGITS, "rms error / std, int8 weights");
    }
    return Finding.atMost(check, measured, limit, ratio("rms error / std", measured, theirs));
  }

  Finding tensor(String check, double[] actual, double[] huggingFace, double[] reference) {
    ErrorStats mine = ErrorStats.of(actual, reference);
    ErrorStats theirs = ErrorStats.of(huggingFace, reference);
    if (weights == Weights.INT8) {
      double limit = 2 * theirs.rmsOverRms() + INT8_TENSOR;
      return Finding.atMost(check, mine.rmsOverRms(), limit, "rms error / rms, int8 weights");
    }
    return switch (grade) {
      case EXACT ->
          Finding.atMost(
              check,
              mine.rmsOverRms(),
              Math.max(theirs.rmsOverRms() / 10, EXACT_FLOOR),
              ratio("rms error / rms", mine.rmsOverRms(), theirs.rmsOverRms()));
      case FLOAT32 ->
          Finding.atMost(
              check, mine.max() / mine.referenceRms(), FLOAT32_ELEMENT, "largest error / rms");
      case BFLOAT16 -> bf16(check, mine, theirs, 1.4, 1.8);
      case BFLOAT16_EXTRA_ROUNDING -> bf16(check, mine, theirs, 1.6, 2.0);
    };
  }

  private static Finding bf16(
      String check, ErrorStats mine, ErrorStats theirs, double rmsFactor, double tailFactor) {
    if (theirs.max() == 0) {
      return Finding.atMost(check, mine.max(), 0, "Hugging Face is exact here: bit-equal");
    }
    Finding rms =
        Finding.atMost(
            check,
            mine.rmsOverRms(),
            rmsFactor * theirs.rmsOverRms(),
            ratio("rms error / rms", mine.rmsOverRms(), theirs.rmsOverRms()));
    Finding tail =
        Finding.atMost(
            check,
            mine.percentile999() / mine.referenceRms(),
            tailFactor * theirs.percentile999() / theirs.referenceRms(),
            ratio("99.9th percentile / rms", mine.percentile999(), theirs.percentile999()));
    return tail.failed() ? tail : rms;
  }

  private static String ratio(String what, double mine, double theirs) {
    return String.format("%s, %.3f x Hugging Face's", what, mine / theirs);
  }
}

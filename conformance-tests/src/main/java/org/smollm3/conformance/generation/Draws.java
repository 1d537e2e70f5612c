package org.smollm3.conformance.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.OptimumSampler;

/** Random logits, parameters and uniform numbers, and what they may choose. */
final class Draws {
  static final float ALMOST_ONE = Math.nextDown(1f);

  /**
   * How near to a limit a cumulative probability may come and still be clear of it: a hundred
   * roundings of float32 to a number below 1.
   */
  private static final double NEAR = 1e-5;

  private Draws() {}

  static List<float[]> logits(Random random, int rows, int vocab) {
    List<float[]> logits = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      float[] values = new float[vocab];
      for (int id = 0; id < vocab; id++) {
        values[id] = (float) (3 * random.nextGaussian());
      }
      logits.add(values);
    }
    return logits;
  }

  /** Few different values, so that many are equal. */
  static List<float[]> tied(Random random, int rows, int vocab) {
    List<float[]> logits = logits(random, rows, vocab);
    for (float[] values : logits) {
      for (int id = 0; id < vocab; id++) {
        values[id] = random.nextInt(4) - 1.5f;
      }
    }
    return logits;
  }

  static List<DeviceSamplingParams> params(Random random, int rows, int maxTopk) {
    List<DeviceSamplingParams> params = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int topK =
          random.nextInt(4) == 0 ? DeviceSamplingParams.MAX_TOPK : 1 + random.nextInt(maxTopk);
      double topP = random.nextInt(3) == 0 ? 1 : 0.05 + 0.9 * random.nextDouble();
      params.add(new DeviceSamplingParams(topK, topP, 0.2 + 2 * random.nextDouble()));
    }
    return params;
  }

  static List<Float> uniforms(Random random, int rows) {
    List<Float> drawn = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      drawn.add(random.nextFloat());
    }
    return drawn;
  }

  /** Whether no sum is so near top_p or the uniform number that rounding could decide. */
  static boolean isClear(float[] logits, DeviceSamplingParams params, int maxTopk, double uniform) {
    return isTopPClear(logits, params, maxTopk)
        && isFar(new OptimumSampler(params, maxTopk).probabilities(logits), uniform);
  }

  /** Whether no sum is so near top_p that rounding could decide what is a candidate. */
  static boolean isTopPClear(float[] logits, DeviceSamplingParams params, int maxTopk) {
    DeviceSamplingParams noTopP = new DeviceSamplingParams(params.topK(), 1, params.temperature());
    return params.topP() == 1
        || isFar(new OptimumSampler(noTopP, maxTopk).probabilities(logits), params.topP());
  }

  private static boolean isFar(float[] probabilities, double from) {
    float[] sorted = probabilities.clone();
    Arrays.sort(sorted);
    double sum = 0;
    boolean far = true;
    for (int i = sorted.length - 1; i >= 0; i--) {
      sum += sorted[i];
      far &= Math.abs(sum - from) > NEAR;
    }
    return far;
  }
}

package org.smollm3.exact;

import java.util.Random;
import org.smollm3.spi.AttentionKind;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** An attention as its javadoc in TensorOps words it, one query at a time. */
final class NaiveAttention {
  final int batch;
  final int heads;
  final int groups;
  final int active;
  final int headDim;
  final int length;
  final int slots;
  final double scale = 0.7;
  final HostTensor q;
  final HostTensor kCache;
  final HostTensor vCache;
  final HostTensor kActive;
  final HostTensor vActive;
  final HostTensor seqIds;
  final HostTensor positions;

  /** Random operands; the positions of a row ascend from its given first one. */
  NaiveAttention(
      long seed,
      int[] slotOfRow,
      int[] firstOfRow,
      int perGroup,
      int groups,
      int active,
      int headDim,
      int length) {
    Random random = new Random(seed);
    this.batch = slotOfRow.length;
    this.groups = groups;
    this.heads = groups * perGroup;
    this.active = active;
    this.headDim = headDim;
    this.length = length;
    this.slots = batch + 1;
    q = gaussian(random, batch, heads, active, headDim);
    kCache = gaussian(random, slots, groups, length, headDim);
    vCache = gaussian(random, slots, groups, length, headDim);
    kActive = gaussian(random, batch, groups, active, headDim);
    vActive = gaussian(random, batch, groups, active, headDim);
    seqIds = HostTensor.ofInts(Shape.of(batch), slotOfRow);
    positions = HostTensor.zeros(DType.I32, Shape.of(batch, active));
    for (int i = 0; i < positions.size(); i++) {
      positions.setLong(i, firstOfRow[i / active] + i % active);
    }
  }

  private static HostTensor gaussian(Random random, long... dims) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  /** Makes everything of the caches NaN that no query of any row may see. */
  void poisonUnseen() {
    for (int slot = 0; slot < slots; slot++) {
      for (int j = 0; j < length; j++) {
        boolean seen = false;
        for (int b = 0; b < batch; b++) {
          seen |= seqIds.getInt(b) == slot && j < positions.getInt((long) b * active);
        }
        if (!seen) {
          poison(slot, j);
        }
      }
    }
  }

  private void poison(int slot, int j) {
    for (int g = 0; g < groups; g++) {
      for (int d = 0; d < headDim; d++) {
        int at = ((slot * groups + g) * length + j) * headDim + d;
        kCache.setDouble(at, Double.NaN);
        vCache.setDouble(at, Double.NaN);
      }
    }
  }

  /**
   * The result [B, H, T, D].
   *
   * @param window 0 for none
   * @param absolute whether to take the values' absolute values
   */
  double[] compute(AttentionKind kind, int window, boolean absolute) {
    double[] result = new double[batch * heads * active * headDim];
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < active; t++) {
          int g = h / (heads / groups);
          int p = positions.getInt((long) b * active + t);
          double[] mixed = new double[headDim];
          double total = 0;
          if (kind != AttentionKind.CONTEXT_ENCODING) {
            for (int j = 0; j < length && j < positions.getInt((long) b * active); j++) {
              if (window == 0 || p - j < window) {
                long row = ((long) seqIds.getInt(b) * groups + g) * length + j;
                total += mix(mixed, b, h, t, kCache, vCache, row, absolute);
              }
            }
          }
          for (int u = 0; u <= t; u++) {
            if (window == 0 || t - u < window) {
              long row = ((long) b * groups + g) * active + u;
              total += mix(mixed, b, h, t, kActive, vActive, row, absolute);
            }
          }
          for (int d = 0; d < headDim; d++) {
            result[((b * heads + h) * active + t) * headDim + d] = mixed[d] / total;
          }
        }
      }
    }
    return result;
  }

  private double mix(
      double[] mixed,
      int b,
      int h,
      int t,
      HostTensor keys,
      HostTensor values,
      long row,
      boolean absolute) {
    double score = 0;
    for (int d = 0; d < headDim; d++) {
      score +=
          q.getDouble((((long) b * heads + h) * active + t) * headDim + d)
              * keys.getDouble(row * headDim + d);
    }
    double weight = Math.exp(score * scale);
    for (int d = 0; d < headDim; d++) {
      double value = values.getDouble(row * headDim + d);
      mixed[d] += weight * (absolute ? Math.abs(value) : value);
    }
    return weight;
  }
}

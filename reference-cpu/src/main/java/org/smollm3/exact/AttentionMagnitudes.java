package org.smollm3.exact;

import org.smollm3.eager.StateHandle;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.State;
import org.smollm3.tensor.Shape;

/**
 * The magnitudes of an attention: what its result adds up are values weighted by probabilities, so
 * for each element sum p_j |v_j| over the positions its query sees. The default body of attend ends
 * in a division, whose own terms would tell nothing of that sum.
 */
final class AttentionMagnitudes {
  private final int batch;
  private final int heads;
  private final int groups;
  private final int active;
  private final int headDim;
  private final int slots;
  private final int length;
  private final double[] q;
  private final double[] kCache;
  private final double[] vCache;
  private final double[] kActive;
  private final double[] vActive;
  private final double[] seqIds;
  private final double[] positions;
  private final double scale;
  private final int window;
  private final boolean readsCache;

  AttentionMagnitudes(
      ExactTensor q,
      State kCache,
      State vCache,
      ExactTensor kActive,
      ExactTensor vActive,
      ExactTensor seqIds,
      ExactTensor positions,
      AttentionSpec spec) {
    Shape shape = q.shape();
    batch = shape.intDim(0);
    heads = shape.intDim(1);
    active = shape.intDim(2);
    headDim = shape.intDim(3);
    groups = kActive.shape().intDim(1);
    slots = kCache.spec().shape().intDim(0);
    length = kCache.spec().shape().intDim(2);
    this.q = q.values();
    this.kCache = StateHandle.of(kCache).storage(ExactState.class).values();
    this.vCache = StateHandle.of(vCache).storage(ExactState.class).values();
    this.kActive = kActive.values();
    this.vActive = vActive.values();
    this.seqIds = seqIds.values();
    this.positions = positions.values();
    scale = spec.scale();
    window = spec.slidingWindow().orElse(Integer.MAX_VALUE);
    readsCache = spec.kind() != AttentionKind.CONTEXT_ENCODING;
  }

  /** [B, H, T, D]. */
  double[] compute() {
    double[] result = new double[q.length];
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < active; t++) {
          query(b, h, t, result);
        }
      }
    }
    return result;
  }

  private void query(int b, int h, int t, double[] result) {
    int slot = Math.clamp((int) seqIds[b], 0, slots - 1);
    int group = h / (heads / groups);
    int cached = (slot * groups + group) * length * headDim;
    int own = (b * groups + group) * active * headDim;
    int at = ((b * heads + h) * active + t) * headDim;
    double[] scores = new double[length + active];
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < scores.length; j++) {
      boolean inCache = j < length;
      boolean seen = inCache ? seesCached(b, t, j) : seesActive(t, j - length);
      scores[j] = Double.NEGATIVE_INFINITY;
      if (seen) {
        scores[j] = inCache ? score(at, kCache, cached, j) : score(at, kActive, own, j - length);
        max = Math.max(max, scores[j]);
      }
    }
    double sum = 0;
    for (int j = 0; j < scores.length; j++) {
      double weight = scores[j] == Double.NEGATIVE_INFINITY ? 0 : StrictMath.exp(scores[j] - max);
      sum += weight;
      for (int d = 0; weight != 0 && d < headDim; d++) {
        double value =
            j < length
                ? vCache[cached + j * headDim + d]
                : vActive[own + (j - length) * headDim + d];
        result[at + d] += weight * Math.abs(value);
      }
    }
    for (int d = 0; d < headDim; d++) {
      result[at + d] /= sum;
    }
  }

  private boolean seesCached(int b, int t, int j) {
    int first = (int) positions[b * active];
    int position = (int) positions[b * active + t];
    return readsCache && j < first && position - j < window;
  }

  private boolean seesActive(int t, int u) {
    return u <= t && t - u < window;
  }

  private double score(int at, double[] keys, int base, int j) {
    double sum = 0;
    for (int d = 0; d < headDim; d++) {
      sum += q[at + d] * keys[base + j * headDim + d];
    }
    return sum * scale;
  }
}

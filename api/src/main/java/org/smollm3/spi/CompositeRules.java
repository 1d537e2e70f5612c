package org.smollm3.spi;

import static org.smollm3.spi.ShapeRules.fail;
import static org.smollm3.spi.ShapeRules.requireFloating;
import static org.smollm3.spi.ShapeRules.requireRank;
import static org.smollm3.spi.ShapeRules.requireShape;
import static org.smollm3.spi.ShapeRules.requireType;

import java.util.Optional;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** As {@link ShapeRules}, of the composites of {@link TensorOps}. */
final class CompositeRules {
  private CompositeRules() {}

  static Shape linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    String op = "linear";
    requireFloating(op, "x", x);
    requireFloating(op, "weight", weight);
    ShapeRules.requireFloatingType(op, "result", dtype);
    Shape w = requireRank(op, "weight", weight, 2);
    if (x.shape().rank() == 0 || x.shape().dim(-1) != w.dim(1)) {
      throw fail(op, "x " + x.shape() + " does not end in the " + w.dim(1) + " of weight " + w);
    }
    if (bias.isPresent()) {
      requireFloating(op, "bias", bias.get());
      requireShape(op, "bias", bias.get(), Shape.of(w.dim(0)));
    }
    return x.shape().with(-1, w.dim(0));
  }

  static Shape rmsNorm(Tensor x, Tensor weight, double epsilon) {
    String op = "rmsNorm";
    requireFloating(op, "x", x);
    requireFloating(op, "weight", weight);
    requireLastAxis(op, x);
    requireShape(op, "weight", weight, Shape.of(x.shape().dim(-1)));
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw fail(op, "epsilon is " + epsilon + ", not a finite number of at least 0");
    }
    return x.shape();
  }

  static Shape swiGlu(Tensor gate, Tensor up) {
    requireFloating("swiGlu", "gate", gate);
    requireFloating("swiGlu", "up", up);
    return requireShape("swiGlu", "up", up, gate.shape());
  }

  static Shape softmax(Tensor x) {
    requireFloating("softmax", "x", x);
    requireLastAxis("softmax", x);
    return x.shape();
  }

  static Shape embedding(Tensor ids, Tensor table, DType dtype) {
    String op = "embedding";
    requireType(op, "ids", ids, DType.I32);
    requireFloating(op, "table", table);
    ShapeRules.requireFloatingType(op, "result", dtype);
    requireRank(op, "ids", ids, 2);
    Shape t = requireRank(op, "table", table, 2);
    if (t.dim(0) == 0) {
      throw fail(op, "table " + t + " has no rows");
    }
    return Composites.append(ids.shape(), t.dim(1));
  }

  static Shape rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    String op = "rotaryTable";
    requireType(op, "positions", positions, DType.I32);
    requireType(op, "inverse frequencies", inverseFrequencies, DType.F32);
    requireRank(op, "positions", positions, 2);
    requireRank(op, "inverse frequencies", inverseFrequencies, 1);
    if (!Double.isFinite(scaling)) {
      throw fail(op, "scaling is " + scaling);
    }
    return Composites.append(
        positions.shape(), Math.multiplyExact(2, inverseFrequencies.shape().dim(0)));
  }

  static Shape rotate(Tensor x, Tensor table) {
    String op = "rotate";
    requireFloating(op, "x", x);
    requireType(op, "table", table, DType.F32);
    Shape s = requireRank(op, "x", x, 4);
    if (s.dim(3) % 2 != 0) {
      throw fail(op, "head dimension " + s.dim(3) + " is odd");
    }
    requireShape(op, "table", table, Shape.of(s.dim(0), s.dim(2), s.dim(3)));
    return s;
  }

  static Shape attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    String op = "attend";
    requireFloating(op, "q", q);
    Shape s = requireRank(op, "q", q, 4);
    Shape active = active(op, "kActive", kActive, seqIds, positions, spec.kind());
    requireFloating(op, "vActive", vActive);
    requireShape(op, "vActive", vActive, active);
    if (s.dim(0) != active.dim(0) || s.dim(2) != active.dim(2) || s.dim(3) != active.dim(3)) {
      throw fail(op, "q " + s + " and kActive " + active + " differ beside the heads");
    }
    if (active.dim(1) == 0 || s.dim(1) % active.dim(1) != 0) {
      throw fail(
          op, s.dim(1) + " query heads are not a multiple of " + active.dim(1) + " key heads");
    }
    cache(op, kCache, active);
    cache(op, vCache, active);
    if (!kCache.spec().shape().equals(vCache.spec().shape())) {
      throw fail(op, "caches are " + kCache.spec().shape() + " and " + vCache.spec().shape());
    }
    if (!Double.isFinite(spec.scale())) {
      throw fail(op, "scale is " + spec.scale());
    }
    if (spec.slidingWindow().isPresent() && spec.slidingWindow().getAsInt() < 1) {
      throw fail(op, "sliding window is " + spec.slidingWindow().getAsInt() + ", not at least 1");
    }
    return s;
  }

  static void updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    String op = "updateCache '" + cache.spec().name() + "'";
    cache(op, cache, active(op, "active", active, seqIds, positions, kind));
  }

  private static Shape active(
      String op, String what, Tensor x, Tensor seqIds, Tensor positions, AttentionKind kind) {
    requireFloating(op, what, x);
    Shape s = requireRank(op, what, x, 4);
    requireType(op, "seqIds", seqIds, DType.I32);
    requireType(op, "positions", positions, DType.I32);
    requireShape(op, "seqIds", seqIds, Shape.of(s.dim(0)));
    requireShape(op, "positions", positions, Shape.of(s.dim(0), s.dim(2)));
    if (s.dim(2) == 0) {
      throw fail(op, what + " " + s + " holds no tokens");
    }
    if (kind == AttentionKind.TOKEN_GENERATION && s.dim(2) != 1) {
      throw fail(op, "token generation takes 1 token a row, not " + s.dim(2));
    }
    return s;
  }

  private static void cache(String op, State cache, Shape active) {
    ShapeRules.requireFloatingType(op, "cache '" + cache.spec().name() + "'", cache.spec().dtype());
    Shape s = cache.spec().shape();
    if (s.rank() != 4 || s.dim(0) == 0 || s.dim(1) != active.dim(1) || s.dim(3) != active.dim(3)) {
      throw fail(
          op,
          String.format(
              "cache '%s' is %s, not [slots, %d, length, %d]",
              cache.spec().name(), s, active.dim(1), active.dim(3)));
    }
  }

  private static void requireLastAxis(String op, Tensor x) {
    if (x.shape().rank() == 0) {
      throw fail(op, "a scalar has no last axis");
    }
  }
}

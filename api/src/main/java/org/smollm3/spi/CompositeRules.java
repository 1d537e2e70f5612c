package org.smollm3.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** As {@link ShapeRules}, of the composites of {@link TensorOps}. */
final class CompositeRules {
  private CompositeRules() {}

  static Shape linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    return linear("linear", x, weight, bias, dtype);
  }

  static List<Shape> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
    if (layers.isEmpty()) {
      throw Require.fail("linearEach", "no layers");
    }
    List<Shape> shapes = new ArrayList<>(layers.size());
    for (LinearLayer layer : layers) {
      shapes.add(linear(x, layer, dtype));
    }
    return shapes;
  }

  private static Shape linear(Tensor x, LinearLayer layer, DType dtype) {
    return linear("linear '" + layer.name() + "'", x, layer.weight(), layer.bias(), dtype);
  }

  static Shape linearSwiGlu(Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
    Shape gated = linear(x, gate, dtype);
    Shape shape = linear(x, up, dtype);
    if (!shape.equals(gated)) {
      throw Require.fail(
          "linearSwiGlu",
          String.format(
              "'%s' gives %s and '%s' %s; they must be alike",
              gate.name(), gated, up.name(), shape));
    }
    return shape;
  }

  static Shape linearTopK(Tensor x, LinearLayer layer, int k) {
    Shape outputs = linear(x, layer, DType.F32);
    if (k < 1 || k > outputs.dim(-1)) {
      throw Require.fail(
          "linearTopK", "k is " + k + ", not 1 to the " + outputs.dim(-1) + " of " + layer.name());
    }
    return outputs.with(-1, k);
  }

  private static Shape linear(
      String op, Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    Require.floating(op, "x", x);
    Require.floating(op, "weight", weight);
    Require.floatingType(op, "result", dtype);
    Shape w = Require.rank(op, "weight", weight, 2);
    if (x.shape().rank() == 0 || x.shape().dim(-1) != w.dim(1)) {
      throw Require.fail(
          op, "x " + x.shape() + " does not end in the " + w.dim(1) + " of weight " + w);
    }
    if (bias.isPresent()) {
      Require.floating(op, "bias", bias.get());
      Require.shape(op, "bias", bias.get(), Shape.of(w.dim(0)));
    }
    return x.shape().with(-1, w.dim(0));
  }

  static Shape rmsNorm(Tensor x, Tensor weight, double epsilon) {
    String op = "rmsNorm";
    Require.floating(op, "x", x);
    Require.floating(op, "weight", weight);
    requireLastAxis(op, x);
    Require.shape(op, "weight", weight, Shape.of(x.shape().dim(-1)));
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw Require.fail(op, "epsilon is " + epsilon + ", not a finite number of at least 0");
    }
    return x.shape();
  }

  static Shape swiGlu(Tensor gate, Tensor up) {
    Require.floating("swiGlu", "gate", gate);
    Require.floating("swiGlu", "up", up);
    return Require.shape("swiGlu", "up", up, gate.shape());
  }

  static Shape softmax(Tensor x) {
    Require.floating("softmax", "x", x);
    requireLastAxis("softmax", x);
    return x.shape();
  }

  static Shape cumulativeSum(Tensor x) {
    Require.floating("cumulativeSum", "x", x);
    requireLastAxis("cumulativeSum", x);
    return x.shape();
  }

  static Shape embedding(Tensor ids, Tensor table, DType dtype) {
    String op = "embedding";
    Require.type(op, "ids", ids, DType.I32);
    Require.floating(op, "table", table);
    Require.floatingType(op, "result", dtype);
    Require.rank(op, "ids", ids, 2);
    Shape t = Require.rank(op, "table", table, 2);
    if (t.dim(0) == 0) {
      throw Require.fail(op, "table " + t + " has no rows");
    }
    return Composites.append(ids.shape(), t.dim(1));
  }

  static Shape rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    String op = "rotaryTable";
    Require.type(op, "positions", positions, DType.I32);
    Require.type(op, "inverse frequencies", inverseFrequencies, DType.F32);
    Require.rank(op, "positions", positions, 2);
    Require.rank(op, "inverse frequencies", inverseFrequencies, 1);
    if (!Double.isFinite(scaling)) {
      throw Require.fail(op, "scaling is " + scaling);
    }
    return Composites.append(
        positions.shape(), Math.multiplyExact(2, inverseFrequencies.shape().dim(0)));
  }

  static Shape rotate(Tensor x, Tensor table) {
    String op = "rotate";
    Require.floating(op, "x", x);
    Require.type(op, "table", table, DType.F32);
    Shape s = Require.rank(op, "x", x, 4);
    if (s.dim(3) % 2 != 0) {
      throw Require.fail(op, "head dimension " + s.dim(3) + " is odd");
    }
    Require.shape(op, "table", table, Shape.of(s.dim(0), s.dim(2), s.dim(3)));
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
    Require.floating(op, "q", q);
    Shape s = Require.rank(op, "q", q, 4);
    Shape active = active(op, "kActive", kActive, seqIds, positions, spec.kind());
    Require.floating(op, "vActive", vActive);
    Require.shape(op, "vActive", vActive, active);
    if (s.dim(0) != active.dim(0) || s.dim(2) != active.dim(2) || s.dim(3) != active.dim(3)) {
      throw Require.fail(op, "q " + s + " and kActive " + active + " differ beside the heads");
    }
    if (active.dim(1) == 0 || s.dim(1) % active.dim(1) != 0) {
      throw Require.fail(
          op, s.dim(1) + " query heads are not a multiple of " + active.dim(1) + " key heads");
    }
    cache(op, kCache, active);
    cache(op, vCache, active);
    if (!kCache.spec().shape().equals(vCache.spec().shape())) {
      throw Require.fail(
          op, "caches are " + kCache.spec().shape() + " and " + vCache.spec().shape());
    }
    if (!Double.isFinite(spec.scale())) {
      throw Require.fail(op, "scale is " + spec.scale());
    }
    if (spec.slidingWindow().isPresent() && spec.slidingWindow().getAsInt() < 1) {
      throw Require.fail(
          op, "sliding window is " + spec.slidingWindow().getAsInt() + ", not at least 1");
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
    Require.floating(op, what, x);
    Shape s = Require.rank(op, what, x, 4);
    Require.type(op, "seqIds", seqIds, DType.I32);
    Require.type(op, "positions", positions, DType.I32);
    Require.shape(op, "seqIds", seqIds, Shape.of(s.dim(0)));
    Require.shape(op, "positions", positions, Shape.of(s.dim(0), s.dim(2)));
    if (s.dim(2) == 0) {
      throw Require.fail(op, what + " " + s + " holds no tokens");
    }
    if (kind == AttentionKind.TOKEN_GENERATION && s.dim(2) != 1) {
      throw Require.fail(op, "token generation takes 1 token a row, not " + s.dim(2));
    }
    return s;
  }

  private static void cache(String op, State cache, Shape active) {
    Require.floatingType(op, "cache '" + cache.spec().name() + "'", cache.spec().dtype());
    Shape s = cache.spec().shape();
    if (s.rank() != 4 || s.dim(0) == 0 || s.dim(1) != active.dim(1) || s.dim(3) != active.dim(3)) {
      throw Require.fail(
          op,
          String.format(
              "cache '%s' is %s, not [slots, %d, length, %d]",
              cache.spec().name(), s, active.dim(1), active.dim(3)));
    }
  }

  private static void requireLastAxis(String op, Tensor x) {
    if (x.shape().rank() == 0) {
      throw Require.fail(op, "a scalar has no last axis");
    }
  }
}

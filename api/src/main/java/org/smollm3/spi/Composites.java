package org.smollm3.spi;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** The composites of {@link TensorOps} in primitives: convert first, round last. */
final class Composites {
  private Composites() {}

  static Tensor linear(TensorOps ops, Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    DotDims dims = DotDims.lastWithLast(x.shape().rank(), 2);
    if (bias.isEmpty()) {
      return ops.dot(x, weight, dims, dtype);
    }
    Tensor product = ops.dot(x, weight, dims, DType.F32);
    Tensor wide = ops.convert(bias.get(), DType.F32);
    Tensor sum = ops.add(product, ops.broadcast(wide, product.shape(), product.shape().rank() - 1));
    return ops.convert(sum, dtype);
  }

  static List<Tensor> linearEach(TensorOps ops, Tensor x, List<LinearLayer> layers, DType dtype) {
    CompositeRules.linearEach(x, layers, dtype);
    return layers.stream()
        .map(layer -> ops.linear(x, layer.weight(), layer.bias(), dtype))
        .toList();
  }

  static Tensor rmsNorm(TensorOps ops, Tensor x, Tensor weight, double epsilon) {
    Shape shape = x.shape();
    int last = shape.rank() - 1;
    int[] outer = IntStream.range(0, last).toArray();
    Tensor wide = ops.convert(x, DType.F32);
    Tensor sum = ops.reduce(ops.multiply(wide, wide), Reduction.SUM, last);
    Tensor mean = ops.multiply(sum, fill(ops, 1.0 / shape.dim(last), sum.shape()));
    Tensor inverse = ops.rsqrt(ops.add(mean, fill(ops, epsilon, sum.shape())));
    Tensor normed = ops.multiply(wide, ops.broadcast(inverse, shape, outer));
    Tensor gain = ops.broadcast(ops.convert(weight, DType.F32), shape, last);
    return ops.convert(ops.multiply(normed, gain), x.dtype());
  }

  static Tensor swiGlu(TensorOps ops, Tensor gate, Tensor up) {
    Tensor wide = ops.convert(gate, DType.F32);
    Tensor silu = ops.multiply(wide, ops.logistic(wide));
    return ops.convert(ops.multiply(silu, ops.convert(up, DType.F32)), gate.dtype());
  }

  static TopK linearTopK(TensorOps ops, Tensor x, LinearLayer layer, int k) {
    CompositeRules.linearTopK(x, layer, k);
    return ops.topK(ops.linear(x, layer.weight(), layer.bias(), DType.F32), k);
  }

  static GatedUnit linearSwiGlu(
      TensorOps ops, Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
    CompositeRules.linearSwiGlu(x, gate, up, dtype);
    List<Tensor> both = ops.linearEach(x, List.of(gate, up), dtype);
    return new GatedUnit(both.get(0), both.get(1), ops.swiGlu(both.get(0), both.get(1)));
  }

  static Tensor softmax(TensorOps ops, Tensor x) {
    Shape shape = x.shape();
    int last = shape.rank() - 1;
    int[] outer = IntStream.range(0, last).toArray();
    Tensor wide = ops.convert(x, DType.F32);
    Tensor max = ops.reduce(wide, Reduction.MAX, last);
    Tensor exp = ops.exponential(ops.subtract(wide, ops.broadcast(max, shape, outer)));
    Tensor sum = ops.reduce(exp, Reduction.SUM, last);
    return ops.convert(ops.divide(exp, ops.broadcast(sum, shape, outer)), x.dtype());
  }

  static Tensor cumulativeSum(TensorOps ops, Tensor x) {
    Shape shape = x.shape();
    int last = shape.rank() - 1;
    Shape square = append(shape, shape.dim(last));
    int[] axes = IntStream.range(0, shape.rank()).map(i -> i < last ? i : i + 1).toArray();
    Tensor terms = ops.broadcast(ops.convert(x, DType.F32), square, axes);
    // Selected, not multiplied by a triangle of ones: 0 times infinity is NaN.
    Tensor reached = ops.compare(Comparison.LE, ops.iota(square, last + 1), ops.iota(square, last));
    Tensor summed = ops.select(reached, terms, fill(ops, 0, square));
    return ops.convert(ops.reduce(summed, Reduction.SUM, last + 1), x.dtype());
  }

  static Tensor embedding(TensorOps ops, Tensor ids, Tensor table, DType dtype) {
    Tensor indices = ops.reshape(ids, append(ids.shape(), 1));
    return ops.convert(ops.gather(table, indices, 0), dtype);
  }

  static Tensor rotaryTable(
      TensorOps ops, Tensor positions, Tensor inverseFrequencies, double scaling) {
    Shape shape = append(positions.shape(), inverseFrequencies.shape().dim(0));
    Tensor position = ops.broadcast(ops.convert(positions, DType.F32), shape, 0, 1);
    Tensor angle = ops.multiply(position, ops.broadcast(inverseFrequencies, shape, 2));
    Tensor cos = ops.cosine(angle);
    Tensor sin = ops.sine(angle);
    if (scaling != 1.0) {
      Tensor factor = fill(ops, scaling, shape);
      cos = ops.multiply(cos, factor);
      sin = ops.multiply(sin, factor);
    }
    return ops.concatenate(2, List.of(cos, sin));
  }

  static Tensor rotate(TensorOps ops, Tensor x, Tensor table) {
    long half = x.shape().dim(3) / 2;
    Shape halfShape = x.shape().with(3, half);
    Tensor cos = ops.broadcast(ops.slice(table, 2, 0, half), halfShape, 0, 2, 3);
    Tensor sin = ops.broadcast(ops.slice(table, 2, half, 2 * half), halfShape, 0, 2, 3);
    Tensor wide = ops.convert(x, DType.F32);
    Tensor first = ops.slice(wide, 3, 0, half);
    Tensor second = ops.slice(wide, 3, half, 2 * half);
    Tensor rotatedFirst = ops.subtract(ops.multiply(first, cos), ops.multiply(second, sin));
    Tensor rotatedSecond = ops.add(ops.multiply(second, cos), ops.multiply(first, sin));
    return ops.convert(ops.concatenate(3, List.of(rotatedFirst, rotatedSecond)), x.dtype());
  }

  static State updateCache(
      TensorOps ops,
      State cache,
      Tensor active,
      Tensor seqIds,
      Tensor positions,
      AttentionKind kind) {
    Shape shape = Shape.of(active.shape().dim(0), active.shape().dim(2));
    Tensor slot = ops.broadcast(seqIds, shape, 0);
    Tensor at = kind == AttentionKind.CONTEXT_ENCODING ? ops.iota(shape, 1) : positions;
    Shape column = append(shape, 1);
    Tensor indices =
        ops.concatenate(2, List.of(ops.reshape(slot, column), ops.reshape(at, column)));
    Tensor updates = ops.transpose(ops.convert(active, cache.spec().dtype()), 0, 2, 1, 3);
    return ops.scatterInto(cache, indices, updates, 0, 2);
  }

  /** A float32 tensor of one value. */
  static Tensor fill(TensorOps ops, double value, Shape shape) {
    return ops.broadcast(ops.scalar(DType.F32, value), shape);
  }

  static Shape append(Shape shape, long dim) {
    long[] dims = java.util.Arrays.copyOf(shape.toArray(), shape.rank() + 1);
    dims[shape.rank()] = dim;
    return Shape.of(dims);
  }
}

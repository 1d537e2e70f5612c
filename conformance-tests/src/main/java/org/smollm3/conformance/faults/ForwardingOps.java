package org.smollm3.conformance.faults;

import java.util.List;
import java.util.Optional;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Passes every operation on, to be overridden where a fault is. */
abstract class ForwardingOps implements TensorOps {
  final TensorOps inner;

  ForwardingOps(TensorOps inner) {
    this.inner = inner;
  }

  /** A value everywhere, in the type and shape of a tensor. */
  final Tensor fill(double value, Tensor like) {
    return inner.broadcast(inner.scalar(like.dtype(), value), like.shape());
  }

  /** x times a number. */
  final Tensor scaled(Tensor x, double factor) {
    return inner.multiply(x, fill(factor, x));
  }

  /** Through another type and back. */
  final Tensor through(DType dtype, Tensor x) {
    return inner.convert(inner.convert(x, dtype), x.dtype());
  }

  @Override
  public Tensor constant(HostTensor value) {
    return inner.constant(value);
  }

  @Override
  public Tensor scalar(DType dtype, double value) {
    return inner.scalar(dtype, value);
  }

  @Override
  public Tensor iota(Shape shape, int axis) {
    return inner.iota(shape, axis);
  }

  @Override
  public Tensor convert(Tensor x, DType dtype) {
    return inner.convert(x, dtype);
  }

  @Override
  public Tensor broadcast(Tensor x, Shape shape, int... axes) {
    return inner.broadcast(x, shape, axes);
  }

  @Override
  public Tensor reshape(Tensor x, Shape shape) {
    return inner.reshape(x, shape);
  }

  @Override
  public Tensor transpose(Tensor x, int... permutation) {
    return inner.transpose(x, permutation);
  }

  @Override
  public Tensor slice(Tensor x, int axis, long start, long limit) {
    return inner.slice(x, axis, start, limit);
  }

  @Override
  public Tensor concatenate(int axis, List<Tensor> parts) {
    return inner.concatenate(axis, parts);
  }

  @Override
  public Tensor pad(Tensor x, int axis, long low, long high, double value) {
    return inner.pad(x, axis, low, high, value);
  }

  @Override
  public Tensor add(Tensor a, Tensor b) {
    return inner.add(a, b);
  }

  @Override
  public Tensor subtract(Tensor a, Tensor b) {
    return inner.subtract(a, b);
  }

  @Override
  public Tensor multiply(Tensor a, Tensor b) {
    return inner.multiply(a, b);
  }

  @Override
  public Tensor divide(Tensor a, Tensor b) {
    return inner.divide(a, b);
  }

  @Override
  public Tensor maximum(Tensor a, Tensor b) {
    return inner.maximum(a, b);
  }

  @Override
  public Tensor minimum(Tensor a, Tensor b) {
    return inner.minimum(a, b);
  }

  @Override
  public Tensor negate(Tensor x) {
    return inner.negate(x);
  }

  @Override
  public Tensor exponential(Tensor x) {
    return inner.exponential(x);
  }

  @Override
  public Tensor rsqrt(Tensor x) {
    return inner.rsqrt(x);
  }

  @Override
  public Tensor logistic(Tensor x) {
    return inner.logistic(x);
  }

  @Override
  public Tensor cosine(Tensor x) {
    return inner.cosine(x);
  }

  @Override
  public Tensor sine(Tensor x) {
    return inner.sine(x);
  }

  @Override
  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
    return inner.compare(direction, a, b);
  }

  @Override
  public Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    return inner.select(predicate, onTrue, onFalse);
  }

  @Override
  public Tensor and(Tensor a, Tensor b) {
    return inner.and(a, b);
  }

  @Override
  public Tensor or(Tensor a, Tensor b) {
    return inner.or(a, b);
  }

  @Override
  public Tensor not(Tensor x) {
    return inner.not(x);
  }

  @Override
  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    return inner.dot(a, b, dims, dtype);
  }

  @Override
  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    return inner.reduce(x, reduction, axes);
  }

  @Override
  public TopK topK(Tensor x, int k) {
    return inner.topK(x, k);
  }

  @Override
  public Tensor gather(Tensor x, Tensor indices, int... axes) {
    return inner.gather(x, indices, axes);
  }

  @Override
  public Tensor read(State state) {
    return inner.read(state);
  }

  @Override
  public State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    return inner.scatterInto(state, indices, updates, axes);
  }

  @Override
  public State updateInto(State state, Tensor block, long... starts) {
    return inner.updateInto(state, block, starts);
  }

  @Override
  public Tensor linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    return inner.linear(x, weight, bias, dtype);
  }

  @Override
  public List<Tensor> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
    return inner.linearEach(x, layers, dtype);
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    return inner.rmsNorm(x, weight, epsilon);
  }

  @Override
  public Tensor swiGlu(Tensor gate, Tensor up) {
    return inner.swiGlu(gate, up);
  }

  @Override
  public TopK linearTopK(Tensor x, LinearLayer layer, int k) {
    return inner.linearTopK(x, layer, k);
  }

  @Override
  public GatedUnit linearSwiGlu(Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
    return inner.linearSwiGlu(x, gate, up, dtype);
  }

  @Override
  public Tensor softmax(Tensor x) {
    return inner.softmax(x);
  }

  @Override
  public Tensor cumulativeSum(Tensor x) {
    return inner.cumulativeSum(x);
  }

  @Override
  public Tensor embedding(Tensor ids, Tensor table, DType dtype) {
    return inner.embedding(ids, table, dtype);
  }

  @Override
  public Tensor rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    return inner.rotaryTable(positions, inverseFrequencies, scaling);
  }

  @Override
  public Tensor rotate(Tensor x, Tensor table) {
    return inner.rotate(x, table);
  }

  @Override
  public Tensor attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    return inner.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
  }

  @Override
  public State updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    return inner.updateCache(cache, active, seqIds, positions, kind);
  }

  /** The attention in primitives, of which any may be overridden. */
  final Tensor attendInPrimitives(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    return TensorOps.super.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
  }
}

package org.smollm3.neuron.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * {@link TensorOps#attend} of prompts over many keys: keys come in tiles, and with each tile a
 * query's running maximum m, sum l and weighted values a become
 *
 * <pre>
 *   m' = max(m, max_j s_j)
 *   l' = l exp(m - m') + sum_j exp(s_j - m')
 *   a' = a exp(m - m') + sum_j exp(s_j - m') v_j
 * </pre>
 *
 * (Milakov and Gimelshein 2018; Dao et al. 2022). So the largest buffer is queries times one tile.
 *
 * <p>The cache comes first, then the active tokens. A query sees active tokens up to itself, so
 * those of a tile's positions are done after the tile, and only later queries go on: half the work.
 */
final class TiledAttention {
  /** As in the default body of {@link TensorOps#attend}. */
  private static final double MASKED = -1e9;

  private static final DotDims QUERY_KEY =
      new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(3));
  private static final DotDims WEIGHT_VALUE =
      new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(2));

  private final TensorOps ops;
  private final int tile;
  private final Tensor q;
  private final double scale;

  /**
   * Queries of some positions and what they have gathered so far.
   *
   * @param queries [B, G, R, T, D]
   * @param max F32[B, G, R, T]
   * @param sum F32[B, G, R, T]
   * @param mixed F32[B, G, R, T, D]
   */
  private record Running(Tensor queries, Tensor max, Tensor sum, Tensor mixed) {}

  TiledAttention(TensorOps ops, int tile, Tensor q, double scale) {
    this.ops = ops;
    this.tile = tile;
    this.q = q;
    this.scale = scale;
  }

  static boolean isNeeded(Tensor q, State kCache, AttentionSpec spec, int tile) {
    long active = q.shape().dim(2);
    return spec.slidingWindow().isEmpty()
        && switch (spec.kind()) {
          case CONTEXT_ENCODING -> active > tile;
          case CHUNKED_PREFILL -> active + kCache.spec().shape().dim(2) > tile;
          case TOKEN_GENERATION, SPECULATION -> false;
        };
  }

  Tensor attend(
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionKind kind) {
    Shape shape = q.shape();
    long groups = kActive.shape().dim(1);
    Shape grouped =
        Shape.of(shape.dim(0), groups, shape.dim(1) / groups, shape.dim(2), shape.dim(3));
    Running running = start(ops.reshape(q, grouped));
    if (kind == AttentionKind.CHUNKED_PREFILL) {
      running = overCache(running, kCache, vCache, seqIds, positions);
    }
    return ops.convert(ops.reshape(overActive(running, kActive, vActive), shape), q.dtype());
  }

  /** Nothing seen: a maximum below which no score lies, and nothing gathered. */
  private Running start(Tensor queries) {
    Shape rows = withoutLast(queries.shape());
    return new Running(queries, fill(MASKED, rows), fill(0, rows), fill(0, queries.shape()));
  }

  private Running overCache(
      Running before, State kCache, State vCache, Tensor seqIds, Tensor positions) {
    Running running = before;
    Tensor slots = ops.reshape(seqIds, Shape.of(seqIds.shape().dim(0), 1));
    Tensor allKeys = ops.gather(ops.read(kCache), slots, 0);
    Tensor allValues = ops.gather(ops.read(vCache), slots, 0);
    long capacity = allKeys.shape().dim(2);
    for (long from = 0; from < capacity; from += tile) {
      long to = Math.min(from + tile, capacity);
      Tensor keys = ops.convert(ops.slice(allKeys, 2, from, to), DType.F32);
      Tensor values = ops.convert(ops.slice(allValues, 2, from, to), DType.F32);
      // What no query of the row sees may hold anything, and 0 * NaN would be NaN.
      Tensor seen = earlier(values.shape(), 2, from, positions);
      Tensor clean = ops.select(seen, values, fill(0, values.shape()));
      Shape scores = append(withoutLast(running.queries().shape()), to - from);
      running = step(running, keys, clean, earlier(scores, 4, from, positions));
    }
    return running;
  }

  /**
   * Where the cache position, {@code from} plus the index along {@code axis}, lies before the row's
   * first active token. The first dimension is the batch.
   */
  private Tensor earlier(Shape shape, int axis, long from, Tensor positions) {
    Shape plane = Shape.of(shape.dim(0), shape.dim(axis));
    Tensor offset = ops.broadcast(ops.scalar(DType.I32, (double) from), plane);
    Tensor position = ops.add(ops.iota(plane, 1), offset);
    Tensor first = ops.reshape(ops.slice(positions, 1, 0, 1), Shape.of(shape.dim(0)));
    Tensor visible = ops.compare(Comparison.LT, position, ops.broadcast(first, plane, 0));
    return ops.broadcast(visible, shape, 0, axis);
  }

  private Tensor overActive(Running before, Tensor kActive, Tensor vActive) {
    Running running = before;
    List<Tensor> done = new ArrayList<>();
    long count = kActive.shape().dim(2);
    for (long from = 0; from < count; from += tile) {
      long to = Math.min(from + tile, count);
      Tensor keys = ops.slice(kActive, 2, from, to);
      Tensor values = ops.slice(vActive, 2, from, to);
      // The running queries begin at the tile's first position, so indices compare as positions.
      Shape plane = Shape.of(count - from, to - from);
      Tensor causal = ops.compare(Comparison.LE, ops.iota(plane, 1), ops.iota(plane, 0));
      Shape scores = append(withoutLast(running.queries().shape()), to - from);
      running = step(running, keys, values, ops.broadcast(causal, scores, 3, 4));
      done.add(finish(part(running, 0, to - from)));
      running = part(running, to - from, count - from);
    }
    return ops.concatenate(3, done);
  }

  private Running step(Running before, Tensor keys, Tensor values, Tensor visible) {
    Tensor product = ops.dot(before.queries(), keys, QUERY_KEY, DType.F32);
    Shape shape = product.shape();
    Tensor scaled = ops.multiply(product, fill(scale, shape));
    Tensor scores = ops.select(visible, scaled, fill(MASKED, shape));
    Tensor max = ops.maximum(before.max(), ops.reduce(scores, Reduction.MAX, 4));
    Tensor exp = ops.exponential(ops.subtract(scores, ops.broadcast(max, shape, 0, 1, 2, 3)));
    Tensor weights = ops.select(visible, exp, fill(0, shape));
    Tensor fade = ops.exponential(ops.subtract(before.max(), max));
    Tensor sum = ops.add(ops.multiply(before.sum(), fade), ops.reduce(weights, Reduction.SUM, 4));
    Tensor gathered = ops.dot(weights, values, WEIGHT_VALUE, DType.F32);
    Tensor faded = ops.multiply(before.mixed(), ops.broadcast(fade, gathered.shape(), 0, 1, 2, 3));
    return new Running(before.queries(), max, sum, ops.add(faded, gathered));
  }

  private Running part(Running running, long from, long to) {
    return new Running(
        ops.slice(running.queries(), 3, from, to),
        ops.slice(running.max(), 3, from, to),
        ops.slice(running.sum(), 3, from, to),
        ops.slice(running.mixed(), 3, from, to));
  }

  private Tensor finish(Running running) {
    Shape shape = running.mixed().shape();
    return ops.divide(running.mixed(), ops.broadcast(running.sum(), shape, 0, 1, 2, 3));
  }

  private Tensor fill(double value, Shape shape) {
    return ops.broadcast(ops.scalar(DType.F32, value), shape);
  }

  private static Shape withoutLast(Shape shape) {
    return Shape.of(Arrays.copyOf(shape.toArray(), shape.rank() - 1));
  }

  private static Shape append(Shape shape, long dim) {
    long[] dims = Arrays.copyOf(shape.toArray(), shape.rank() + 1);
    dims[shape.rank()] = dim;
    return Shape.of(dims);
  }
}

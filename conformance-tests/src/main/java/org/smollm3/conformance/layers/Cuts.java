package org.smollm3.conformance.layers;

import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.tensor.HostTensor;

/** Parts of whole weights as ranks hold them. */
final class Cuts {
  private Cuts() {}

  private static final int ZERO = -1;

  /** All of it on every rank. */
  static IntFunction<HostTensor> whole(HostTensor weight) {
    return rank -> weight;
  }

  /** Equal parts along an axis, zeros after the end. */
  static IntFunction<HostTensor> equal(HostTensor weight, int axis, TensorParallelGroup group) {
    int size = weight.shape().intDim(axis);
    int local = group.local(size);
    return rank ->
        select(
            weight,
            axis,
            IntStream.range(rank * local, (rank + 1) * local)
                .map(i -> i < size ? i : ZERO)
                .toArray());
  }

  /** The query heads of a rank, each of {@code headDim} along an axis. */
  static IntFunction<HostTensor> queries(
      HostTensor weight, int axis, GqaSharding gqa, int headDim) {
    return rank ->
        heads(
            weight,
            axis,
            headDim,
            gqa.localHeads(),
            i -> gqa.queryHead(rank * gqa.localHeads() + i));
  }

  /** The key-value heads of a rank, each of {@code headDim} along an axis. */
  static IntFunction<HostTensor> keyValues(
      HostTensor weight, int axis, GqaSharding gqa, int headDim) {
    return rank ->
        heads(
            weight,
            axis,
            headDim,
            gqa.localKvHeads(),
            i -> gqa.kvHead(rank * gqa.localKvHeads() + i));
  }

  private static HostTensor heads(
      HostTensor weight, int axis, int headDim, int count, java.util.function.IntUnaryOperator at) {
    int[] indices =
        IntStream.range(0, count)
            .flatMap(
                i -> {
                  int head = at.applyAsInt(i);
                  return IntStream.range(0, headDim)
                      .map(d -> head == GqaSharding.PADDING ? ZERO : head * headDim + d);
                })
            .toArray();
    return select(weight, axis, indices);
  }

  /** Parts one after the other along the first axis. */
  static HostTensor joined(HostTensor... parts) {
    long rows = 0;
    for (HostTensor part : parts) {
      rows += part.shape().dim(0);
    }
    HostTensor all = HostTensor.zeros(parts[0].dtype(), parts[0].shape().with(0, rows));
    long at = 0;
    for (HostTensor part : parts) {
      all.segment().asSlice(at, part.segment().byteSize()).copyFrom(part.segment());
      at += part.segment().byteSize();
    }
    return all;
  }

  private static HostTensor select(HostTensor weight, int axis, int[] indices) {
    HostTensor part = HostTensor.zeros(weight.dtype(), weight.shape().with(axis, indices.length));
    for (long i = 0; i < part.size(); i++) {
      long[] place = Params.place(part.shape(), i);
      int from = indices[Math.toIntExact(place[axis])];
      if (from != ZERO) {
        place[axis] = from;
        part.setDouble(i, weight.getDouble(Params.number(weight.shape(), place)));
      }
    }
    return part;
  }
}

package org.smollm3.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.WeightView.Mapped;
import org.smollm3.spi.WeightView.Piece;
import org.smollm3.spi.WeightView.Zeros;
import org.smollm3.tensor.HostTensor;

/**
 * What one rank takes along one dimension of a tensor: runs of its indices, and padding, in order.
 */
final class Runs {
  /**
   * @param start first index, or -1 for padding
   */
  private record Run(long start, long count) {
    boolean isPadding() {
      return start < 0;
    }
  }

  private final List<Run> runs = new ArrayList<>();
  private long size;

  private Runs() {}

  /** All of a dimension. */
  static Runs whole(long size) {
    return new Runs().add(0, size);
  }

  /** The rank-th equal part of a dimension padded at its end. */
  static Runs part(int size, TensorParallelGroup group, int rank) {
    long local = group.local(size);
    long start = rank * local;
    long real = Math.max(0, Math.min(size - start, local));
    Runs result = new Runs();
    if (real > 0) {
      result.add(start, real);
    }
    return result.pad(local - real);
  }

  /** The query heads of a rank. */
  static Runs queries(GqaSharding gqa, int headDim, int rank) {
    Runs result = new Runs();
    for (int i = 0; i < gqa.localHeads(); i++) {
      result.head(gqa.queryHead(rank * gqa.localHeads() + i), headDim);
    }
    return result;
  }

  /** The key-value heads of a rank. */
  static Runs keyValues(GqaSharding gqa, int headDim, int rank) {
    Runs result = new Runs();
    for (int i = 0; i < gqa.localKvHeads(); i++) {
      result.head(gqa.kvHead(rank * gqa.localKvHeads() + i), headDim);
    }
    return result;
  }

  private void head(int head, int headDim) {
    if (head == GqaSharding.PADDING) {
      pad(headDim);
    } else {
      add((long) head * headDim, headDim);
    }
  }

  private Runs add(long start, long count) {
    Run last = runs.isEmpty() ? new Run(-1, 0) : runs.get(runs.size() - 1);
    if (!last.isPadding() && last.start() + last.count() == start) {
      runs.set(runs.size() - 1, new Run(last.start(), last.count() + count));
    } else {
      runs.add(new Run(start, count));
    }
    size += count;
    return this;
  }

  private Runs pad(long count) {
    if (count > 0) {
      runs.add(new Run(-1, count));
      size += count;
    }
    return this;
  }

  /**
   * The groups of indices that these are of; padding right behind a part of a group is in it.
   *
   * @return empty if another index than the first of a group begins a run, so that two ranks, or
   *     two runs of one, would have to share a group
   */
  Optional<Runs> groups(int group) {
    Runs result = new Runs();
    long at = 0;
    for (Run run : runs) {
      long end = at + run.count();
      if (run.isPadding()) {
        result.pad(Math.ceilDiv(end, (long) group) - Math.ceilDiv(at, (long) group));
      } else if (run.start() % group != 0 || at % group != 0) {
        return Optional.empty();
      } else {
        result.add(run.start() / group, Math.ceilDiv(run.count(), (long) group));
      }
      at = end;
    }
    return Optional.of(result);
  }

  /** Indices taken, padding included. */
  long size() {
    return size;
  }

  /** Whether these are all of a dimension of this size, in order. */
  private boolean isAllOf(long dimension) {
    return runs.size() == 1 && runs.get(0).equals(new Run(0, dimension));
  }

  /** Such as {@code [rows 0+64, 128+64, zeros 32]}; nothing if all of the dimension is taken. */
  String describe(String axis, long dimension) {
    if (isAllOf(dimension)) {
      return "";
    }
    return runs.stream()
        .map(run -> run.isPadding() ? "zeros " + run.count() : run.start() + "+" + run.count())
        .collect(Collectors.joining(", ", "[" + axis + " ", "]"));
  }

  /** Takes runs of the first dimension of [n] or [n, m]. */
  List<Piece> rows(HostTensor tensor) {
    long rowBytes =
        tensor.dtype().byteSize() * (tensor.shape().rank() == 1 ? 1 : tensor.shape().dim(1));
    List<Piece> pieces = new ArrayList<>();
    for (Run run : runs) {
      pieces.add(piece(tensor.segment(), run, rowBytes));
    }
    return pieces;
  }

  private static Piece piece(MemorySegment segment, Run run, long unit) {
    long bytes = run.count() * unit;
    return run.isPadding()
        ? new Zeros(bytes)
        : new Mapped(segment.asSlice(run.start() * unit, bytes), 1, bytes, bytes);
  }

  /** Takes runs of the second dimension of [n, m], row by row. */
  List<Piece> columns(HostTensor tensor) {
    long rows = tensor.shape().dim(0);
    long unit = tensor.dtype().byteSize();
    long stride = tensor.shape().dim(1) * unit;
    if (runs.size() == 1 && !runs.get(0).isPadding()) {
      Run run = runs.get(0);
      long bytes = run.count() * unit;
      // The last row ends with its part, not with the whole row.
      MemorySegment segment =
          tensor.segment().asSlice(run.start() * unit, (rows - 1) * stride + bytes);
      return List.of(new Mapped(segment, rows, bytes, stride));
    }
    List<Piece> pieces = new ArrayList<>();
    for (long row = 0; row < rows; row++) {
      MemorySegment line = tensor.segment().asSlice(row * stride, stride);
      for (Run run : runs) {
        pieces.add(piece(line, run, unit));
      }
    }
    return pieces;
  }
}

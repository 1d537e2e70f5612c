package org.smollm3.spi;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * A weight as one rank sees it: row-major bytes made of pieces laid end to end.
 *
 * @param identity the same for weights that are one and the same memory (tied embeddings), so that
 *     a backend holds them once
 * @param dtype the stored type: F32, BF16 or F16
 */
public record WeightView(String identity, DType dtype, Shape shape, List<Piece> pieces) {
  public WeightView {
    pieces = List.copyOf(pieces);
    long bytes = 0;
    for (Piece piece : pieces) {
      bytes = Math.addExact(bytes, piece.byteSize());
    }
    long wanted = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
    if (bytes != wanted) {
      throw new IllegalArgumentException(
          identity + " " + dtype + shape + " needs " + wanted + " bytes, its pieces have " + bytes);
    }
  }

  /** A part of a weight's bytes. */
  public sealed interface Piece {
    long byteSize();
  }

  /**
   * {@code rows} runs of {@code rowBytes} bytes, {@code rowStride} bytes apart, from the start of
   * {@code segment}.
   */
  public record Mapped(MemorySegment segment, long rows, long rowBytes, long rowStride)
      implements Piece {
    @Override
    public long byteSize() {
      return Math.multiplyExact(rows, rowBytes);
    }
  }

  /** Padding. */
  public record Zeros(long byteSize) implements Piece {}

  /** A weight that is one contiguous piece of memory. */
  public static WeightView contiguous(
      String identity, DType dtype, Shape shape, MemorySegment segment) {
    long bytes = segment.byteSize();
    return new WeightView(
        identity, dtype, shape, List.of(new Mapped(segment, 1, bytes, Math.max(1, bytes))));
  }

  /** The memory itself, if it needs no copy. */
  public Optional<MemorySegment> asContiguous() {
    if (pieces.size() == 1
        && pieces.get(0) instanceof Mapped mapped
        && (mapped.rows() == 1 || mapped.rowBytes() == mapped.rowStride())) {
      return Optional.of(mapped.segment().asSlice(0, mapped.byteSize()));
    }
    return Optional.empty();
  }

  /** Writes the bytes, row-major, to a segment of at least as many. */
  public void copyTo(MemorySegment target) {
    long at = 0;
    for (Piece piece : pieces) {
      switch (piece) {
        case Mapped mapped -> {
          for (long row = 0; row < mapped.rows(); row++) {
            MemorySegment.copy(
                mapped.segment(), row * mapped.rowStride(), target, at, mapped.rowBytes());
            at += mapped.rowBytes();
          }
        }
        case Zeros zeros -> {
          target.asSlice(at, zeros.byteSize()).fill((byte) 0);
          at += zeros.byteSize();
        }
      }
    }
  }
}

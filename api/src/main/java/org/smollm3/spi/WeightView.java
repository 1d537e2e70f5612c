package org.smollm3.spi;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Shape;

/**
 * A weight as one rank sees it: row-major bytes made of pieces laid end to end.
 *
 * @param identity the same for weights that are one and the same memory (tied embeddings), so that
 *     a backend holds them once
 * @param dtype the stored type: F32, BF16 or F16, or I8 with scales
 * @param scales of weights that are stored as int8: present only with I8, and two dimensions
 */
public record WeightView(
    String identity, DType dtype, Shape shape, List<Piece> pieces, Optional<Scales> scales) {
  public WeightView {
    pieces = List.copyOf(pieces);
    if (scales.isPresent()) {
      requireFit(identity, dtype, shape, scales.get());
    }
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

  /** A weight without scales. */
  public WeightView(String identity, DType dtype, Shape shape, List<Piece> pieces) {
    this(identity, dtype, shape, pieces, Optional.empty());
  }

  /**
   * What the whole numbers of a weight stored as int8 are multiplied by.
   *
   * @param values BF16, as {@link Int8Format#scales(Shape)} says
   */
  public record Scales(Int8Format format, WeightView values) {}

  private static void requireFit(String identity, DType dtype, Shape shape, Scales scales) {
    WeightView values = scales.values();
    if (dtype != DType.I8
        || shape.rank() != 2
        || values.dtype() != DType.BF16
        || !values.shape().equals(scales.format().scales(shape))) {
      throw new IllegalArgumentException(
          identity + " " + dtype + shape + " has scales " + values.dtype() + values.shape());
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

  /** The elements in one piece: the memory itself, or a copy. */
  public HostTensor toHost() {
    return asContiguous()
        .map(segment -> HostTensor.wrap(dtype, shape, segment))
        .orElseGet(
            () -> {
              HostTensor copy = HostTensor.zeros(dtype, shape);
              copyTo(copy.segment());
              return copy;
            });
  }

  /**
   * Writes the scales as float32, row-major, to a segment that holds them.
   *
   * @throws InvalidModelException if one is negative, NaN or infinite
   */
  public void copyScalesTo(MemorySegment target) {
    HostTensor from = scales.orElseThrow().values().toHost();
    HostTensor to = HostTensor.wrap(DType.F32, from.shape(), target);
    for (long i = 0; i < from.size(); i++) {
      float scale = from.getFloat(i);
      if (!(scale >= 0 && scale <= Float.MAX_VALUE)) {
        throw new InvalidModelException(
            "weight '"
                + identity
                + "': the scale of row "
                + i / from.shape().dim(1)
                + " is "
                + scale
                + ", wanted a finite one of 0 or more");
      }
      to.setFloat(i, scale);
    }
  }

  /**
   * The weight as float32 numbers q s, which are exact.
   *
   * @throws InvalidModelException if a scale is negative, NaN or infinite
   */
  public HostTensor dequantized() {
    Scales own = scales.orElseThrow();
    HostTensor whole = toHost();
    HostTensor factors = HostTensor.zeros(DType.F32, own.values().shape());
    copyScalesTo(factors.segment());
    HostTensor result = HostTensor.zeros(DType.F32, shape);
    long k = shape.dim(1);
    long perRow = own.format().scales(k);
    for (long i = 0; i < result.size(); i++) {
      float factor = factors.getFloat(i / k * perRow + own.format().scaleOf(i % k));
      result.setFloat(i, whole.getFloat(i) * factor);
    }
    return result;
  }
}

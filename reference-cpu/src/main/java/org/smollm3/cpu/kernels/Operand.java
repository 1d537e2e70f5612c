package org.smollm3.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/**
 * Dense elements in memory that a kernel reads or writes.
 *
 * @param segment off-heap or mapped, little-endian, of any alignment
 * @param dtype F32, BF16 or F16, or I8 with scales, which is only read
 * @param scales present with I8 only
 */
public record Operand(MemorySegment segment, DType dtype, Optional<Scales> scales) {
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public Operand(MemorySegment segment, DType dtype) {
    this(segment, dtype, Optional.empty());
  }

  /** Rows of {@code scales.k()} weights of int8, which stand for q s: exact in float32. */
  public Operand(MemorySegment segment, Scales scales) {
    this(segment, DType.I8, Optional.of(scales));
  }

  /**
   * What whole numbers are multiplied by.
   *
   * @param values F32, row by row
   * @param k columns of a row
   */
  public record Scales(MemorySegment values, Int8Format format, int k) {
    /** How many a row has. */
    int perRow() {
      return (int) format.scales(k);
    }

    /** Of an element. */
    float of(long index) {
      long scale = index / k * perRow() + format.scaleOf(index % k);
      return values.get(FLOAT, 4 * scale);
    }
  }

  /** Bytes that {@code count} elements take, scales included. */
  long bytes(long count) {
    long own = count * dtype.byteSize();
    return scales.map(s -> own + 4L * s.perRow() * (count / s.k())).orElse(own);
  }

  /** Element {@code index}, exactly. */
  public float get(long index) {
    return switch (dtype) {
      case F32 -> segment.get(FLOAT, 4 * index);
      case BF16 -> BFloat16.toFloat(segment.get(SHORT, 2 * index));
      case F16 -> Float.float16ToFloat(segment.get(SHORT, 2 * index));
      case I8 -> segment.get(ValueLayout.JAVA_BYTE, index) * scales.orElseThrow().of(index);
      default -> throw new IllegalArgumentException("no kernel for " + dtype);
    };
  }

  /** Stores an element, rounded to nearest even. */
  void set(long index, float value) {
    switch (dtype) {
      case F32 -> segment.set(FLOAT, 4 * index, value);
      case BF16 -> segment.set(SHORT, 2 * index, BFloat16.fromFloat(value));
      case F16 -> segment.set(SHORT, 2 * index, Float.floatToFloat16(value));
      default -> throw new IllegalArgumentException("no kernel for " + dtype);
    }
  }

  /** The elements from {@code from} on. */
  Operand from(long from) {
    return from == 0 ? this : new Operand(segment.asSlice(from * dtype.byteSize()), dtype);
  }
}

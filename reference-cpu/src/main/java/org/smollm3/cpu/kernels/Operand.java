package org.smollm3.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;

/**
 * Dense elements in memory that a kernel reads or writes.
 *
 * @param segment off-heap or mapped, little-endian, of any alignment
 * @param dtype F32, BF16 or F16
 */
public record Operand(MemorySegment segment, DType dtype) {
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Element {@code index}, exactly. */
  float get(long index) {
    return switch (dtype) {
      case F32 -> segment.get(FLOAT, 4 * index);
      case BF16 -> BFloat16.toFloat(segment.get(SHORT, 2 * index));
      case F16 -> Float.float16ToFloat(segment.get(SHORT, 2 * index));
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

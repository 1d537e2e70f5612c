package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.smollm3.neuron.hlo.ElementType;

/** Between memory and blocks. */
final class Elements {
  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Elements() {}

  /** Reads {@code count} elements from element {@code index} on into the block from {@code at}. */
  static void load(ElementType type, MemorySegment from, long index, Block to, int at, int count) {
    switch (Kind.of(type)) {
      case FLOAT -> loadFloats(type, from, index, to.floats, at, count);
      case DOUBLE -> MemorySegment.copy(from, DOUBLE, 8 * index, to.doubles, at, count);
      case LONG -> loadLongs(type, from, index, to.longs, at, count);
    }
  }

  static void loadFloats(
      ElementType type, MemorySegment from, long index, float[] to, int at, int count) {
    switch (type) {
      case F32 -> MemorySegment.copy(from, FLOAT, 4 * index, to, at, count);
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = Float.intBitsToFloat(from.get(SHORT, 2 * (index + i)) << 16);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = Float.float16ToFloat(from.get(SHORT, 2 * (index + i)));
        }
      }
      default -> throw new IllegalArgumentException("no float in " + type);
    }
  }

  static void loadLongs(
      ElementType type, MemorySegment from, long index, long[] to, int at, int count) {
    switch (type) {
      case S32 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = from.get(INT, 4 * (index + i));
        }
      }
      case PRED -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = from.get(BYTE, index + i) == 0 ? 0 : 1;
        }
      }
      case S64, U64 -> MemorySegment.copy(from, LONG, 8 * index, to, at, count);
      default -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = loadLong(type, from, index + i);
        }
      }
    }
  }

  /** One integer or truth value. */
  static long loadLong(ElementType type, MemorySegment from, long index) {
    return switch (type) {
      case PRED -> from.get(BYTE, index) == 0 ? 0 : 1;
      case S8 -> from.get(BYTE, index);
      case U8 -> Byte.toUnsignedLong(from.get(BYTE, index));
      case S16 -> from.get(SHORT, 2 * index);
      case U16 -> Short.toUnsignedLong(from.get(SHORT, 2 * index));
      case S32 -> from.get(INT, 4 * index);
      case U32 -> Integer.toUnsignedLong(from.get(INT, 4 * index));
      case S64, U64 -> from.get(LONG, 8 * index);
      default -> throw new IllegalArgumentException("no integer in " + type);
    };
  }

  /** Writes the first {@code count} elements of a block, which are of the type already. */
  static void store(ElementType type, Block from, MemorySegment to, long index, int count) {
    switch (Kind.of(type)) {
      case FLOAT -> storeFloats(type, from.floats, 0, to, index, count);
      case DOUBLE -> MemorySegment.copy(from.doubles, 0, to, DOUBLE, 8 * index, count);
      case LONG -> storeLongs(type, from.longs, to, index, count);
    }
  }

  /** Rounds to nearest even where the type is narrower than float. */
  static void storeFloats(
      ElementType type, float[] from, int at, MemorySegment to, long index, int count) {
    switch (type) {
      case F32 -> MemorySegment.copy(from, at, to, FLOAT, 4 * index, count);
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          to.set(SHORT, 2 * (index + i), (short) (Rounding.bf16Bits(from[at + i]) >>> 16));
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          to.set(SHORT, 2 * (index + i), Float.floatToFloat16(from[at + i]));
        }
      }
      default -> throw new IllegalArgumentException("no float in " + type);
    }
  }

  private static void storeLongs(
      ElementType type, long[] from, MemorySegment to, long index, int count) {
    switch (type.byteSize()) {
      case 1 -> {
        for (int i = 0; i < count; i++) {
          to.set(BYTE, index + i, (byte) from[i]);
        }
      }
      case 2 -> {
        for (int i = 0; i < count; i++) {
          to.set(SHORT, 2 * (index + i), (short) from[i]);
        }
      }
      case 4 -> {
        for (int i = 0; i < count; i++) {
          to.set(INT, 4 * (index + i), (int) from[i]);
        }
      }
      default -> MemorySegment.copy(from, 0, to, LONG, 8 * index, count);
    }
  }

  /** Writes one floating value, rounded from double to float and then to the type. */
  static void storeDouble(ElementType type, MemorySegment to, long index, double value) {
    switch (type) {
      case F64 -> to.set(DOUBLE, 8 * index, value);
      case F32 -> to.set(FLOAT, 4 * index, (float) value);
      case BF16 -> to.set(SHORT, 2 * index, (short) (Rounding.bf16Bits((float) value) >>> 16));
      case F16 -> to.set(SHORT, 2 * index, Float.floatToFloat16((float) value));
      default -> throw new IllegalArgumentException("no floating number in " + type);
    }
  }

  /** Writes the low bits of an integer. */
  static void storeLong(ElementType type, MemorySegment to, long index, long value) {
    switch (type.byteSize()) {
      case 1 -> to.set(BYTE, index, (byte) value);
      case 2 -> to.set(SHORT, 2 * index, (short) value);
      case 4 -> to.set(INT, 4 * index, (int) value);
      default -> to.set(LONG, 8 * index, value);
    }
  }

  /** One floating value, exactly. */
  static double loadDouble(ElementType type, MemorySegment from, long index) {
    return switch (type) {
      case F64 -> from.get(DOUBLE, 8 * index);
      case F32 -> from.get(FLOAT, 4 * index);
      case BF16 -> Float.intBitsToFloat(from.get(SHORT, 2 * index) << 16);
      case F16 -> Float.float16ToFloat(from.get(SHORT, 2 * index));
      default -> throw new IllegalArgumentException("no floating number in " + type);
    };
  }
}

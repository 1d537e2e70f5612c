package org.smollm3.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A dense row-major tensor in host memory: an element type, a static shape and the bytes, which may
 * be a mapped file. The accessors take flat element indices and convert between element types.
 */
public final class HostTensor {
  private static final ValueLayout.OfShort SHORT = littleEndian(ValueLayout.JAVA_SHORT_UNALIGNED);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DType dtype;
  private final Shape shape;
  private final MemorySegment segment;
  private final long size;

  private HostTensor(DType dtype, Shape shape, MemorySegment segment) {
    this.dtype = dtype;
    this.shape = shape;
    this.segment = segment;
    this.size = shape.elementCount();
  }

  private static ValueLayout.OfShort littleEndian(ValueLayout.OfShort layout) {
    return layout.withOrder(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Wraps bytes without copying them.
   *
   * @throws IllegalArgumentException if the segment does not hold exactly the tensor's bytes
   */
  public static HostTensor wrap(DType dtype, Shape shape, MemorySegment segment) {
    long bytes = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
    if (segment.byteSize() != bytes) {
      throw new IllegalArgumentException(
          dtype + "" + shape + " needs " + bytes + " bytes, not " + segment.byteSize());
    }
    return new HostTensor(dtype, shape, segment);
  }

  /** Zeros in memory of the garbage collector's keeping. */
  public static HostTensor zeros(DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
    return new HostTensor(dtype, shape, Arena.ofAuto().allocate(bytes, 64));
  }

  public static HostTensor ofFloats(Shape shape, float... values) {
    checkCount(shape, values.length);
    HostTensor tensor = zeros(DType.F32, shape);
    for (int i = 0; i < values.length; i++) {
      tensor.segment.set(FLOAT, 4L * i, values[i]);
    }
    return tensor;
  }

  public static HostTensor ofDoubles(Shape shape, double... values) {
    checkCount(shape, values.length);
    HostTensor tensor = zeros(DType.F64, shape);
    for (int i = 0; i < values.length; i++) {
      tensor.segment.set(DOUBLE, 8L * i, values[i]);
    }
    return tensor;
  }

  public static HostTensor ofInts(Shape shape, int... values) {
    checkCount(shape, values.length);
    HostTensor tensor = zeros(DType.I32, shape);
    for (int i = 0; i < values.length; i++) {
      tensor.segment.set(INT, 4L * i, values[i]);
    }
    return tensor;
  }

  private static void checkCount(Shape shape, int count) {
    if (shape.elementCount() != count) {
      throw new IllegalArgumentException(count + " values for the shape " + shape);
    }
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  /** The bytes, little-endian, row-major. */
  public MemorySegment segment() {
    return segment;
  }

  /** Number of elements. */
  public long size() {
    return size;
  }

  /** Element {@code index} as a double; exact for every type but the 64-bit integers. */
  public double getDouble(long index) {
    return switch (dtype) {
      case F64 -> segment.get(DOUBLE, 8 * index);
      case I64, U64, I32, U32, I16, U16, I8, U8, BOOL -> getLong(index);
      default -> getFloat(index);
    };
  }

  /** Element {@code index} as a float, rounded to nearest where the type is wider. */
  public float getFloat(long index) {
    return switch (dtype) {
      case F32 -> segment.get(FLOAT, 4 * index);
      case BF16 -> BFloat16.toFloat(segment.get(SHORT, 2 * index));
      case F16 -> Float.float16ToFloat(segment.get(SHORT, 2 * index));
      case F64 -> (float) segment.get(DOUBLE, 8 * index);
      case F8_E4M3, F8_E5M2 -> throw new UnsupportedOperationException("no arithmetic on " + dtype);
      default -> getLong(index);
    };
  }

  /** Element {@code index} as a long; floating types are truncated towards zero. */
  public long getLong(long index) {
    return switch (dtype) {
      case I64, U64 -> segment.get(LONG, 8 * index);
      case I32 -> segment.get(INT, 4 * index);
      case U32 -> Integer.toUnsignedLong(segment.get(INT, 4 * index));
      case I16 -> segment.get(SHORT, 2 * index);
      case U16 -> Short.toUnsignedLong(segment.get(SHORT, 2 * index));
      case I8 -> segment.get(ValueLayout.JAVA_BYTE, index);
      case U8, BOOL -> Byte.toUnsignedLong(segment.get(ValueLayout.JAVA_BYTE, index));
      default -> (long) getDouble(index);
    };
  }

  /** Element {@code index} as an int. */
  public int getInt(long index) {
    return (int) getLong(index);
  }

  /** Stores a value, rounded to nearest even where the type is narrower. */
  public void setDouble(long index, double value) {
    switch (dtype) {
      case F64 -> segment.set(DOUBLE, 8 * index, value);
      case F32, F16, BF16 -> setFloat(index, (float) value);
      default -> setLong(index, (long) value);
    }
  }

  /** Stores a value, rounded to nearest even where the type is narrower. */
  public void setFloat(long index, float value) {
    switch (dtype) {
      case F32 -> segment.set(FLOAT, 4 * index, value);
      case BF16 -> segment.set(SHORT, 2 * index, BFloat16.fromFloat(value));
      case F16 -> segment.set(SHORT, 2 * index, Float.floatToFloat16(value));
      case F64 -> segment.set(DOUBLE, 8 * index, value);
      default -> setLong(index, (long) value);
    }
  }

  /** Stores an integer, its low bits where the type is narrower. */
  public void setLong(long index, long value) {
    switch (dtype) {
      case I64, U64 -> segment.set(LONG, 8 * index, value);
      case I32, U32 -> segment.set(INT, 4 * index, (int) value);
      case I16, U16 -> segment.set(SHORT, 2 * index, (short) value);
      case I8, U8, BOOL -> segment.set(ValueLayout.JAVA_BYTE, index, (byte) value);
      default -> setDouble(index, (double) value);
    }
  }

  /** Fills an array with the elements from index {@code first} on. */
  public void copyFloats(long first, float[] target) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(segment, FLOAT, 4 * first, target, 0, target.length);
      case BF16 -> {
        // Through an array: the compiler turns the loop over arrays into one over vectors.
        short[] bits = new short[target.length];
        MemorySegment.copy(segment, SHORT, 2 * first, bits, 0, bits.length);
        for (int i = 0; i < bits.length; i++) {
          target[i] = BFloat16.toFloat(bits[i]);
        }
      }
      default -> {
        for (int i = 0; i < target.length; i++) {
          target[i] = getFloat(first + i);
        }
      }
    }
  }

  public float[] toFloatArray() {
    if (dtype == DType.F32) {
      return segment.toArray(FLOAT);
    }
    float[] values = new float[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = getFloat(i);
    }
    return values;
  }

  public double[] toDoubleArray() {
    double[] values = new double[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = getDouble(i);
    }
    return values;
  }

  public int[] toIntArray() {
    int[] values = new int[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = getInt(i);
    }
    return values;
  }

  /** A copy that outlives the memory of this one. */
  public HostTensor copy() {
    HostTensor copy = zeros(dtype, shape);
    copy.segment.copyFrom(segment);
    return copy;
  }

  /** The same bytes under another shape of as many elements. */
  public HostTensor reshaped(Shape newShape) {
    return wrap(dtype, newShape, segment);
  }

  /** The sub-tensor at one index of the first axis, sharing memory. */
  public HostTensor row(long index) {
    long[] dims = shape.toArray();
    long[] rest = java.util.Arrays.copyOfRange(dims, 1, dims.length);
    Shape rowShape = Shape.of(rest);
    long bytes = rowShape.elementCount() * dtype.byteSize();
    return new HostTensor(dtype, rowShape, segment.asSlice(index * bytes, bytes));
  }

  /** The sub-tensor of a run of indices of the first axis, sharing memory. */
  public HostTensor rows(long from, long to) {
    Shape part = shape.with(0, to - from);
    long rowBytes = segment.byteSize() / Math.max(1, shape.dim(0));
    return new HostTensor(dtype, part, segment.asSlice(from * rowBytes, (to - from) * rowBytes));
  }

  @Override
  public String toString() {
    return dtype + "" + shape;
  }
}

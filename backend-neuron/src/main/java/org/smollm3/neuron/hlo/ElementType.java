package org.smollm3.neuron.hlo;

import java.util.Locale;
import java.util.Optional;
import org.smollm3.tensor.DType;

/** Element types of arrays, a subset of XLA's {@code PrimitiveType}. */
public enum ElementType {
  PRED(1, DType.BOOL),
  S8(2, DType.I8),
  S16(3, DType.I16),
  S32(4, DType.I32),
  S64(5, DType.I64),
  U8(6, DType.U8),
  U16(7, DType.U16),
  U32(8, DType.U32),
  U64(9, DType.U64),
  F16(10, DType.F16),
  F32(11, DType.F32),
  F64(12, DType.F64),
  BF16(16, DType.BF16);

  private final int number;
  private final DType dtype;

  ElementType(int number, DType dtype) {
    this.number = number;
    this.dtype = dtype;
  }

  /** Its number in {@code xla_data.proto}. */
  public int number() {
    return number;
  }

  /** The same type in memory. */
  public DType dtype() {
    return dtype;
  }

  public int byteSize() {
    return dtype.byteSize();
  }

  public boolean isFloating() {
    return dtype.isFloating();
  }

  public boolean isInteger() {
    return dtype.isInteger();
  }

  /** The type with this number in {@code xla_data.proto}. */
  public static Optional<ElementType> byNumber(long number) {
    for (ElementType type : values()) {
      if (type.number == number) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /**
   * The type of tensors of {@code dtype}.
   *
   * @throws IllegalArgumentException if HLO has none that this package knows
   */
  public static ElementType of(DType dtype) {
    for (ElementType type : values()) {
      if (type.dtype == dtype) {
        return type;
      }
    }
    throw new IllegalArgumentException("no HLO element type for " + dtype);
  }

  /** As XLA prints it: {@code f32}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}

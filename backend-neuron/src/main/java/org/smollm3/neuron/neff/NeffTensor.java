package org.smollm3.neuron.neff;

import java.util.Optional;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * An input or output of a NEFF.
 *
 * @param type as the file spells it, such as {@code bfloat16}
 * @param byteSize of the whole tensor; elements of a type without a {@link #dtype} have one byte
 */
public record NeffTensor(String name, String type, Shape shape, long byteSize) {
  /** The element type; empty for one that the format cannot name, such as an 8-bit float. */
  public Optional<DType> dtype() {
    return dtype(type);
  }

  /** How neff.json spells an element type. */
  static String typeName(DType dtype) {
    return switch (dtype) {
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case I64 -> "int64";
      case I32 -> "int32";
      case I16 -> "int16";
      case I8 -> "int8";
      case U64 -> "uint64";
      case U32 -> "uint32";
      case U16 -> "uint16";
      case U8 -> "uint8";
      case BOOL -> "bool";
      case F8_E4M3 -> "float8_e4m3";
      case F8_E5M2 -> "float8_e5m2";
      case F64 -> throw new IllegalArgumentException("a NEFF has no tensors of 64-bit floats");
    };
  }

  /** Only the types that the runtime knows; it takes an element of any other for one byte. */
  static Optional<DType> dtype(String type) {
    return switch (type) {
      case "float32" -> Optional.of(DType.F32);
      case "float16" -> Optional.of(DType.F16);
      case "bfloat16" -> Optional.of(DType.BF16);
      case "int64" -> Optional.of(DType.I64);
      case "int32" -> Optional.of(DType.I32);
      case "int16" -> Optional.of(DType.I16);
      case "int8" -> Optional.of(DType.I8);
      case "uint64" -> Optional.of(DType.U64);
      case "uint32" -> Optional.of(DType.U32);
      case "uint16" -> Optional.of(DType.U16);
      case "uint8" -> Optional.of(DType.U8);
      default -> Optional.empty();
    };
  }
}

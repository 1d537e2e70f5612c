package org.smollm3.neuron.metaneff;

import java.util.Optional;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * An input or output of a graph.
 *
 * @param name {@code input0}, {@code output0} and so on
 * @param shape static, and small enough that {@link #byteSize} is a long
 * @param content a constant's bytes, one character each; empty for none
 * @param dynamicBatch whether the first dimension may differ, which graphs of this model never use
 * @param checkpointKey the name of a state or weight in the model's state dict
 * @param userInputKey the name of an input that the user gives; only newer compilers write it
 */
public record MetaTensor(
    String name,
    ElementType type,
    Shape shape,
    String content,
    boolean dynamicBatch,
    Optional<String> checkpointKey,
    Role role,
    Optional<String> userInputKey) {

  public MetaTensor {
    try {
      Math.multiplyExact(shape.elementCount(), type.dtype().byteSize());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("the shape " + shape + " is too large", e);
    }
  }

  /** What an input is; outputs have {@link #UNDEFINED}. */
  public enum Role {
    UNDEFINED(0),
    USER_INPUT(1),
    INPUT_STATE(2),
    INPUT_WEIGHT(3);

    private final int number;

    Role(int number) {
      this.number = number;
    }

    /** As in the file. */
    public int number() {
      return number;
    }

    static Optional<Role> of(long number) {
      for (Role role : values()) {
        if (role.number == number) {
          return Optional.of(role);
        }
      }
      return Optional.empty();
    }
  }

  /** Element types by the numbers of a metaneff; text, which is one as well, is no tensor here. */
  public enum ElementType {
    FLOAT(1, DType.F32),
    INT32(2, DType.I32),
    BYTE(3, DType.U8),
    BOOL(5, DType.BOOL),
    UINT8(6, DType.U8),
    INT8(7, DType.I8),
    UINT16(8, DType.U16),
    INT16(9, DType.I16),
    INT64(10, DType.I64),
    FLOAT16(12, DType.F16),
    DOUBLE(13, DType.F64),
    BFLOAT16(14, DType.BF16),
    F8E4M3FN(15, DType.F8_E4M3),
    F8E5M2(16, DType.F8_E5M2);

    private final int number;
    private final DType dtype;

    ElementType(int number, DType dtype) {
      this.number = number;
      this.dtype = dtype;
    }

    /** As in the file. */
    public int number() {
      return number;
    }

    public DType dtype() {
      return dtype;
    }

    static Optional<ElementType> of(long number) {
      for (ElementType type : values()) {
        if (type.number == number) {
          return Optional.of(type);
        }
      }
      return Optional.empty();
    }

    /** As a compiler writes a type: unsigned 32 and 64 bits are stored as signed. */
    public static ElementType of(DType dtype) {
      return switch (dtype) {
        case F32 -> FLOAT;
        case F64 -> DOUBLE;
        case F16 -> FLOAT16;
        case BF16 -> BFLOAT16;
        case F8_E4M3 -> F8E4M3FN;
        case F8_E5M2 -> F8E5M2;
        case I64, U64 -> INT64;
        case I32, U32 -> INT32;
        case I16 -> INT16;
        case U16 -> UINT16;
        case I8 -> INT8;
        case U8 -> UINT8;
        case BOOL -> BOOL;
      };
    }
  }

  /** An input that the user gives. */
  public static MetaTensor userInput(int index, DType dtype, Shape shape, String key) {
    return input(index, dtype, shape, Optional.empty(), Role.USER_INPUT, Optional.of(key));
  }

  /** A state, under its name in the state dict. */
  public static MetaTensor state(int index, DType dtype, Shape shape, String key) {
    return input(index, dtype, shape, Optional.of(key), Role.INPUT_STATE, Optional.empty());
  }

  /** A weight, under its name in the state dict. */
  public static MetaTensor weight(int index, DType dtype, Shape shape, String key) {
    return input(index, dtype, shape, Optional.of(key), Role.INPUT_WEIGHT, Optional.empty());
  }

  public static MetaTensor output(int index, DType dtype, Shape shape) {
    return new MetaTensor(
        "output" + index,
        ElementType.of(dtype),
        shape,
        "",
        false,
        Optional.empty(),
        Role.UNDEFINED,
        Optional.empty());
  }

  private static MetaTensor input(
      int index,
      DType dtype,
      Shape shape,
      Optional<String> checkpointKey,
      Role role,
      Optional<String> userInputKey) {
    return new MetaTensor(
        "input" + index,
        ElementType.of(dtype),
        shape,
        "",
        false,
        checkpointKey,
        role,
        userInputKey);
  }

  public DType dtype() {
    return type.dtype();
  }

  public long byteSize() {
    return shape.elementCount() * type.dtype().byteSize();
  }
}

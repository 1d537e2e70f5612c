package org.smollm3.neuron.hlo;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** The type of a value: an array, or a tuple of values. All dimensions are static. */
public sealed interface HloShape {
  /** An array in row-major layout. */
  record Array(ElementType type, Shape dims) implements HloShape {
    public Array {
      if (!dims.isStatic()) {
        throw new IllegalArgumentException("open dimension in " + type + dims);
      }
    }

    public int rank() {
      return dims.rank();
    }

    /**
     * @throws ArithmeticException if it overflows a long
     */
    @Override
    public long byteSize() {
      return Math.multiplyExact(dims.elementCount(), type.byteSize());
    }

    /** As XLA prints it: {@code f32[2,3]{1,0}}. */
    @Override
    public String toString() {
      return withoutLayout()
          + (rank() == 0
              ? ""
              : IntStream.range(0, rank())
                  .mapToObj(i -> Integer.toString(rank() - 1 - i))
                  .collect(Collectors.joining(",", "{", "}")));
    }

    /** {@code f32[2,3]}. */
    public String withoutLayout() {
      return type + dims.toString().replace(" ", "");
    }
  }

  /** Several values. */
  record Tuple(List<HloShape> elements) implements HloShape {
    public Tuple {
      elements = List.copyOf(elements);
    }

    @Override
    public long byteSize() {
      return elements.stream().mapToLong(HloShape::byteSize).reduce(0, Math::addExact);
    }

    @Override
    public String toString() {
      return elements.stream().map(HloShape::toString).collect(Collectors.joining(", ", "(", ")"));
    }
  }

  /** Bytes of the elements. */
  long byteSize();

  static Array of(ElementType type, long... dims) {
    return new Array(type, Shape.of(dims));
  }

  static Array of(DType dtype, Shape dims) {
    return new Array(ElementType.of(dtype), dims);
  }
}

package org.smollm3.spi;

import java.util.Arrays;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** What the rules of {@link ShapeRules} are made of. */
final class Require {
  private Require() {}

  static InvalidRequestException fail(String op, String what) {
    return new InvalidRequestException(op + ": " + what);
  }

  static Shape staticShape(String op, Shape shape) {
    if (!shape.isStatic()) {
      throw fail(op, "the shape " + shape + " has an open dimension");
    }
    return shape;
  }

  static void axis(String op, int axis, Shape shape) {
    if (axis < 0 || axis >= shape.rank()) {
      throw fail(op, "no axis " + axis + " in " + shape);
    }
  }

  static void ascending(String op, int[] axes, Shape shape) {
    for (int i = 0; i < axes.length; i++) {
      axis(op, axes[i], shape);
      if (i > 0 && axes[i] <= axes[i - 1]) {
        throw fail(op, "axes " + Arrays.toString(axes) + " do not ascend");
      }
    }
  }

  static void value(String op, DType dtype, double value) {
    boolean exists =
        switch (dtype) {
          case I32 -> value == (int) value;
          case BOOL -> value == 0 || value == 1;
          default -> true;
        };
    if (!exists) {
      throw fail(op, value + " is not a value of " + dtype);
    }
  }

  static void number(String op, Tensor x) {
    if (x.dtype() != DType.I32) {
      floating(op, "operand", x);
    }
  }

  static void floating(String op, String what, Tensor x) {
    floatingType(op, what, x.dtype());
  }

  static void floatingType(String op, String what, DType dtype) {
    switch (dtype) {
      case F32, BF16, F16 -> {}
      default -> throw fail(op, what + " is " + dtype + ", not F32, BF16 or F16");
    }
  }

  static void type(String op, String what, Tensor x, DType dtype) {
    if (x.dtype() != dtype) {
      throw fail(op, what + " is " + x.dtype() + ", not " + dtype);
    }
  }

  static Shape shape(String op, String what, Tensor x, Shape shape) {
    if (!x.shape().equals(shape)) {
      throw fail(op, what + " is " + x.shape() + ", not " + shape);
    }
    return shape;
  }

  static Shape rank(String op, String what, Tensor x, int rank) {
    if (x.shape().rank() != rank) {
      throw fail(op, what + " is " + x.shape() + ", not of rank " + rank);
    }
    return x.shape();
  }

  static void sameType(String op, Tensor a, Tensor b) {
    if (a.dtype() != b.dtype()) {
      throw fail(op, "operands are " + a.dtype() + " and " + b.dtype() + "; convert one");
    }
  }

  static Shape same(String op, Tensor a, Tensor b) {
    sameType(op, a, b);
    if (!a.shape().equals(b.shape())) {
      throw fail(op, "operands are " + a.shape() + " and " + b.shape() + "; broadcast one");
    }
    return a.shape();
  }

  /** The dimensions that are not among the axes. */
  static Shape without(Shape shape, int[] axes) {
    long[] kept = new long[shape.rank() - axes.length];
    int at = 0;
    for (int i = 0; i < shape.rank(); i++) {
      int axis = i;
      if (Arrays.stream(axes).noneMatch(a -> a == axis)) {
        kept[at++] = shape.dim(i);
      }
    }
    return Shape.of(kept);
  }
}

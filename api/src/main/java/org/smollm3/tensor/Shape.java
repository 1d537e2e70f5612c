package org.smollm3.tensor;

import java.util.Arrays;

/**
 * Dimensions of a row-major tensor; rank 0 is a scalar. In a specification a dimension may be
 * {@link #OPEN}: the backend then takes it from the tensor it is given.
 */
public final class Shape {
  /** A dimension that is not fixed yet. */
  public static final long OPEN = -1;

  private static final Shape SCALAR = new Shape(new long[0]);

  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /**
   * @throws IllegalArgumentException if a dimension is negative and not {@link #OPEN}
   */
  public static Shape of(long... dims) {
    for (long dim : dims) {
      if (dim < OPEN) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(dims));
      }
    }
    return new Shape(dims.clone());
  }

  public static Shape scalar() {
    return SCALAR;
  }

  public int rank() {
    return dims.length;
  }

  /** Dimension {@code axis}; a negative axis counts from the end, -1 being the last. */
  public long dim(int axis) {
    return dims[axis < 0 ? dims.length + axis : axis];
  }

  /** Dimension {@code axis} as an int. */
  public int intDim(int axis) {
    return Math.toIntExact(dim(axis));
  }

  public long[] toArray() {
    return dims.clone();
  }

  /** True if no dimension is open. */
  public boolean isStatic() {
    for (long dim : dims) {
      if (dim == OPEN) {
        return false;
      }
    }
    return true;
  }

  /**
   * Product of the dimensions.
   *
   * @throws ArithmeticException if it overflows a long, or if a dimension is open
   */
  public long elementCount() {
    if (!isStatic()) {
      throw new ArithmeticException("open dimension in " + this);
    }
    long count = 1;
    for (long dim : dims) {
      count = Math.multiplyExact(count, dim);
    }
    return count;
  }

  /** A copy with one dimension replaced. */
  public Shape with(int axis, long dim) {
    long[] copy = dims.clone();
    copy[axis < 0 ? dims.length + axis : axis] = dim;
    return of(copy);
  }

  /** True if a concrete shape fits this one, open dimensions taking any size. */
  public boolean accepts(Shape concrete) {
    if (concrete.rank() != rank()) {
      return false;
    }
    for (int i = 0; i < dims.length; i++) {
      if (dims[i] != OPEN && dims[i] != concrete.dims[i]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** As {@code [2, ?, 64]}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < dims.length; i++) {
      text.append(i == 0 ? "" : ", ").append(dims[i] == OPEN ? "?" : Long.toString(dims[i]));
    }
    return text.append(']').toString();
  }
}

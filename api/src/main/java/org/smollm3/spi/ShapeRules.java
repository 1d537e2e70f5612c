package org.smollm3.spi;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * The rules of {@link TensorOps} on types and shapes, for whoever implements it: each method checks
 * the operands of one operation and returns the shape of its result, whose type the operation
 * defines. A broken rule throws {@link InvalidRequestException}, {@code "operation: what is wrong"}
 * in one line; the scope is added by whoever knows it. Every tensor given is asked for its type and
 * shape, so an implementation whose ended tensors refuse to tell them finds every late use.
 */
public final class ShapeRules {
  private ShapeRules() {}

  // ---- values ----

  /**
   * The five types that operations compute with.
   *
   * @param what is named in the message
   */
  public static void elementType(String what, DType dtype) {
    switch (dtype) {
      case F32, BF16, F16, I32, BOOL -> {}
      default -> throw fail(what, dtype + " is not one of F32, BF16, F16, I32 and BOOL; convert");
    }
  }

  public static Shape constant(DType dtype, Shape shape) {
    return constant("constant", dtype, shape);
  }

  /** A tensor of this type and shape can be. */
  public static Shape constant(String what, DType dtype, Shape shape) {
    elementType(what, dtype);
    return requireStatic(what, shape);
  }

  public static Shape scalar(DType dtype, double value) {
    elementType("scalar", dtype);
    requireValue("scalar", dtype, value);
    return Shape.scalar();
  }

  public static Shape iota(Shape shape, int axis) {
    requireStatic("iota", shape);
    requireAxis("iota", axis, shape);
    return shape;
  }

  public static Shape convert(Tensor x, DType dtype) {
    elementType("convert", dtype);
    elementType("convert", x.dtype());
    return x.shape();
  }

  // ---- layout ----

  public static Shape broadcast(Tensor x, Shape shape, int... axes) {
    String op = "broadcast";
    requireStatic(op, shape);
    Shape from = x.shape();
    if (axes.length != from.rank()) {
      throw fail(op, axes.length + " axes " + Arrays.toString(axes) + " for the shape " + from);
    }
    requireAscending(op, axes, shape);
    for (int i = 0; i < axes.length; i++) {
      if (from.dim(i) != shape.dim(axes[i])) {
        throw fail(
            op,
            String.format("dimension %d of %s is not dimension %d of %s", i, from, axes[i], shape));
      }
    }
    return shape;
  }

  public static Shape reshape(Tensor x, Shape shape) {
    requireStatic("reshape", shape);
    if (x.shape().elementCount() != shape.elementCount()) {
      throw fail("reshape", x.shape() + " and " + shape + " have different numbers of elements");
    }
    return shape;
  }

  public static Shape transpose(Tensor x, int... permutation) {
    Shape from = x.shape();
    int[] sorted = permutation.clone();
    Arrays.sort(sorted);
    boolean complete = sorted.length == from.rank();
    for (int i = 0; complete && i < sorted.length; i++) {
      complete = sorted[i] == i;
    }
    if (!complete) {
      throw fail(
          "transpose", Arrays.toString(permutation) + " is no permutation of the axes of " + from);
    }
    return Shape.of(Arrays.stream(permutation).mapToLong(from::dim).toArray());
  }

  public static Shape slice(Tensor x, int axis, long start, long limit) {
    Shape from = x.shape();
    requireAxis("slice", axis, from);
    if (start < 0 || limit < start || limit > from.dim(axis)) {
      throw fail(
          "slice", String.format("%d to %d is not within axis %d of %s", start, limit, axis, from));
    }
    return from.with(axis, limit - start);
  }

  public static Shape concatenate(int axis, List<Tensor> parts) {
    String op = "concatenate";
    if (parts.isEmpty()) {
      throw fail(op, "no parts");
    }
    Shape first = parts.get(0).shape();
    requireAxis(op, axis, first);
    long total = 0;
    for (Tensor part : parts) {
      requireSameType(op, parts.get(0), part);
      Shape shape = part.shape();
      if (shape.rank() != first.rank() || !shape.with(axis, 0).equals(first.with(axis, 0))) {
        throw fail(op, first + " and " + shape + " differ beside axis " + axis);
      }
      total = Math.addExact(total, shape.dim(axis));
    }
    return first.with(axis, total);
  }

  public static Shape pad(Tensor x, int axis, long low, long high, double value) {
    Shape from = x.shape();
    requireAxis("pad", axis, from);
    requireValue("pad", x.dtype(), value);
    if (low < 0 || high < 0) {
      throw fail("pad", "negative padding of " + low + " and " + high);
    }
    return from.with(axis, Math.addExact(from.dim(axis), Math.addExact(low, high)));
  }

  // ---- element-wise ----

  /** For add, subtract, multiply, divide, maximum and minimum. */
  public static Shape arithmetic(String op, Tensor a, Tensor b) {
    requireNumber(op, a);
    return requireSame(op, a, b);
  }

  public static Shape negate(Tensor x) {
    requireNumber("negate", x);
    return x.shape();
  }

  /** For exponential, rsqrt, logistic, cosine and sine. */
  public static Shape transcendental(String op, Tensor x) {
    requireFloating(op, "operand", x);
    return x.shape();
  }

  /** The result is BOOL. */
  public static Shape compare(Tensor a, Tensor b) {
    return requireSame("compare", a, b);
  }

  public static Shape select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    requireType("select", "predicate", predicate, DType.BOOL);
    Shape shape = requireSame("select", onTrue, onFalse);
    return requireShape("select", "predicate", predicate, shape);
  }

  /** For and, or. */
  public static Shape logical(String op, Tensor a, Tensor b) {
    requireType(op, "operand", a, DType.BOOL);
    return requireSame(op, a, b);
  }

  public static Shape not(Tensor x) {
    requireType("not", "operand", x, DType.BOOL);
    return x.shape();
  }

  // ---- contraction and order ----

  public static Shape dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    requireFloating("dot", "left operand", a);
    requireFloating("dot", "right operand", b);
    requireFloatingType("dot", "result", dtype);
    return DotRules.result(a.shape(), b.shape(), dims);
  }

  public static Shape reduce(Tensor x, int... axes) {
    requireNumber("reduce", x);
    Shape from = x.shape();
    for (int i = 0; i < axes.length; i++) {
      requireAxis("reduce", axes[i], from);
      for (int j = 0; j < i; j++) {
        if (axes[i] == axes[j]) {
          throw fail("reduce", "axis " + axes[i] + " is given twice");
        }
      }
    }
    return without(from, axes);
  }

  /** The shape of both results. */
  public static Shape topK(Tensor x, int k) {
    requireType("topK", "operand", x, DType.F32);
    Shape from = x.shape();
    if (from.rank() == 0) {
      throw fail("topK", "a scalar has no last axis");
    }
    if (k < 1 || k > from.dim(-1)) {
      throw fail("topK", "k is " + k + ", not 1 to " + from.dim(-1));
    }
    return from.with(-1, k);
  }

  // ---- indexed access ----

  public static Shape gather(Tensor x, Tensor indices, int... axes) {
    Shape result = indexed("gather", x.shape(), indices, axes);
    for (int axis : axes) {
      if (x.shape().dim(axis) == 0 && result.elementCount() > 0) {
        throw fail("gather", "nothing to gather along axis " + axis + " of " + x.shape());
      }
    }
    return result;
  }

  /** The result has the state's type and shape. */
  public static void scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    String op = "scatterInto '" + state.spec().name() + "'";
    Shape wanted = indexed(op, state.spec().shape(), indices, axes);
    requireType(op, "updates", updates, state.spec().dtype());
    requireShape(op, "updates", updates, wanted);
  }

  /** The result has the state's type and shape. */
  public static void updateInto(State state, Tensor block, long... starts) {
    String op = "updateInto '" + state.spec().name() + "'";
    requireType(op, "block", block, state.spec().dtype());
    Shape whole = state.spec().shape();
    Shape part = block.shape();
    boolean fits = part.rank() == whole.rank() && starts.length == whole.rank();
    for (int i = 0; fits && i < starts.length; i++) {
      fits = starts[i] >= 0 && starts[i] <= whole.dim(i) - part.dim(i);
    }
    if (!fits) {
      throw fail(op, part + " at " + Arrays.toString(starts) + " does not fit into " + whole);
    }
  }

  private static Shape indexed(String op, Shape from, Tensor indices, int[] axes) {
    requireType(op, "indices", indices, DType.I32);
    requireAscending(op, axes, from);
    Shape index = indices.shape();
    if (index.rank() == 0 || index.dim(-1) != axes.length) {
      throw fail(
          op,
          "indices "
              + index
              + " do not end in "
              + axes.length
              + ", one coordinate for each of the axes "
              + Arrays.toString(axes));
    }
    long[] head = Arrays.copyOf(index.toArray(), index.rank() - 1);
    long[] rest = without(from, axes).toArray();
    long[] dims = Arrays.copyOf(head, head.length + rest.length);
    System.arraycopy(rest, 0, dims, head.length, rest.length);
    return Shape.of(dims);
  }

  // ---- composites ----

  public static Shape linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    return CompositeRules.linear(x, weight, bias, dtype);
  }

  public static Shape rmsNorm(Tensor x, Tensor weight, double epsilon) {
    return CompositeRules.rmsNorm(x, weight, epsilon);
  }

  public static Shape swiGlu(Tensor gate, Tensor up) {
    return CompositeRules.swiGlu(gate, up);
  }

  public static Shape softmax(Tensor x) {
    return CompositeRules.softmax(x);
  }

  public static Shape embedding(Tensor ids, Tensor table, DType dtype) {
    return CompositeRules.embedding(ids, table, dtype);
  }

  public static Shape rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    return CompositeRules.rotaryTable(positions, inverseFrequencies, scaling);
  }

  public static Shape rotate(Tensor x, Tensor table) {
    return CompositeRules.rotate(x, table);
  }

  public static Shape attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    return CompositeRules.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
  }

  /** The result has the state's type and shape. */
  public static void updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    CompositeRules.updateCache(cache, active, seqIds, positions, kind);
  }

  // ---- what the rules are made of, for the rules of composites too ----

  static InvalidRequestException fail(String op, String what) {
    return new InvalidRequestException(op + ": " + what);
  }

  static Shape requireStatic(String op, Shape shape) {
    if (!shape.isStatic()) {
      throw fail(op, "the shape " + shape + " has an open dimension");
    }
    return shape;
  }

  static void requireAxis(String op, int axis, Shape shape) {
    if (axis < 0 || axis >= shape.rank()) {
      throw fail(op, "no axis " + axis + " in " + shape);
    }
  }

  static void requireAscending(String op, int[] axes, Shape shape) {
    for (int i = 0; i < axes.length; i++) {
      requireAxis(op, axes[i], shape);
      if (i > 0 && axes[i] <= axes[i - 1]) {
        throw fail(op, "axes " + Arrays.toString(axes) + " do not ascend");
      }
    }
  }

  private static void requireValue(String op, DType dtype, double value) {
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

  static void requireNumber(String op, Tensor x) {
    if (x.dtype() != DType.I32) {
      requireFloating(op, "operand", x);
    }
  }

  static void requireFloating(String op, String what, Tensor x) {
    requireFloatingType(op, what, x.dtype());
  }

  static void requireFloatingType(String op, String what, DType dtype) {
    switch (dtype) {
      case F32, BF16, F16 -> {}
      default -> throw fail(op, what + " is " + dtype + ", not F32, BF16 or F16");
    }
  }

  static void requireType(String op, String what, Tensor x, DType dtype) {
    if (x.dtype() != dtype) {
      throw fail(op, what + " is " + x.dtype() + ", not " + dtype);
    }
  }

  static Shape requireShape(String op, String what, Tensor x, Shape shape) {
    if (!x.shape().equals(shape)) {
      throw fail(op, what + " is " + x.shape() + ", not " + shape);
    }
    return shape;
  }

  static Shape requireRank(String op, String what, Tensor x, int rank) {
    if (x.shape().rank() != rank) {
      throw fail(op, what + " is " + x.shape() + ", not of rank " + rank);
    }
    return x.shape();
  }

  private static void requireSameType(String op, Tensor a, Tensor b) {
    if (a.dtype() != b.dtype()) {
      throw fail(op, "operands are " + a.dtype() + " and " + b.dtype() + "; convert one");
    }
  }

  private static Shape requireSame(String op, Tensor a, Tensor b) {
    requireSameType(op, a, b);
    if (!a.shape().equals(b.shape())) {
      throw fail(op, "operands are " + a.shape() + " and " + b.shape() + "; broadcast one");
    }
    return a.shape();
  }

  /** The dimensions that are not among the axes. */
  private static Shape without(Shape shape, int[] axes) {
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

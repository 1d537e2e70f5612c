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
      default ->
          throw Require.fail(what, dtype + " is not one of F32, BF16, F16, I32 and BOOL; convert");
    }
  }

  public static Shape constant(DType dtype, Shape shape) {
    return constant("constant", dtype, shape);
  }

  /** A tensor of this type and shape can be. */
  public static Shape constant(String what, DType dtype, Shape shape) {
    elementType(what, dtype);
    return Require.staticShape(what, shape);
  }

  public static Shape scalar(DType dtype, double value) {
    elementType("scalar", dtype);
    Require.value("scalar", dtype, value);
    return Shape.scalar();
  }

  public static Shape iota(Shape shape, int axis) {
    Require.staticShape("iota", shape);
    Require.axis("iota", axis, shape);
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
    Require.staticShape(op, shape);
    Shape from = x.shape();
    if (axes.length != from.rank()) {
      throw Require.fail(
          op, axes.length + " axes " + Arrays.toString(axes) + " for the shape " + from);
    }
    Require.ascending(op, axes, shape);
    for (int i = 0; i < axes.length; i++) {
      if (from.dim(i) != shape.dim(axes[i])) {
        throw Require.fail(
            op,
            String.format("dimension %d of %s is not dimension %d of %s", i, from, axes[i], shape));
      }
    }
    return shape;
  }

  public static Shape reshape(Tensor x, Shape shape) {
    Require.staticShape("reshape", shape);
    if (x.shape().elementCount() != shape.elementCount()) {
      throw Require.fail(
          "reshape", x.shape() + " and " + shape + " have different numbers of elements");
    }
    return shape;
  }

  public static Shape transpose(Tensor x, int... permutation) {
    Shape from = x.shape();
    boolean complete = permutation.length == from.rank();
    for (int axis = 0; complete && axis < permutation.length; axis++) {
      complete = contains(permutation, axis);
    }
    if (!complete) {
      throw Require.fail(
          "transpose", Arrays.toString(permutation) + " is no permutation of the axes of " + from);
    }
    long[] dims = new long[permutation.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = from.dim(permutation[i]);
    }
    return Shape.of(dims);
  }

  private static boolean contains(int[] axes, int axis) {
    for (int each : axes) {
      if (each == axis) {
        return true;
      }
    }
    return false;
  }

  public static Shape slice(Tensor x, int axis, long start, long limit) {
    Shape from = x.shape();
    Require.axis("slice", axis, from);
    if (start < 0 || limit < start || limit > from.dim(axis)) {
      throw Require.fail(
          "slice", String.format("%d to %d is not within axis %d of %s", start, limit, axis, from));
    }
    return from.with(axis, limit - start);
  }

  public static Shape concatenate(int axis, List<Tensor> parts) {
    String op = "concatenate";
    if (parts.isEmpty()) {
      throw Require.fail(op, "no parts");
    }
    Shape first = parts.get(0).shape();
    Require.axis(op, axis, first);
    long total = 0;
    for (Tensor part : parts) {
      Require.sameType(op, parts.get(0), part);
      Shape shape = part.shape();
      if (shape.rank() != first.rank() || !shape.with(axis, 0).equals(first.with(axis, 0))) {
        throw Require.fail(op, first + " and " + shape + " differ beside axis " + axis);
      }
      total = Math.addExact(total, shape.dim(axis));
    }
    return first.with(axis, total);
  }

  public static Shape pad(Tensor x, int axis, long low, long high, double value) {
    Shape from = x.shape();
    Require.axis("pad", axis, from);
    Require.value("pad", x.dtype(), value);
    if (low < 0 || high < 0) {
      throw Require.fail("pad", "negative padding of " + low + " and " + high);
    }
    return from.with(axis, Math.addExact(from.dim(axis), Math.addExact(low, high)));
  }

  // ---- element-wise ----

  /** For add, subtract, multiply, divide, maximum and minimum. */
  public static Shape arithmetic(String op, Tensor a, Tensor b) {
    Require.number(op, a);
    return Require.same(op, a, b);
  }

  public static Shape negate(Tensor x) {
    Require.number("negate", x);
    return x.shape();
  }

  /** For exponential, rsqrt, logistic, cosine and sine. */
  public static Shape transcendental(String op, Tensor x) {
    Require.floating(op, "operand", x);
    return x.shape();
  }

  /** The result is BOOL. */
  public static Shape compare(Tensor a, Tensor b) {
    return Require.same("compare", a, b);
  }

  public static Shape select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    Require.type("select", "predicate", predicate, DType.BOOL);
    Shape shape = Require.same("select", onTrue, onFalse);
    return Require.shape("select", "predicate", predicate, shape);
  }

  /** For and, or. */
  public static Shape logical(String op, Tensor a, Tensor b) {
    Require.type(op, "operand", a, DType.BOOL);
    return Require.same(op, a, b);
  }

  public static Shape not(Tensor x) {
    Require.type("not", "operand", x, DType.BOOL);
    return x.shape();
  }

  // ---- contraction and order ----

  public static Shape dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    Require.floating("dot", "left operand", a);
    Require.floating("dot", "right operand", b);
    Require.floatingType("dot", "result", dtype);
    return DotRules.result(a.shape(), b.shape(), dims);
  }

  public static Shape reduce(Tensor x, int... axes) {
    Require.number("reduce", x);
    Shape from = x.shape();
    for (int i = 0; i < axes.length; i++) {
      Require.axis("reduce", axes[i], from);
      for (int j = 0; j < i; j++) {
        if (axes[i] == axes[j]) {
          throw Require.fail("reduce", "axis " + axes[i] + " is given twice");
        }
      }
    }
    return Require.without(from, axes);
  }

  /** The shape of both results. */
  public static Shape topK(Tensor x, int k) {
    Require.type("topK", "operand", x, DType.F32);
    Shape from = x.shape();
    if (from.rank() == 0) {
      throw Require.fail("topK", "a scalar has no last axis");
    }
    if (k < 1 || k > from.dim(-1)) {
      throw Require.fail("topK", "k is " + k + ", not 1 to " + from.dim(-1));
    }
    return from.with(-1, k);
  }

  // ---- indexed access ----

  public static Shape gather(Tensor x, Tensor indices, int... axes) {
    Shape result = indexed("gather", x.shape(), indices, axes);
    for (int axis : axes) {
      if (x.shape().dim(axis) == 0 && result.elementCount() > 0) {
        throw Require.fail("gather", "nothing to gather along axis " + axis + " of " + x.shape());
      }
    }
    return result;
  }

  /** The result has the state's type and shape. */
  public static void scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    String op = "scatterInto '" + state.spec().name() + "'";
    Shape wanted = indexed(op, state.spec().shape(), indices, axes);
    Require.type(op, "updates", updates, state.spec().dtype());
    Require.shape(op, "updates", updates, wanted);
  }

  /** The result has the state's type and shape. */
  public static void updateInto(State state, Tensor block, long... starts) {
    String op = "updateInto '" + state.spec().name() + "'";
    Require.type(op, "block", block, state.spec().dtype());
    Shape whole = state.spec().shape();
    Shape part = block.shape();
    boolean fits = part.rank() == whole.rank() && starts.length == whole.rank();
    for (int i = 0; fits && i < starts.length; i++) {
      fits = starts[i] >= 0 && starts[i] <= whole.dim(i) - part.dim(i);
    }
    if (!fits) {
      throw Require.fail(
          op, part + " at " + Arrays.toString(starts) + " does not fit into " + whole);
    }
  }

  private static Shape indexed(String op, Shape from, Tensor indices, int[] axes) {
    Require.type(op, "indices", indices, DType.I32);
    Require.ascending(op, axes, from);
    if (axes.length == 0) {
      throw Require.fail(op, "no axes to index along");
    }
    Shape index = indices.shape();
    if (index.rank() == 0 || index.dim(-1) != axes.length) {
      throw Require.fail(
          op,
          "indices "
              + index
              + " do not end in "
              + axes.length
              + ", one coordinate for each of the axes "
              + Arrays.toString(axes));
    }
    long[] head = Arrays.copyOf(index.toArray(), index.rank() - 1);
    long[] rest = Require.without(from, axes).toArray();
    long[] dims = Arrays.copyOf(head, head.length + rest.length);
    System.arraycopy(rest, 0, dims, head.length, rest.length);
    return Shape.of(dims);
  }

  // ---- composites ----

  public static Shape linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    return CompositeRules.linear(x, weight, bias, dtype);
  }

  /** One shape a layer. */
  public static List<Shape> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
    return CompositeRules.linearEach(x, layers, dtype);
  }

  /** All three results have it. */
  public static Shape linearSwiGlu(Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
    return CompositeRules.linearSwiGlu(x, gate, up, dtype);
  }

  /** The shape of both results. */
  public static Shape linearTopK(Tensor x, LinearLayer layer, int k) {
    return CompositeRules.linearTopK(x, layer, k);
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

  public static Shape cumulativeSum(Tensor x) {
    return CompositeRules.cumulativeSum(x);
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
}

package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.smollm3.cpu.kernels.Elementary;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.eager.StateHandle;
import org.smollm3.eager.Workspace;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.ShapeRules;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * The primitives, as plain loops on one thread where no kernel does it; composites are the default
 * bodies. Results are computed in float32 and rounded once, which for bfloat16 and float16 is the
 * same as rounding the exact result: float32 has more than twice their bits and two.
 */
class CpuPrimitives implements TensorOps {
  private final Kernels kernels;
  private final Buffers buffers;
  private final Workspace workspace;

  CpuPrimitives(Kernels kernels, Buffers buffers, Workspace workspace) {
    this.kernels = kernels;
    this.buffers = buffers;
    this.workspace = workspace;
  }

  Kernels kernels() {
    return kernels;
  }

  /** A new tensor of undefined content that the current scope owns. */
  final CpuTensor make(DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
    return workspace.own(new CpuTensor(dtype, shape, buffers.take(bytes)));
  }

  // ---- values ----

  @Override
  public Tensor constant(HostTensor value) {
    ShapeRules.constant(value.dtype(), value.shape());
    CpuTensor result = make(value.dtype(), value.shape());
    result.segment().copyFrom(value.segment());
    return result;
  }

  @Override
  public Tensor scalar(DType dtype, double value) {
    CpuTensor result = make(dtype, ShapeRules.scalar(dtype, value));
    store(result, 0, value);
    return result;
  }

  private static void store(CpuTensor target, long index, double value) {
    switch (target.value().dtype()) {
      case BF16, F16 -> target.value().setFloat(index, Elementary.toOdd(value));
      default -> target.value().setDouble(index, value);
    }
  }

  @Override
  public Tensor iota(Shape shape, int axis) {
    CpuTensor result = make(DType.I32, ShapeRules.iota(shape, axis));
    long inner = Strided.strides(shape)[axis];
    for (long i = 0; i < result.value().size(); i++) {
      result.value().setLong(i, i / inner % shape.dim(axis));
    }
    return result;
  }

  @Override
  public Tensor convert(Tensor x, DType dtype) {
    CpuTensor result = make(dtype, ShapeRules.convert(x, dtype));
    CpuTensor from = CpuTensor.of(x);
    if (x.dtype().isFloating() && dtype.isFloating()) {
      kernels.convert(from.operand(), result.operand(), from.value().size());
    } else {
      Elementwise.convert(from.value(), result.value());
    }
    return result;
  }

  // ---- layout ----

  @Override
  public Tensor broadcast(Tensor x, Shape shape, int... axes) {
    ShapeRules.broadcast(x, shape, axes);
    long[] own = Strided.strides(x.shape());
    long[] strides = new long[shape.rank()];
    for (int i = 0; i < axes.length; i++) {
      strides[axes[i]] = own[i];
    }
    return rearranged(CpuTensor.of(x), shape, 0, strides);
  }

  @Override
  public Tensor reshape(Tensor x, Shape shape) {
    ShapeRules.reshape(x, shape);
    return reshaped(CpuTensor.of(x), shape);
  }

  /** The same memory under another shape; a state's is copied, for it may change. */
  private CpuTensor reshaped(CpuTensor from, Shape shape) {
    if (from.buffer().isPresent()) {
      from.buffer().get().retain();
      return workspace.own(new CpuTensor(from.dtype(), shape, from.buffer().get()));
    }
    if (!from.isStateView()) {
      return workspace.own(new CpuTensor(from.dtype(), shape, from.segment()));
    }
    CpuTensor result = make(from.dtype(), shape);
    result.segment().copyFrom(from.segment());
    return result;
  }

  @Override
  public Tensor transpose(Tensor x, int... permutation) {
    Shape shape = ShapeRules.transpose(x, permutation);
    if (Strided.keepsOrder(x.shape(), permutation)) {
      return reshaped(CpuTensor.of(x), shape);
    }
    long[] own = Strided.strides(x.shape());
    long[] strides = new long[permutation.length];
    for (int i = 0; i < permutation.length; i++) {
      strides[i] = own[permutation[i]];
    }
    return rearranged(CpuTensor.of(x), shape, 0, strides);
  }

  @Override
  public Tensor slice(Tensor x, int axis, long start, long limit) {
    Shape shape = ShapeRules.slice(x, axis, start, limit);
    long[] strides = Strided.strides(x.shape());
    return rearranged(CpuTensor.of(x), shape, start * strides[axis], strides);
  }

  private CpuTensor rearranged(CpuTensor x, Shape shape, long offset, long[] strides) {
    CpuTensor result = make(x.dtype(), shape);
    int size = x.dtype().byteSize();
    long[] dense = Strided.strides(shape);
    Strided.copy(shape, size, x.segment(), offset, strides, result.segment(), 0, dense);
    return result;
  }

  @Override
  public Tensor concatenate(int axis, List<Tensor> parts) {
    Shape shape = ShapeRules.concatenate(axis, parts);
    CpuTensor result = make(parts.get(0).dtype(), shape);
    long at = 0;
    for (Tensor part : parts) {
      place(CpuTensor.of(part), result.segment(), shape, axis, at);
      at += part.shape().dim(axis);
    }
    return result;
  }

  @Override
  public Tensor pad(Tensor x, int axis, long low, long high, double value) {
    Shape shape = ShapeRules.pad(x, axis, low, high, value);
    CpuTensor result = make(x.dtype(), shape);
    for (long i = 0; i < result.value().size(); i++) {
      store(result, i, value);
    }
    place(CpuTensor.of(x), result.segment(), shape, axis, low);
    return result;
  }

  /** Copies a part into a tensor of a shape, from an index along an axis on. */
  private static void place(CpuTensor part, MemorySegment to, Shape shape, int axis, long at) {
    long[] strides = Strided.strides(shape);
    long[] own = Strided.strides(part.shape());
    int size = part.dtype().byteSize();
    Strided.copy(part.shape(), size, part.segment(), 0, own, to, at * strides[axis], strides);
  }

  // ---- element-wise ----

  @Override
  public Tensor add(Tensor a, Tensor b) {
    ShapeRules.arithmetic("add", a, b);
    if (!a.dtype().isFloating()) {
      return binary(a, b, Float::sum, Integer::sum);
    }
    CpuTensor result = make(a.dtype(), a.shape());
    CpuTensor left = CpuTensor.of(a);
    long n = left.value().size();
    kernels.add(left.operand(), CpuTensor.of(b).operand(), result.operand(), n);
    return result;
  }

  @Override
  public Tensor subtract(Tensor a, Tensor b) {
    ShapeRules.arithmetic("subtract", a, b);
    return binary(a, b, (x, y) -> x - y, (x, y) -> x - y);
  }

  @Override
  public Tensor multiply(Tensor a, Tensor b) {
    ShapeRules.arithmetic("multiply", a, b);
    return binary(a, b, (x, y) -> x * y, (x, y) -> x * y);
  }

  @Override
  public Tensor divide(Tensor a, Tensor b) {
    ShapeRules.arithmetic("divide", a, b);
    return binary(a, b, (x, y) -> x / y, (x, y) -> y == 0 ? -1 : x / y);
  }

  @Override
  public Tensor maximum(Tensor a, Tensor b) {
    ShapeRules.arithmetic("maximum", a, b);
    return binary(a, b, Math::max, Math::max);
  }

  @Override
  public Tensor minimum(Tensor a, Tensor b) {
    ShapeRules.arithmetic("minimum", a, b);
    return binary(a, b, Math::min, Math::min);
  }

  private Tensor binary(
      Tensor a, Tensor b, Elementwise.FloatBinary floats, Elementwise.IntBinary ints) {
    CpuTensor result = make(a.dtype(), a.shape());
    Elementwise.binary(
        CpuTensor.of(a).value(), CpuTensor.of(b).value(), result.value(), floats, ints);
    return result;
  }

  @Override
  public Tensor negate(Tensor x) {
    CpuTensor result = make(x.dtype(), ShapeRules.negate(x));
    Elementwise.unary(CpuTensor.of(x).value(), result.value(), v -> -v, v -> -v);
    return result;
  }

  @Override
  public Tensor exponential(Tensor x) {
    return transcendental("exponential", x, Elementary::exp);
  }

  @Override
  public Tensor rsqrt(Tensor x) {
    return transcendental("rsqrt", x, Elementary::rsqrt);
  }

  @Override
  public Tensor logistic(Tensor x) {
    return transcendental("logistic", x, Elementary::logistic);
  }

  @Override
  public Tensor cosine(Tensor x) {
    return transcendental("cosine", x, Elementary::cosine);
  }

  @Override
  public Tensor sine(Tensor x) {
    return transcendental("sine", x, Elementary::sine);
  }

  private Tensor transcendental(String op, Tensor x, Elementwise.FloatUnary function) {
    CpuTensor result = make(x.dtype(), ShapeRules.transcendental(op, x));
    Elementwise.unary(CpuTensor.of(x).value(), result.value(), function, v -> v);
    return result;
  }

  @Override
  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
    CpuTensor result = make(DType.BOOL, ShapeRules.compare(a, b));
    Elementwise.compare(
        direction, CpuTensor.of(a).value(), CpuTensor.of(b).value(), result.value());
    return result;
  }

  @Override
  public Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    CpuTensor result = make(onTrue.dtype(), ShapeRules.select(predicate, onTrue, onFalse));
    MemorySegment choice = CpuTensor.of(predicate).segment();
    MemorySegment yes = CpuTensor.of(onTrue).segment();
    MemorySegment no = CpuTensor.of(onFalse).segment();
    Elementwise.select(choice, yes, no, result.segment(), onTrue.dtype().byteSize());
    return result;
  }

  @Override
  public Tensor and(Tensor a, Tensor b) {
    ShapeRules.logical("and", a, b);
    return binary(a, b, (x, y) -> x, (x, y) -> x & y);
  }

  @Override
  public Tensor or(Tensor a, Tensor b) {
    ShapeRules.logical("or", a, b);
    return binary(a, b, (x, y) -> x, (x, y) -> x | y);
  }

  @Override
  public Tensor not(Tensor x) {
    CpuTensor result = make(DType.BOOL, ShapeRules.not(x));
    Elementwise.unary(CpuTensor.of(x).value(), result.value(), v -> v, v -> 1 - v);
    return result;
  }

  // ---- contraction and order ----

  @Override
  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    CpuTensor result = make(dtype, ShapeRules.dot(a, b, dims, dtype));
    Contraction.dot(CpuTensor.of(a).value(), CpuTensor.of(b).value(), dims, result.value());
    return result;
  }

  @Override
  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    CpuTensor result = make(x.dtype(), ShapeRules.reduce(x, axes));
    Contraction.reduce(CpuTensor.of(x).value(), reduction, axes, result.value());
    return result;
  }

  @Override
  public TopK topK(Tensor x, int k) {
    Shape shape = ShapeRules.topK(x, k);
    CpuTensor values = make(x.dtype(), shape);
    CpuTensor indices = make(DType.I32, shape);
    Indexing.topK(CpuTensor.of(x).value(), k, values.value(), indices.value());
    return new TopK(values, indices);
  }

  // ---- indexed access ----

  @Override
  public Tensor gather(Tensor x, Tensor indices, int... axes) {
    CpuTensor result = make(x.dtype(), ShapeRules.gather(x, indices, axes));
    Indexing.gather(CpuTensor.of(x).value(), CpuTensor.of(indices).value(), axes, result.value());
    return result;
  }

  @Override
  public Tensor read(State state) {
    return workspace.own(new CpuTensor(StateHandle.of(state)));
  }

  @Override
  public State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    StateHandle handle = StateHandle.of(state);
    ShapeRules.scatterInto(state, indices, updates, axes);
    HostTensor target = handle.storage(CpuState.class).value();
    HostTensor source = detached(CpuTensor.of(updates));
    Indexing.scatter(source, CpuTensor.of(indices).value(), axes, target);
    return handle.next("scatterInto");
  }

  @Override
  public State updateInto(State state, Tensor block, long... starts) {
    StateHandle handle = StateHandle.of(state);
    ShapeRules.updateInto(state, block, starts);
    HostTensor target = handle.storage(CpuState.class).value();
    HostTensor source = detached(CpuTensor.of(block));
    long[] strides = Strided.strides(target.shape());
    long offset = 0;
    for (int axis = 0; axis < starts.length; axis++) {
      offset += starts[axis] * strides[axis];
    }
    Strided.copy(
        source.shape(),
        source.dtype().byteSize(),
        source.segment(),
        0,
        Strided.strides(source.shape()),
        target.segment(),
        offset,
        strides);
    return handle.next("updateInto");
  }

  /** The elements, copied if they may be those that are about to be written. */
  private static HostTensor detached(CpuTensor tensor) {
    return tensor.isStateView() ? tensor.value().copy() : tensor.value();
  }
}

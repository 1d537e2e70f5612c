package org.smollm3.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smollm3.error.StateConsumedException;
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
import org.smollm3.tensor.TensorSpec;

/** Operations that compute nothing and write down, in primitives, what was asked for. */
final class RecordingOps implements TensorOps {
  private final List<String> lines = new ArrayList<>();
  private String scope = "";

  /** A recorded value: the line that made it. */
  static final class Node implements Tensor {
    private final int id;
    private final DType dtype;
    private final Shape shape;
    private final List<RecordedState> readFrom;

    private Node(int id, DType dtype, Shape shape, List<RecordedState> readFrom) {
      this.id = id;
      this.dtype = dtype;
      this.shape = shape;
      this.readFrom = readFrom;
    }

    @Override
    public DType dtype() {
      readFrom.forEach(RecordedState::requireLive);
      return dtype;
    }

    @Override
    public Shape shape() {
      readFrom.forEach(RecordedState::requireLive);
      return shape;
    }

    @Override
    public String toString() {
      return "%" + id;
    }
  }

  /** A recorded state handle. */
  static final class RecordedState implements State {
    private final TensorSpec spec;
    private final int version;
    private boolean consumed;

    RecordedState(TensorSpec spec, int version) {
      this.spec = spec;
      this.version = version;
    }

    private void requireLive() {
      if (consumed) {
        throw new StateConsumedException("state '" + spec.name() + "' was already updated");
      }
    }

    private RecordedState consume() {
      requireLive();
      consumed = true;
      return new RecordedState(spec, version + 1);
    }

    boolean isConsumed() {
      return consumed;
    }

    @Override
    public TensorSpec spec() {
      requireLive();
      return spec;
    }

    @Override
    public String toString() {
      return spec.name() + "@" + version;
    }
  }

  /** What was recorded, one line an operation. */
  List<String> lines() {
    return lines;
  }

  String scope(String name) {
    String outer = scope;
    scope = name;
    return outer;
  }

  Node leaf(String what, TensorSpec spec) {
    return record(what + " " + spec.name(), spec.dtype(), spec.shape());
  }

  private Node record(String text, DType dtype, Shape shape) {
    Node node = new Node(lines.size(), dtype, shape, List.of());
    lines.add(node + " = " + dtype + shape + " " + text + " in '" + scope + "'");
    return node;
  }

  private static RecordedState state(State state) {
    return (RecordedState) state;
  }

  @Override
  public Tensor constant(HostTensor value) {
    String text = "constant " + Arrays.hashCode(value.toDoubleArray());
    return record(text, value.dtype(), ShapeRules.constant(value.dtype(), value.shape()));
  }

  @Override
  public Tensor scalar(DType dtype, double value) {
    return record("scalar " + value, dtype, ShapeRules.scalar(dtype, value));
  }

  @Override
  public Tensor iota(Shape shape, int axis) {
    return record("iota " + axis, DType.I32, ShapeRules.iota(shape, axis));
  }

  @Override
  public Tensor convert(Tensor x, DType dtype) {
    return record("convert " + x, dtype, ShapeRules.convert(x, dtype));
  }

  @Override
  public Tensor broadcast(Tensor x, Shape shape, int... axes) {
    Shape result = ShapeRules.broadcast(x, shape, axes);
    return record("broadcast " + x + Arrays.toString(axes), x.dtype(), result);
  }

  @Override
  public Tensor reshape(Tensor x, Shape shape) {
    return record("reshape " + x, x.dtype(), ShapeRules.reshape(x, shape));
  }

  @Override
  public Tensor transpose(Tensor x, int... permutation) {
    Shape result = ShapeRules.transpose(x, permutation);
    return record("transpose " + x + Arrays.toString(permutation), x.dtype(), result);
  }

  @Override
  public Tensor slice(Tensor x, int axis, long start, long limit) {
    Shape result = ShapeRules.slice(x, axis, start, limit);
    return record("slice " + x + " " + axis + ":" + start + "-" + limit, x.dtype(), result);
  }

  @Override
  public Tensor concatenate(int axis, List<Tensor> parts) {
    Shape result = ShapeRules.concatenate(axis, parts);
    return record("concatenate " + axis + parts, parts.get(0).dtype(), result);
  }

  @Override
  public Tensor pad(Tensor x, int axis, long low, long high, double value) {
    Shape result = ShapeRules.pad(x, axis, low, high, value);
    return record("pad " + x + " " + axis + " " + low + " " + high, x.dtype(), result);
  }

  private Tensor binary(String op, Tensor a, Tensor b) {
    return record(op + " " + a + " " + b, a.dtype(), ShapeRules.arithmetic(op, a, b));
  }

  private Tensor unary(String op, Tensor x) {
    return record(op + " " + x, x.dtype(), ShapeRules.transcendental(op, x));
  }

  @Override
  public Tensor add(Tensor a, Tensor b) {
    return binary("add", a, b);
  }

  @Override
  public Tensor subtract(Tensor a, Tensor b) {
    return binary("subtract", a, b);
  }

  @Override
  public Tensor multiply(Tensor a, Tensor b) {
    return binary("multiply", a, b);
  }

  @Override
  public Tensor divide(Tensor a, Tensor b) {
    return binary("divide", a, b);
  }

  @Override
  public Tensor maximum(Tensor a, Tensor b) {
    return binary("maximum", a, b);
  }

  @Override
  public Tensor minimum(Tensor a, Tensor b) {
    return binary("minimum", a, b);
  }

  @Override
  public Tensor negate(Tensor x) {
    return record("negate " + x, x.dtype(), ShapeRules.negate(x));
  }

  @Override
  public Tensor exponential(Tensor x) {
    return unary("exponential", x);
  }

  @Override
  public Tensor rsqrt(Tensor x) {
    return unary("rsqrt", x);
  }

  @Override
  public Tensor logistic(Tensor x) {
    return unary("logistic", x);
  }

  @Override
  public Tensor cosine(Tensor x) {
    return unary("cosine", x);
  }

  @Override
  public Tensor sine(Tensor x) {
    return unary("sine", x);
  }

  @Override
  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
    Shape result = ShapeRules.compare(a, b);
    return record("compare " + direction + " " + a + " " + b, DType.BOOL, result);
  }

  @Override
  public Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    Shape result = ShapeRules.select(predicate, onTrue, onFalse);
    return record("select " + predicate + onTrue + onFalse, onTrue.dtype(), result);
  }

  @Override
  public Tensor and(Tensor a, Tensor b) {
    return record("and " + a + b, DType.BOOL, ShapeRules.logical("and", a, b));
  }

  @Override
  public Tensor or(Tensor a, Tensor b) {
    return record("or " + a + b, DType.BOOL, ShapeRules.logical("or", a, b));
  }

  @Override
  public Tensor not(Tensor x) {
    return record("not " + x, DType.BOOL, ShapeRules.not(x));
  }

  @Override
  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    return record("dot " + a + b + dims, dtype, ShapeRules.dot(a, b, dims, dtype));
  }

  @Override
  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    Shape result = ShapeRules.reduce(x, axes);
    return record("reduce " + reduction + x + Arrays.toString(axes), x.dtype(), result);
  }

  @Override
  public TopK topK(Tensor x, int k) {
    Shape result = ShapeRules.topK(x, k);
    Node values = record("topK.values " + x, x.dtype(), result);
    return new TopK(values, record("topK.indices " + x, DType.I32, result));
  }

  @Override
  public Tensor gather(Tensor x, Tensor indices, int... axes) {
    Shape result = ShapeRules.gather(x, indices, axes);
    return record("gather " + x + indices + Arrays.toString(axes), x.dtype(), result);
  }

  @Override
  public Tensor read(State state) {
    TensorSpec spec = state.spec();
    lines.add("read " + state);
    return new Node(lines.size() - 1, spec.dtype(), spec.shape(), List.of(state(state)));
  }

  @Override
  public State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    ShapeRules.scatterInto(state, indices, updates, axes);
    lines.add("scatterInto " + state + indices + updates + Arrays.toString(axes));
    return state(state).consume();
  }

  @Override
  public State updateInto(State state, Tensor block, long... starts) {
    ShapeRules.updateInto(state, block, starts);
    lines.add("updateInto " + state + block + Arrays.toString(starts));
    return state(state).consume();
  }
}

package org.smollm3.conformance.bounds;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * How operands' errors go through each operation: moved by no more than their errors, most of them
 * by all of it, they move the result by no more than its bound. Nothing is rounded here.
 */
class PropagationTest {
  private static final Shape SHAPE = Shape.of(3, 4);
  private static final int TRIES = 25;

  /** What doubles themselves are off by, relative to values of size 1. */
  private static final double DOUBLES = 1e-12;

  /** An operation on two operands of [3, 4]. */
  private interface Operation {
    Tensor of(TensorOps ops, Tensor a, Tensor b);
  }

  private static Tensor one(TensorOps ops) {
    return ops.broadcast(ops.scalar(DType.F32, 1), SHAPE);
  }

  private static Tensor row(TensorOps ops, Tensor x) {
    return ops.reshape(ops.slice(x, 0, 0, 1), Shape.of(4));
  }

  private static final Map<String, Operation> OPERATIONS = new LinkedHashMap<>();

  static {
    OPERATIONS.put("add", TensorOps::add);
    OPERATIONS.put("subtract", TensorOps::subtract);
    OPERATIONS.put("multiply", TensorOps::multiply);
    OPERATIONS.put("divide", (o, a, b) -> o.divide(a, o.add(o.multiply(b, b), one(o))));
    OPERATIONS.put("maximum", TensorOps::maximum);
    OPERATIONS.put("minimum", TensorOps::minimum);
    OPERATIONS.put("negate", (o, a, b) -> o.negate(a));
    OPERATIONS.put("exponential", (o, a, b) -> o.exponential(a));
    OPERATIONS.put("rsqrt", (o, a, b) -> o.rsqrt(o.exponential(a)));
    OPERATIONS.put("logistic", (o, a, b) -> o.logistic(a));
    OPERATIONS.put("cosine", (o, a, b) -> o.cosine(a));
    OPERATIONS.put("sine", (o, a, b) -> o.sine(a));
    OPERATIONS.put("convert", (o, a, b) -> o.convert(o.convert(a, DType.BF16), DType.F32));
    OPERATIONS.put("transpose", (o, a, b) -> o.transpose(a, 1, 0));
    OPERATIONS.put("pad", (o, a, b) -> o.pad(a, 1, 1, 2, 7));
    OPERATIONS.put("concatenate", (o, a, b) -> o.concatenate(0, List.of(a, one(o), b)));
    OPERATIONS.put(
        "select",
        (o, a, b) -> {
          Tensor index = o.iota(SHAPE, 1);
          Tensor two = o.broadcast(o.scalar(DType.I32, 2), SHAPE);
          return o.select(o.compare(Comparison.LT, index, two), a, b);
        });
    OPERATIONS.put(
        "gather",
        (o, a, b) -> o.gather(a, o.constant(HostTensor.ofInts(Shape.of(3, 1), 2, 0, 2)), 0));
    OPERATIONS.put("dot", (o, a, b) -> o.dot(a, b, DotDims.lastWithLast(2, 2), DType.F32));
    OPERATIONS.put("reduce SUM", (o, a, b) -> o.reduce(a, Reduction.SUM, 1));
    OPERATIONS.put("reduce MAX", (o, a, b) -> o.reduce(a, Reduction.MAX, 0));
    OPERATIONS.put("reduce MIN", (o, a, b) -> o.reduce(a, Reduction.MIN, 1));
    OPERATIONS.put(
        "linear", (o, a, b) -> o.linear(a, b, Optional.of(o.slice(row(o, b), 0, 0, 3)), DType.F32));
    OPERATIONS.put("rmsNorm", (o, a, b) -> o.rmsNorm(a, row(o, b), 1e-6));
    OPERATIONS.put("swiGlu", TensorOps::swiGlu);
    OPERATIONS.put("softmax", (o, a, b) -> o.softmax(o.add(a, b)));
    OPERATIONS.put("cumulativeSum", (o, a, b) -> o.cumulativeSum(a));
  }

  /** Where one element alone decides, or all pull one way now and then: the bound is reached. */
  private static final Set<String> REACHED =
      Set.of(
          "add",
          "subtract",
          "multiply",
          "maximum",
          "minimum",
          "negate",
          "exponential",
          "rsqrt",
          "logistic",
          "cosine",
          "sine",
          "dot",
          "reduce SUM",
          "reduce MAX",
          "linear",
          "swiGlu");

  static Set<String> operations() {
    return OPERATIONS.keySet();
  }

  private static HostTensor random(Random random, double scale, Shape shape) {
    HostTensor tensor = HostTensor.zeros(DType.F32, shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, scale * random.nextGaussian());
    }
    return tensor;
  }

  /** A value, how far it may move, and which part of that it does: mostly all of it. */
  private static void operand(
      Map<String, HostTensor> inputs, String name, Random random, double off, Shape shape) {
    inputs.put(name, random(random, 1.5, shape));
    HostTensor error = random(random, off, shape);
    HostTensor part = HostTensor.zeros(DType.F32, shape);
    for (long i = 0; i < error.size(); i++) {
      error.setDouble(i, Math.abs(error.getDouble(i)));
      boolean all = random.nextInt(4) > 0;
      part.setDouble(i, all ? (random.nextBoolean() ? 1 : -1) : 2 * random.nextDouble() - 1);
    }
    inputs.put(name + ".error", error);
    inputs.put(name + ".part", part);
  }

  private static BoundedTensor bounded(GraphContext context, String name) {
    return new BoundedTensor(context.input(name), Optional.of(context.input(name + ".error")));
  }

  private static Tensor moved(GraphContext context, String name) {
    TensorOps ops = context.ops();
    Tensor way = ops.multiply(context.input(name + ".error"), context.input(name + ".part"));
    return ops.add(context.input(name), way);
  }

  private static GraphResult results(BoundedTensor bounded, Tensor moved) {
    return new GraphResult(
        Map.of("y", bounded.value(), "y.error", bounded.error().orElseThrow(), "moved", moved),
        Map.of());
  }

  /** The ratio of the worst move to its bound. */
  private static double worst(Outputs outputs) {
    double worst = 0;
    for (long i = 0; i < outputs.get("y").size(); i++) {
      double bound = outputs.get("y.error").getDouble(i);
      double off = Math.abs(outputs.get("moved").getDouble(i) - outputs.get("y").getDouble(i));
      assertThat(off).isLessThanOrEqualTo(bound + DOUBLES);
      worst = Math.max(worst, off < DOUBLES ? 0 : off / bound);
    }
    return worst;
  }

  @ParameterizedTest
  @MethodSource("operations")
  void noResultMovesFurtherThanItsBound(String name) {
    Operation operation = OPERATIONS.get(name);
    assertThat(operation).isNotNull();
    for (double off : new double[] {1e-4, 0.1}) {
      double worst = 0;
      for (int seed = 0; seed < TRIES; seed++) {
        Random random = new Random(seed);
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        operand(inputs, "a", random, off, SHAPE);
        operand(inputs, "b", random, off, SHAPE);
        Outputs outputs =
            Judge.run(
                Judge.program(
                    inputs,
                    List.of(),
                    context -> {
                      TensorOps ops = context.ops();
                      BoundedOps bounds = new BoundedOps(ops, Judge.noRoundoffs());
                      Tensor y = operation.of(bounds, bounded(context, "a"), bounded(context, "b"));
                      Tensor moved = operation.of(ops, moved(context, "a"), moved(context, "b"));
                      return results(BoundedTensor.of(y), moved);
                    }),
                inputs);
        worst = Math.max(worst, worst(outputs));
      }
      assertThat(worst).isGreaterThan(REACHED.contains(name) && off < 0.01 ? 0.9 : 0.1);
    }
  }

  /** Two tokens at positions 3 and 4, of which two heads see one key-value head. */
  @Test
  void noAttentionMovesFurtherThanItsBound() {
    for (OptionalInt window : List.of(OptionalInt.empty(), OptionalInt.of(3))) {
      double worst = 0;
      for (int seed = 0; seed < TRIES; seed++) {
        Random random = new Random(seed);
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        operand(inputs, "q", random, 1e-2, Shape.of(1, 2, 2, 4));
        operand(inputs, "k", random, 1e-2, Shape.of(1, 1, 2, 4));
        operand(inputs, "v", random, 1e-2, Shape.of(1, 1, 2, 4));
        operand(inputs, "kc", random, 1e-2, Shape.of(1, 1, 6, 4));
        operand(inputs, "vc", random, 1e-2, Shape.of(1, 1, 6, 4));
        AttentionSpec spec = new AttentionSpec(AttentionKind.CHUNKED_PREFILL, 0.5, window);
        worst = Math.max(worst, worst(Judge.run(attention(inputs, spec), inputs)));
      }
      assertThat(worst).isGreaterThan(0.3);
    }
  }

  private static ProgramSpec attention(Map<String, HostTensor> inputs, AttentionSpec spec) {
    Shape cache = Shape.of(1, 1, 6, 4);
    List<TensorSpec> states =
        Stream.of("kc", "vc", "kc.error", "vc.error", "kc.moved", "vc.moved")
            .map(name -> new TensorSpec(name, DType.F32, cache))
            .toList();
    return Judge.program(
        inputs,
        states,
        context -> {
          TensorOps ops = context.ops();
          Map<String, State> full = new LinkedHashMap<>();
          for (String name : List.of("kc", "vc")) {
            full.put(name, filled(context, name, context.input(name)));
            full.put(
                name + ".error", filled(context, name + ".error", context.input(name + ".error")));
            full.put(name + ".moved", filled(context, name + ".moved", moved(context, name)));
          }
          Tensor slots = ops.constant(HostTensor.ofInts(Shape.of(1), 0));
          Tensor at = ops.constant(HostTensor.ofInts(Shape.of(1, 2), 3, 4));
          Tensor y =
              new BoundedOps(ops, Judge.noRoundoffs())
                  .attend(
                      bounded(context, "q"),
                      new BoundedState(full.get("kc"), full.get("kc.error")),
                      new BoundedState(full.get("vc"), full.get("vc.error")),
                      bounded(context, "k"),
                      bounded(context, "v"),
                      BoundedTensor.exact(slots),
                      BoundedTensor.exact(at),
                      spec);
          Tensor moved =
              ops.attend(
                  moved(context, "q"),
                  full.get("kc.moved"),
                  full.get("vc.moved"),
                  moved(context, "k"),
                  moved(context, "v"),
                  slots,
                  at,
                  spec);
          return new GraphResult(results(BoundedTensor.of(y), moved).outputs(), full);
        });
  }

  private static State filled(GraphContext context, String state, Tensor values) {
    return context.ops().updateInto(context.state(state), values, 0, 0, 0, 0);
  }
}

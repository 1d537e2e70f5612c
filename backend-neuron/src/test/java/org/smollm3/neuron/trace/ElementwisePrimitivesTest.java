package org.smollm3.neuron.trace;

import static org.smollm3.neuron.trace.Coordinates.assertEqual;
import static org.smollm3.neuron.trace.Coordinates.assertNear;
import static org.smollm3.neuron.trace.Coordinates.assertSame;

import java.util.List;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntBinaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Traced element-wise primitives, run by the evaluator, are what the SPI says. */
class ElementwisePrimitivesTest {
  private static final int TRIES = 60;
  private static final List<DType> FLOATING = List.of(DType.F32, DType.BF16, DType.F16);

  private interface Unary {
    Tensor apply(TensorOps ops, Tensor x);
  }

  private interface Binary {
    Tensor apply(TensorOps ops, Tensor a, Tensor b);
  }

  private static Shape shape(Random random) {
    return OneOp.shape(random, random.nextInt(4));
  }

  // ---- arithmetic: as if exact, then rounded ----

  private static void arithmetic(
      long seed, Binary op, DoubleBinaryOperator floating, IntBinaryOperator integers) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    for (DType dtype : FLOATING) {
      HostTensor a = OneOp.odd(random, dtype, shape);
      HostTensor b = OneOp.odd(random, dtype, shape);
      // Of two floats a double holds the result closely enough for one rounding.
      HostTensor wanted =
          Coordinates.make(
              dtype,
              shape,
              i -> floating.applyAsDouble(Coordinates.get(a, i), Coordinates.get(b, i)));
      assertSame(OneOp.run((ops, x) -> op.apply(ops, x.get(0), x.get(1)), a, b), wanted);
    }
    HostTensor a = OneOp.odd(random, DType.I32, shape);
    HostTensor b = OneOp.odd(random, DType.I32, shape);
    HostTensor wanted = HostTensor.zeros(DType.I32, shape);
    for (long i = 0; i < wanted.size(); i++) {
      wanted.setLong(i, integers.applyAsInt(a.getInt(i), b.getInt(i)));
    }
    assertSame(OneOp.run((ops, x) -> op.apply(ops, x.get(0), x.get(1)), a, b), wanted);
  }

  @Property(tries = TRIES)
  void add(@ForAll long seed) {
    arithmetic(seed, TensorOps::add, Double::sum, Integer::sum);
  }

  @Property(tries = TRIES)
  void subtract(@ForAll long seed) {
    arithmetic(seed, TensorOps::subtract, (a, b) -> a - b, (a, b) -> a - b);
  }

  @Property(tries = TRIES)
  void multiply(@ForAll long seed) {
    arithmetic(seed, TensorOps::multiply, (a, b) -> a * b, (a, b) -> a * b);
  }

  @Property(tries = TRIES)
  void divide(@ForAll long seed) {
    arithmetic(
        seed,
        TensorOps::divide,
        (a, b) -> a / b,
        (a, b) -> b == 0 ? -1 : a == Integer.MIN_VALUE && b == -1 ? a : a / b);
  }

  @Property(tries = TRIES)
  void maximum(@ForAll long seed) {
    arithmetic(seed, TensorOps::maximum, Math::max, Math::max);
  }

  @Property(tries = TRIES)
  void minimum(@ForAll long seed) {
    arithmetic(seed, TensorOps::minimum, Math::min, Math::min);
  }

  @Property(tries = TRIES)
  void negate(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16, DType.I32)) {
      HostTensor x = OneOp.odd(random, dtype, shape);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              shape,
              i -> dtype == DType.I32 ? -(int) Coordinates.get(x, i) : -Coordinates.get(x, i));
      assertSame(OneOp.run((ops, in) -> ops.negate(in.get(0)), x), wanted);
    }
  }

  // ---- functions: a few units in the last place of float32, then rounded ----

  private static void function(long seed, Unary op, DoubleUnaryOperator definition) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    for (DType dtype : FLOATING) {
      HostTensor x = OneOp.odd(random, dtype, shape);
      HostTensor wanted =
          Coordinates.make(dtype, shape, i -> definition.applyAsDouble(Coordinates.get(x, i)));
      assertNear(OneOp.run((ops, in) -> op.apply(ops, in.get(0)), x), wanted, 4, wanted);
    }
  }

  @Property(tries = TRIES)
  void exponential(@ForAll long seed) {
    function(seed, TensorOps::exponential, Math::exp);
  }

  @Property(tries = TRIES)
  void rsqrt(@ForAll long seed) {
    function(seed, TensorOps::rsqrt, x -> 1 / Math.sqrt(x));
  }

  @Property(tries = TRIES)
  void logistic(@ForAll long seed) {
    function(seed, TensorOps::logistic, x -> 1 / (1 + Math.exp(-x)));
  }

  @Property(tries = TRIES)
  void cosine(@ForAll long seed) {
    function(seed, TensorOps::cosine, Math::cos);
  }

  @Property(tries = TRIES)
  void sine(@ForAll long seed) {
    function(seed, TensorOps::sine, Math::sin);
  }

  // ---- truth ----

  private static boolean holds(Comparison direction, double a, double b) {
    return switch (direction) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> a < b;
      case LE -> a <= b;
      case GT -> a > b;
      case GE -> a >= b;
    };
  }

  @Property(tries = TRIES)
  void compare(@ForAll long seed, @ForAll Comparison direction) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32, DType.BOOL)) {
      HostTensor a = OneOp.odd(random, dtype, shape);
      HostTensor b = OneOp.odd(random, dtype, shape);
      HostTensor wanted =
          Coordinates.make(
              DType.BOOL,
              shape,
              i -> holds(direction, Coordinates.get(a, i), Coordinates.get(b, i)) ? 1 : 0);
      assertSame(OneOp.run((ops, x) -> ops.compare(direction, x.get(0), x.get(1)), a, b), wanted);
    }
  }

  @Property(tries = TRIES)
  void select(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    HostTensor predicate = OneOp.odd(random, DType.BOOL, shape);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32, DType.BOOL)) {
      HostTensor a = OneOp.odd(random, dtype, shape);
      HostTensor b = OneOp.odd(random, dtype, shape);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              shape,
              i ->
                  Coordinates.get(predicate, i) != 0
                      ? Coordinates.get(a, i)
                      : Coordinates.get(b, i));
      assertSame(
          OneOp.run((ops, x) -> ops.select(x.get(0), x.get(1), x.get(2)), predicate, a, b), wanted);
    }
  }

  private static void logical(long seed, Binary op, IntBinaryOperator definition) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    HostTensor a = OneOp.odd(random, DType.BOOL, shape);
    HostTensor b = OneOp.odd(random, DType.BOOL, shape);
    HostTensor wanted = HostTensor.zeros(DType.BOOL, shape);
    for (long i = 0; i < wanted.size(); i++) {
      wanted.setLong(i, definition.applyAsInt(a.getInt(i), b.getInt(i)));
    }
    assertSame(OneOp.run((ops, x) -> op.apply(ops, x.get(0), x.get(1)), a, b), wanted);
  }

  @Property(tries = TRIES)
  void and(@ForAll long seed) {
    logical(seed, TensorOps::and, (a, b) -> a & b);
  }

  @Property(tries = TRIES)
  void or(@ForAll long seed) {
    logical(seed, TensorOps::or, (a, b) -> a | b);
  }

  @Property(tries = TRIES)
  void not(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    HostTensor x = OneOp.odd(random, DType.BOOL, shape);
    HostTensor wanted = Coordinates.make(DType.BOOL, shape, i -> 1 - Coordinates.get(x, i));
    assertSame(OneOp.run((ops, in) -> ops.not(in.get(0)), x), wanted);
  }

  // ---- values ----

  @Property(tries = TRIES)
  void convert(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    List<DType> all = List.of(DType.F32, DType.BF16, DType.F16, DType.I32, DType.BOOL);
    for (DType from : all) {
      for (DType to : all) {
        HostTensor x = OneOp.odd(random, from, shape);
        HostTensor wanted = Coordinates.make(to, shape, i -> converted(Coordinates.get(x, i), to));
        assertEqual(OneOp.run((ops, in) -> ops.convert(in.get(0), to), x), wanted);
      }
    }
  }

  private static double converted(double value, DType to) {
    return switch (to) {
      case BOOL -> value != 0 ? 1 : 0;
      case I32 -> (int) value;
      default -> value;
    };
  }

  @Property(tries = TRIES)
  void constant(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = shape(random);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16, DType.I32, DType.BOOL)) {
      HostTensor value = OneOp.odd(random, dtype, shape);
      assertSame(OneOp.run((ops, x) -> ops.constant(value)), value);
    }
  }

  @Property(tries = TRIES)
  void scalar(@ForAll long seed) {
    double value = new Random(seed).nextGaussian() * 100;
    for (DType dtype : FLOATING) {
      HostTensor wanted = Coordinates.make(dtype, Shape.scalar(), i -> value);
      assertSame(OneOp.run((ops, x) -> ops.scalar(dtype, value)), wanted);
    }
    HostTensor whole = Coordinates.make(DType.I32, Shape.scalar(), i -> Math.rint(value));
    assertSame(OneOp.run((ops, x) -> ops.scalar(DType.I32, Math.rint(value))), whole);
  }
}

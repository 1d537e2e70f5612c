package org.smollm3.conformance.operations;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Operations that move elements and keep their bits. */
final class LayoutChecks {
  private LayoutChecks() {}

  private static final Param<Integer> ROWS = Param.oneOf("rows", 1, 2, 16, 256, 4096);
  private static final Param<Integer> A = Inputs.size("a", 5);
  private static final Param<Integer> B = Inputs.size("b", 4);
  private static final Param<Integer> C = Inputs.size("c", 7);
  private static final Param<Integer> D = Inputs.size("d", 3);
  private static final Param<Integer> AXIS = Param.integer("axis", 0, 2);
  private static final Param<Integer> PARTS = Inputs.size("parts", 4);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-TRANSPOSE-01", CaseSpace.fixed(ROWS), Tries.of(1, 5), LayoutChecks::transposed),
        new RuleCheck(
            "OP-TRANSPOSE-02",
            CaseSpace.of(A, B, C, D, Inputs.DTYPE),
            Tries.of(9, 30),
            LayoutChecks::permuted),
        new RuleCheck(
            "OP-RESHAPE-01",
            CaseSpace.fixed(ROWS).telling(ROWS, "2", "16", "256"),
            Tries.of(1, 5),
            LayoutChecks::reshaped),
        new RuleCheck(
            "OP-BROADCAST-01",
            CaseSpace.of(A, B, C, Inputs.DTYPE).telling(A, "2", "3", "4").telling(B, "2", "3", "4"),
            Tries.of(8, 30),
            LayoutChecks::broadcast),
        new RuleCheck(
            "OP-SLICE-01",
            CaseSpace.of(A, B, C, AXIS, Inputs.DTYPE),
            Tries.of(12, 30),
            LayoutChecks::sliced),
        new RuleCheck(
            "OP-CONCAT-01",
            CaseSpace.of(A, B, C, AXIS, PARTS, Inputs.DTYPE).telling(PARTS, "2", "3", "4"),
            Tries.of(12, 30),
            LayoutChecks::concatenated),
        new RuleCheck(
            "OP-PAD-01",
            CaseSpace.of(A, B, C, AXIS, Inputs.DTYPE),
            Tries.of(8, 30),
            LayoutChecks::padded),
        new RuleCheck("OP-CONSTANT-01", CaseSpace.fixed(), Tries.ONCE, LayoutChecks::constant));
  }

  /** Every bfloat16 there is, in rows, transposed. */
  private static void transposed(BackendUnderTest backend, Case c, Findings findings) {
    int rows = c.get(ROWS);
    int columns = 65_536 / rows;
    HostTensor x = Values.allPatterns(DType.BF16).reshaped(Shape.of(rows, columns));
    SmallProgram.of(
            Map.of("x", x),
            DType.BF16,
            context -> context.ops().transpose(context.input("x"), 1, 0))
        .judgeBits(
            backend,
            findings,
            moved(x, Shape.of(columns, rows), i -> i % rows * columns + i / rows));
  }

  private static void reshaped(BackendUnderTest backend, Case c, Findings findings) {
    int rows = c.get(ROWS);
    HostTensor x = Values.allPatterns(DType.BF16).reshaped(Shape.of(65_536 / rows, rows));
    Shape shape = Shape.of(rows, 65_536 / rows);
    SmallProgram.of(
            Map.of("x", x), DType.BF16, context -> context.ops().reshape(context.input("x"), shape))
        .judgeBits(backend, findings, x.reshaped(shape));
  }

  private static void permuted(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    List<Integer> order = new ArrayList<>(IntStream.range(0, 4).boxed().toList());
    Collections.shuffle(order, random);
    int[] permutation = order.stream().mapToInt(Integer::intValue).toArray();
    HostTensor x = patterns(c, Shape.of(c.get(A), c.get(B), c.get(C), c.get(D)), random);
    Shape shape = Shape.of(order.stream().mapToLong(axis -> x.shape().dim(axis)).toArray());
    judge(
        backend,
        findings,
        x,
        context -> context.ops().transpose(context.input("x"), permutation),
        moved(
            x,
            shape,
            i -> {
              long[] to = Places.of(shape, i);
              long[] from = new long[4];
              for (int axis = 0; axis < 4; axis++) {
                from[permutation[axis]] = to[axis];
              }
              return Places.number(x.shape(), from);
            }));
  }

  /** [a, c] along a new axis in the middle. */
  private static void broadcast(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x = patterns(c, Shape.of(c.get(A), c.get(C)), c.random());
    Shape shape = Shape.of(c.get(A), c.get(B), c.get(C));
    judge(
        backend,
        findings,
        x,
        context -> context.ops().broadcast(context.input("x"), shape, 0, 2),
        moved(
            x,
            shape,
            i -> {
              long[] to = Places.of(shape, i);
              return Places.number(x.shape(), to[0], to[2]);
            }));
  }

  private static void sliced(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int axis = c.get(AXIS);
    HostTensor x = patterns(c, Shape.of(c.get(A), c.get(B), c.get(C)), random);
    long dim = x.shape().dim(axis);
    long start = random.nextLong(dim);
    long limit = random.nextLong(start, dim) + 1;
    Shape shape = x.shape().with(axis, limit - start);
    judge(
        backend,
        findings,
        x,
        context -> context.ops().slice(context.input("x"), axis, start, limit),
        moved(
            x,
            shape,
            i -> {
              long[] place = Places.of(shape, i);
              place[axis] += start;
              return Places.number(x.shape(), place);
            }));
  }

  /** Slices of one tensor, of random sizes, put together again, is that tensor. */
  private static void concatenated(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int axis = c.get(AXIS);
    long each = c.get(PARTS);
    HostTensor x = patterns(c, Shape.of(c.get(A), c.get(B), c.get(C)), random);
    judge(
        backend,
        findings,
        x,
        context -> {
          List<Tensor> parts = new ArrayList<>();
          long dim = x.shape().dim(axis);
          for (long from = 0; from < dim; from += each) {
            parts.add(
                context.ops().slice(context.input("x"), axis, from, Math.min(dim, from + each)));
          }
          return context.ops().concatenate(axis, parts);
        },
        x);
  }

  private static void padded(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int axis = c.get(AXIS);
    HostTensor x = patterns(c, Shape.of(c.get(A), c.get(B), c.get(C)), random);
    long low = random.nextLong(4);
    long high = random.nextLong(4);
    Shape shape = x.shape().with(axis, x.shape().dim(axis) + low + high);
    HostTensor expected = HostTensor.zeros(x.dtype(), shape);
    for (long i = 0; i < expected.size(); i++) {
      long[] place = Places.of(shape, i);
      place[axis] -= low;
      boolean inside = place[axis] >= 0 && place[axis] < x.shape().dim(axis);
      if (inside) {
        copy(x, Places.number(x.shape(), place), expected, i);
      } else {
        expected.setDouble(i, -1.5);
      }
    }
    judge(
        backend,
        findings,
        x,
        context -> context.ops().pad(context.input("x"), axis, low, high, -1.5),
        expected);
  }

  private static void constant(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor all = Values.allPatterns(DType.BF16);
    SmallProgram.of(
            Map.of("unused", HostTensor.zeros(DType.BF16, Shape.of(1))),
            DType.BF16,
            context -> context.ops().constant(all))
        .judgeBits(backend, findings, all);
  }

  private static void judge(
      BackendUnderTest backend,
      Findings findings,
      HostTensor x,
      Function<GraphContext, Tensor> body,
      HostTensor expected) {
    SmallProgram.of(Map.of("x", x), x.dtype(), body).judgeBits(backend, findings, expected);
  }

  /** Any bits there are: NaN, infinities, subnormals and both zeros among them. */
  private static HostTensor patterns(Case c, Shape shape, Random random) {
    HostTensor tensor = HostTensor.zeros(c.get(Inputs.DTYPE), shape);
    byte[] bytes = new byte[Math.toIntExact(tensor.segment().byteSize())];
    random.nextBytes(bytes);
    tensor.segment().copyFrom(MemorySegment.ofArray(bytes));
    return tensor;
  }

  /** Element i of the result is element {@code from(i)} of x. */
  private static HostTensor moved(HostTensor x, Shape shape, LongUnaryOperator from) {
    HostTensor result = HostTensor.zeros(x.dtype(), shape);
    for (long i = 0; i < result.size(); i++) {
      copy(x, from.applyAsLong(i), result, i);
    }
    return result;
  }

  private static void copy(HostTensor source, long from, HostTensor target, long to) {
    int bytes = source.dtype().byteSize();
    target
        .segment()
        .asSlice(to * bytes, bytes)
        .copyFrom(source.segment().asSlice(from * bytes, bytes));
  }
}

package org.smollm3.neuron.trace;

import static org.smollm3.neuron.trace.Coordinates.assertSame;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Traced primitives that only move elements, run by the evaluator, are what the SPI says. */
class LayoutPrimitivesTest {
  private static final int TRIES = 60;
  private static final List<DType> TYPES =
      List.of(DType.F32, DType.BF16, DType.F16, DType.I32, DType.BOOL);

  private static int[] permutation(Random random, int rank) {
    List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.shuffle(axes, random);
    return axes.stream().mapToInt(Integer::intValue).toArray();
  }

  @Property(tries = TRIES)
  void iota(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = OneOp.shape(random, 1 + random.nextInt(3));
    int axis = random.nextInt(shape.rank());
    HostTensor wanted = Coordinates.make(DType.I32, shape, i -> i[axis]);
    assertSame(OneOp.run((ops, x) -> ops.iota(shape, axis)), wanted);
  }

  @Property(tries = TRIES)
  void broadcast(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = OneOp.shape(random, random.nextInt(5));
    int[] axes = IntStream.range(0, shape.rank()).filter(axis -> random.nextBoolean()).toArray();
    Shape from = Shape.of(IntStream.of(axes).mapToLong(shape::dim).toArray());
    for (DType dtype : TYPES) {
      HostTensor x = OneOp.odd(random, dtype, from);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              shape,
              i -> Coordinates.get(x, IntStream.of(axes).mapToLong(axis -> i[axis]).toArray()));
      assertSame(OneOp.run((ops, in) -> ops.broadcast(in.get(0), shape, axes), x), wanted);
    }
  }

  @Property(tries = TRIES)
  void reshape(@ForAll long seed) {
    Random random = new Random(seed);
    Shape from = OneOp.shape(random, 3);
    Shape to = Shape.of(from.dim(0) * from.dim(1), 1, from.dim(2));
    for (DType dtype : TYPES) {
      HostTensor x = OneOp.odd(random, dtype, from);
      assertSame(OneOp.run((ops, in) -> ops.reshape(in.get(0), to), x), x.reshaped(to));
    }
  }

  @Property(tries = TRIES)
  void transpose(@ForAll long seed) {
    Random random = new Random(seed);
    Shape from = OneOp.shape(random, random.nextInt(5));
    int[] order = permutation(random, from.rank());
    Shape to = Shape.of(IntStream.of(order).mapToLong(from::dim).toArray());
    for (DType dtype : TYPES) {
      HostTensor x = OneOp.odd(random, dtype, from);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              to,
              i -> {
                long[] place = new long[order.length];
                for (int axis = 0; axis < order.length; axis++) {
                  place[order[axis]] = i[axis];
                }
                return Coordinates.get(x, place);
              });
      assertSame(OneOp.run((ops, in) -> ops.transpose(in.get(0), order), x), wanted);
    }
  }

  private static long[] moved(long[] place, int axis, long by) {
    long[] result = place.clone();
    result[axis] += by;
    return result;
  }

  @Property(tries = TRIES)
  void slice(@ForAll long seed) {
    Random random = new Random(seed);
    Shape from = OneOp.shape(random, 1 + random.nextInt(3));
    int axis = random.nextInt(from.rank());
    long start = random.nextLong(from.dim(axis) + 1);
    long limit = start + random.nextLong(from.dim(axis) - start + 1);
    for (DType dtype : TYPES) {
      HostTensor x = OneOp.odd(random, dtype, from);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              from.with(axis, limit - start),
              i -> Coordinates.get(x, moved(i, axis, start)));
      assertSame(OneOp.run((ops, in) -> ops.slice(in.get(0), axis, start, limit), x), wanted);
    }
  }

  @Property(tries = TRIES)
  void concatenate(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = OneOp.shape(random, 1 + random.nextInt(3));
    int axis = random.nextInt(shape.rank());
    for (DType dtype : TYPES) {
      HostTensor[] parts = new HostTensor[1 + random.nextInt(3)];
      long size = 0;
      for (int i = 0; i < parts.length; i++) {
        parts[i] = OneOp.odd(random, dtype, shape.with(axis, random.nextInt(5)));
        size += parts[i].shape().dim(axis);
      }
      HostTensor wanted =
          Coordinates.make(dtype, shape.with(axis, size), i -> element(parts, axis, i));
      assertSame(OneOp.run((ops, in) -> ops.concatenate(axis, in), parts), wanted);
    }
  }

  private static double element(HostTensor[] parts, int axis, long[] place) {
    long[] within = place.clone();
    int part = 0;
    while (within[axis] >= parts[part].shape().dim(axis)) {
      within[axis] -= parts[part].shape().dim(axis);
      part++;
    }
    return Coordinates.get(parts[part], within);
  }

  @Property(tries = TRIES)
  void pad(@ForAll long seed) {
    Random random = new Random(seed);
    Shape from = OneOp.shape(random, 1 + random.nextInt(3));
    int axis = random.nextInt(from.rank());
    long low = random.nextInt(4);
    long high = random.nextInt(4);
    long size = from.dim(axis);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32)) {
      double value = dtype == DType.I32 ? -7 : 0.3;
      HostTensor x = OneOp.odd(random, dtype, from);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              from.with(axis, low + size + high),
              i ->
                  i[axis] < low || i[axis] >= low + size
                      ? value
                      : Coordinates.get(x, moved(i, axis, -low)));
      assertSame(OneOp.run((ops, in) -> ops.pad(in.get(0), axis, low, high, value), x), wanted);
    }
  }
}

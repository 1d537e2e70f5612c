package org.smollm3.neuron.trace;

import static org.smollm3.neuron.trace.Coordinates.assertSame;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.smollm3.spi.State;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Traced reads and writes by index, run by the evaluator, are what the SPI says. */
class IndexedPrimitivesTest {
  private static final int TRIES = 80;
  private static final List<DType> TYPES = List.of(DType.F32, DType.BF16, DType.I32);

  /** Some axes of a tensor, and the others. */
  private record Axes(int[] indexed, int[] others) {
    static Axes random(Random random, int rank) {
      int first = random.nextInt(rank);
      int[] indexed =
          IntStream.range(0, rank).filter(a -> a == first || random.nextBoolean()).toArray();
      int[] others =
          IntStream.range(0, rank).filter(a -> Arrays.binarySearch(indexed, a) < 0).toArray();
      return new Axes(indexed, others);
    }

    /** Coordinates of the whole tensor. */
    long[] join(long[] index, long[] rest) {
      long[] place = new long[indexed.length + others.length];
      for (int i = 0; i < indexed.length; i++) {
        place[indexed[i]] = index[i];
      }
      for (int i = 0; i < others.length; i++) {
        place[others[i]] = rest[i];
      }
      return place;
    }
  }

  private static Shape positive(Random random, int rank) {
    return Shape.of(LongStream.generate(() -> 1 + random.nextInt(6)).limit(rank).toArray());
  }

  private static Shape append(Shape head, long... tail) {
    return Shape.of(
        LongStream.concat(Arrays.stream(head.toArray()), Arrays.stream(tail)).toArray());
  }

  private static long[] index(HostTensor indices, long tuple) {
    int size = indices.shape().intDim(-1);
    return LongStream.range(0, size).map(i -> indices.getLong(tuple * size + i)).toArray();
  }

  @Property(tries = TRIES)
  void gather(@ForAll long seed) {
    Random random = new Random(seed);
    Shape from = positive(random, 1 + random.nextInt(3));
    Axes axes = Axes.random(random, from.rank());
    Shape head = OneOp.shape(random, random.nextInt(3));
    // Also out of range: coordinates are clamped.
    HostTensor indices = OneOp.integers(random, append(head, axes.indexed().length), -3, 9);
    long[] rest = IntStream.of(axes.others()).mapToLong(from::dim).toArray();
    Shape to = append(head, rest);
    for (DType dtype : TYPES) {
      HostTensor x = OneOp.odd(random, dtype, from);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              to,
              place -> {
                long[] tuplePlace = Arrays.copyOf(place, head.rank());
                long[] index = index(indices, Coordinates.flat(head, tuplePlace));
                for (int i = 0; i < index.length; i++) {
                  index[i] = Math.clamp(index[i], 0L, from.dim(axes.indexed()[i]) - 1);
                }
                long[] other = Arrays.copyOfRange(place, head.rank(), place.length);
                return Coordinates.get(x, axes.join(index, other));
              });
      assertSame(
          OneOp.run((ops, in) -> ops.gather(in.get(0), in.get(1), axes.indexed()), x, indices),
          wanted);
    }
  }

  @Property(tries = TRIES)
  void scatterInto(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = positive(random, 1 + random.nextInt(3));
    Axes axes = Axes.random(random, shape.rank());
    HostTensor indices = distinct(random, shape, axes, 1 + random.nextInt(4));
    long tuples = indices.shape().dim(0);
    Shape rest = Shape.of(IntStream.of(axes.others()).mapToLong(shape::dim).toArray());
    for (DType dtype : TYPES) {
      HostTensor state = OneOp.odd(random, dtype, shape);
      HostTensor updates = OneOp.odd(random, dtype, append(Shape.of(tuples), rest.toArray()));
      HostTensor wanted = state.copy();
      for (long tuple = 0; tuple < tuples; tuple++) {
        long[] index = index(indices, tuple);
        if (isInside(shape, axes, index)) {
          for (long i = 0; i < rest.elementCount(); i++) {
            long[] place = axes.join(index, Coordinates.place(rest, i));
            wanted.setDouble(
                Coordinates.flat(shape, place), updates.getDouble(tuple * rest.elementCount() + i));
          }
        }
      }
      HostTensor got =
          OneOp.update(
              (ops, s, in) -> ops.scatterInto(s, in.get(0), in.get(1), axes.indexed()),
              state,
              indices,
              updates);
      assertSame(got, wanted);
    }
  }

  private static boolean isInside(Shape shape, Axes axes, long[] index) {
    return IntStream.range(0, index.length)
        .allMatch(i -> index[i] >= 0 && index[i] < shape.dim(axes.indexed()[i]));
  }

  /** Index tuples [count, m], some out of range, no two alike. */
  private static HostTensor distinct(Random random, Shape shape, Axes axes, int count) {
    int size = axes.indexed().length;
    Set<List<Long>> tuples = new HashSet<>();
    while (tuples.size() < count) {
      tuples.add(
          IntStream.of(axes.indexed())
              .mapToObj(axis -> random.nextLong(-1, shape.dim(axis) + 2))
              .toList());
    }
    HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(count, size));
    int at = 0;
    for (List<Long> tuple : tuples) {
      for (long coordinate : tuple) {
        indices.setLong(at++, coordinate);
      }
    }
    return indices;
  }

  @Property(tries = TRIES)
  void updateInto(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = positive(random, 1 + random.nextInt(3));
    long[] sizes = Arrays.stream(shape.toArray()).map(dim -> random.nextLong(dim + 1)).toArray();
    long[] starts =
        IntStream.range(0, sizes.length)
            .mapToLong(i -> random.nextLong(shape.dim(i) - sizes[i] + 1))
            .toArray();
    Shape part = Shape.of(sizes);
    for (DType dtype : TYPES) {
      HostTensor state = OneOp.odd(random, dtype, shape);
      HostTensor block = OneOp.odd(random, dtype, part);
      HostTensor wanted = state.copy();
      for (long i = 0; i < block.size(); i++) {
        long[] place = Coordinates.place(part, i);
        for (int axis = 0; axis < place.length; axis++) {
          place[axis] += starts[axis];
        }
        wanted.setDouble(Coordinates.flat(shape, place), block.getDouble(i));
      }
      HostTensor got =
          OneOp.update((ops, s, in) -> ops.updateInto(s, in.get(0), starts), state, block);
      assertSame(got, wanted);
    }
  }

  /** Reading before and after a write gives what was there then. */
  @Property(tries = TRIES)
  void read(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = positive(random, 2);
    HostTensor before = OneOp.odd(random, DType.F32, shape);
    HostTensor added = OneOp.plain(random, DType.F32, shape);
    HostTensor wanted =
        Coordinates.make(
            DType.F32, shape, i -> Coordinates.get(before, i) + Coordinates.get(added, i));
    HostTensor got =
        OneOp.update(
            (ops, state, in) -> {
              State written = ops.updateInto(state, ops.add(ops.read(state), in.get(0)), 0, 0);
              return ops.updateInto(written, ops.read(written), 0, 0);
            },
            before,
            added);
    assertSame(got, wanted);
  }
}

package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.neuron.evaluator.Naive.each;
import static org.smollm3.neuron.evaluator.Naive.get;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Operations on random arrays against their definitions, to the bit. */
class ReferenceTest {
  private static final int TRIES = 120;
  private static final List<ElementType> TYPES =
      List.of(
          ElementType.F32,
          ElementType.BF16,
          ElementType.F16,
          ElementType.F64,
          ElementType.S32,
          ElementType.PRED,
          ElementType.S64,
          ElementType.U8);

  private static ElementType type(Random random) {
    return TYPES.get(random.nextInt(TYPES.size()));
  }

  private static Shape shape(Random random, int rank) {
    return Shape.of(IntStream.range(0, rank).mapToLong(i -> 1 + random.nextInt(4)).toArray());
  }

  private static HostTensor tensor(Random random, ElementType type, Shape shape) {
    double[] values = new double[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = type == ElementType.PRED ? random.nextInt(2) : random.nextInt(200) / 2.0;
    }
    return Graph.tensor(type, shape, values);
  }

  private static List<Integer> permutation(Random random, int rank) {
    List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.shuffle(axes, random);
    return axes;
  }

  private static HloShape.Array of(HostTensor x, Shape shape) {
    return HloShape.of(x.dtype(), shape);
  }

  @Property(tries = TRIES)
  void broadcastRepeats(@ForAll Random random) {
    Shape result = shape(random, 4);
    List<Integer> places = permutation(random, 4).subList(0, random.nextInt(5));
    HostTensor x =
        tensor(random, type(random), Shape.of(places.stream().mapToLong(result::dim).toArray()));
    double[] wanted = each(result, index -> get(x, Naive.pick(index, places)));
    HloAttributes attributes = new HloAttributes.Dimensions(places);
    Graph graph = new Graph();
    HloInstruction y = graph.add(Opcode.BROADCAST, of(x, result), attributes, graph.parameter(x));
    assertThat(graph.doubles(y)).isEqualTo(wanted);
    // Within an element-wise operation it is loaded in another way.
    Graph fused = new Graph();
    HloInstruction z = fused.add(Opcode.BROADCAST, of(x, result), attributes, fused.parameter(x));
    HloInstruction zero = fused.parameter(HostTensor.zeros(x.dtype(), result));
    assertThat(fused.doubles(fused.ops.compare(Comparison.NE, z, zero)))
        .isEqualTo(each(result, index -> get(x, Naive.pick(index, places)) == 0 ? 0 : 1));
  }

  @Property(tries = TRIES)
  void transposePermutes(@ForAll Random random) {
    HostTensor x = tensor(random, type(random), shape(random, 4));
    List<Integer> axes = permutation(random, 4);
    Shape result = Shape.of(axes.stream().mapToLong(x.shape()::dim).toArray());
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.TRANSPOSE,
            of(x, result),
            new HloAttributes.Dimensions(axes),
            graph.parameter(x));
    assertThat(graph.doubles(y))
        .isEqualTo(
            each(
                result,
                index -> {
                  int[] from = new int[4];
                  for (int i = 0; i < 4; i++) {
                    from[axes.get(i)] = index[i];
                  }
                  return get(x, from);
                }));
  }

  @Property(tries = TRIES)
  void reverseTurnsAround(@ForAll Random random) {
    HostTensor x = tensor(random, type(random), shape(random, 3));
    List<Integer> axes = permutation(random, 3).subList(0, random.nextInt(4));
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.REVERSE,
            of(x, x.shape()),
            new HloAttributes.Dimensions(axes),
            graph.parameter(x));
    assertThat(graph.doubles(y))
        .isEqualTo(
            each(
                x.shape(),
                index -> {
                  axes.forEach(axis -> index[axis] = x.shape().intDim(axis) - 1 - index[axis]);
                  return get(x, index);
                }));
  }

  @Property(tries = TRIES)
  void sliceCuts(@ForAll Random random) {
    HostTensor x = tensor(random, type(random), Shape.of(5, 4, 6));
    List<Long> starts = new ArrayList<>();
    List<Long> limits = new ArrayList<>();
    List<Long> strides = new ArrayList<>();
    long[] dims = new long[3];
    for (int i = 0; i < 3; i++) {
      long start = random.nextInt(3);
      long limit = start + random.nextInt((int) (x.shape().dim(i) - start) + 1);
      long stride = 1 + random.nextInt(3);
      starts.add(start);
      limits.add(limit);
      strides.add(stride);
      dims[i] = (limit - start + stride - 1) / stride;
    }
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.SLICE,
            of(x, Shape.of(dims)),
            new HloAttributes.Slice(starts, limits, strides),
            graph.parameter(x));
    assertThat(graph.doubles(y))
        .isEqualTo(
            each(
                Shape.of(dims),
                index -> {
                  for (int i = 0; i < 3; i++) {
                    index[i] = (int) (starts.get(i) + index[i] * strides.get(i));
                  }
                  return get(x, index);
                }));
  }

  @Property(tries = TRIES)
  void padSurroundsAndCuts(@ForAll Random random) {
    ElementType type = type(random);
    HostTensor x = tensor(random, type, Shape.of(3, 4));
    HostTensor value = tensor(random, type, Shape.scalar());
    List<HloAttributes.Edge> edges = new ArrayList<>();
    long[] dims = new long[2];
    for (int i = 0; i < 2; i++) {
      HloAttributes.Edge edge =
          new HloAttributes.Edge(random.nextInt(5) - 2, random.nextInt(5) - 1, random.nextInt(3));
      long size = x.shape().dim(i);
      dims[i] = size + (size - 1) * edge.interior() + edge.low() + edge.high();
      edges.add(edge);
    }
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.PAD,
            of(x, Shape.of(dims)),
            new HloAttributes.Padding(edges),
            graph.parameter(x),
            graph.parameter(value));
    assertThat(graph.doubles(y))
        .isEqualTo(
            each(
                Shape.of(dims),
                index -> {
                  for (int i = 0; i < 2; i++) {
                    long at = index[i] - edges.get(i).low();
                    long step = edges.get(i).interior() + 1;
                    if (at < 0 || at % step != 0 || at / step >= x.shape().dim(i)) {
                      return value.getDouble(0);
                    }
                    index[i] = (int) (at / step);
                  }
                  return get(x, index);
                }));
  }

  @Property(tries = TRIES)
  void concatenateJoins(@ForAll Random random) {
    int along = random.nextInt(3);
    ElementType type = type(random);
    Shape first = shape(random, 3);
    HostTensor a = tensor(random, type, first);
    HostTensor b = tensor(random, type, first.with(along, 1 + random.nextInt(3)));
    int cut = a.shape().intDim(along);
    Shape result = first.with(along, cut + b.shape().dim(along));
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.CONCATENATE,
            of(a, result),
            new HloAttributes.Dimensions(List.of(along)),
            graph.parameter(a),
            graph.parameter(b));
    assertThat(graph.doubles(y))
        .isEqualTo(
            each(
                result,
                index -> {
                  if (index[along] < cut) {
                    return get(a, index);
                  }
                  index[along] -= cut;
                  return get(b, index);
                }));
  }

  @Property(tries = TRIES)
  void dotSumsInAscendingOrderInDouble(@ForAll Random random) {
    // Left [batch, m, k, k2] in any order of dimensions, right [batch, k, n, k2] in any order.
    long[] sizes = IntStream.range(0, 5).mapToLong(i -> 1 + random.nextInt(9)).toArray();
    List<Integer> leftOrder = permutation(random, 4);
    List<Integer> rightOrder = permutation(random, 4);
    int[] leftSize = {0, 1, 2, 3};
    int[] rightSize = {0, 2, 4, 3};
    HostTensor a = noise(random, leftOrder, leftSize, sizes);
    HostTensor b = noise(random, rightOrder, rightSize, sizes);
    DotDims dims =
        new DotDims(
            List.of(leftOrder.indexOf(0)),
            List.of(rightOrder.indexOf(0)),
            List.of(leftOrder.indexOf(2), leftOrder.indexOf(3)),
            List.of(rightOrder.indexOf(1), rightOrder.indexOf(3)));
    Shape result = Shape.of(sizes[0], sizes[1], sizes[4]);
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.DOT,
            HloShape.of(ElementType.BF16.dtype(), result),
            new HloAttributes.Dot(dims),
            graph.parameter(a),
            graph.parameter(b));
    double[] wanted =
        each(
            result,
            index -> {
              double sum = 0;
              for (int k = 0; k < sizes[2]; k++) {
                for (int l = 0; l < sizes[3]; l++) {
                  sum +=
                      get(a, Naive.pick(new int[] {index[0], index[1], k, l}, leftOrder))
                          * get(b, Naive.pick(new int[] {index[0], k, index[2], l}, rightOrder));
                }
              }
              return Graph.tensor(ElementType.BF16, Shape.scalar(), sum).getDouble(0);
            });
    assertThat(graph.doubles(y)).isEqualTo(wanted);
  }

  private static HostTensor noise(Random random, List<Integer> order, int[] size, long[] sizes) {
    Shape shape = Shape.of(order.stream().mapToLong(i -> sizes[size[i]]).toArray());
    ElementType type = random.nextBoolean() ? ElementType.F32 : ElementType.BF16;
    HostTensor x = HostTensor.zeros(type.dtype(), shape);
    for (int i = 0; i < x.size(); i++) {
      x.setDouble(i, random.nextGaussian());
    }
    return x;
  }

  @Property(tries = TRIES)
  void reduceFoldsEachOperation(@ForAll Random random) {
    boolean floating = random.nextBoolean();
    ElementType type = floating ? ElementType.F32 : ElementType.S32;
    HostTensor x = tensor(random, type, Shape.of(2 + random.nextInt(3), 3, 2, 5));
    List<Integer> reduced = permutation(random, 4).subList(0, random.nextInt(5));
    Opcode opcode = List.of(Opcode.ADD, Opcode.MAXIMUM, Opcode.MINIMUM).get(random.nextInt(3));
    List<Integer> kept = IntStream.range(0, 4).filter(i -> !reduced.contains(i)).boxed().toList();
    Shape result = Shape.of(kept.stream().mapToLong(x.shape()::dim).toArray());
    double[] wanted = new double[(int) result.elementCount()];
    java.util.Arrays.fill(wanted, 7);
    for (int i = 0; i < x.size(); i++) {
      int[] index = Naive.pick(Naive.index(x.shape(), i), kept);
      int at = 0;
      for (int j = 0; j < index.length; j++) {
        at = at * result.intDim(j) + index[j];
      }
      double value = x.getDouble(i);
      wanted[at] =
          switch (opcode) {
            case ADD -> wanted[at] + value;
            case MAXIMUM -> Math.max(wanted[at], value);
            default -> Math.min(wanted[at], value);
          };
    }
    Graph graph = new Graph();
    HloInstruction y = graph.reduce(opcode, graph.parameter(x), 7, reduced.toArray(Integer[]::new));
    assertThat(graph.doubles(y)).isEqualTo(wanted);
  }

  @Property(tries = TRIES)
  void gatherTakesClampedWindows(@ForAll Random random) {
    // Windows [1, w, 2] of [5, 4, 3], starts by (dim 2, dim 0), index vectors along any dimension.
    ElementType type = type(random);
    HostTensor x = tensor(random, type, Shape.of(5, 4, 3));
    int vectorDim = random.nextInt(3);
    Shape indexShape = Shape.of(3, 4).with(0, 3);
    long[] dims = {3, 4, 0};
    long[] withVector = new long[3];
    for (int i = 0, next = 0; i < 3; i++) {
      withVector[i] = i == vectorDim ? 2 : dims[next++];
    }
    HostTensor indices = HostTensor.zeros(ElementType.S32.dtype(), Shape.of(withVector));
    for (int i = 0; i < indices.size(); i++) {
      indices.setLong(i, random.nextInt(12) - 3);
    }
    int width = 1 + random.nextInt(4);
    // Result [batch 3, window w, batch 4, window 2].
    Shape result = Shape.of(indexShape.dim(0), width, indexShape.dim(1), 2);
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.GATHER,
            of(x, result),
            new HloAttributes.Gather(
                List.of(1, 3), List.of(0), List.of(2, 0), vectorDim, List.of(1L, (long) width, 2L)),
            graph.parameter(x),
            graph.parameter(indices));
    assertThat(graph.doubles(y))
        .isEqualTo(
            each(
                result,
                index -> {
                  int depth = at(indices, vectorDim, index[0], index[2], 0);
                  int row = at(indices, vectorDim, index[0], index[2], 1);
                  return get(
                      x,
                      Math.min(Math.max(row, 0), 4),
                      index[1],
                      Math.min(Math.max(depth, 0), 1) + index[3]);
                }));
  }

  private static int at(HostTensor indices, int vectorDim, int i, int j, int coordinate) {
    int[] index =
        switch (vectorDim) {
          case 0 -> new int[] {coordinate, i, j};
          case 1 -> new int[] {i, coordinate, j};
          default -> new int[] {i, j, coordinate};
        };
    return (int) get(indices, index);
  }

  @Property(tries = TRIES)
  void scatterStoresOrCombinesInOrder(@ForAll Random random) {
    // Windows [2] along dim 1 of [4, 5], at (dim 0, dim 1).
    HostTensor x = tensor(random, ElementType.F32, Shape.of(4, 5));
    HostTensor updates = tensor(random, ElementType.F32, Shape.of(6, 2));
    HostTensor indices = HostTensor.zeros(ElementType.S32.dtype(), Shape.of(6, 2));
    for (int i = 0; i < indices.size(); i++) {
      indices.setLong(i, random.nextInt(8) - 1);
    }
    boolean adds = random.nextBoolean();
    double[] wanted = x.toDoubleArray();
    for (int i = 0; i < 6; i++) {
      int row = (int) get(indices, i, 0);
      int column = (int) get(indices, i, 1);
      if (row >= 0 && row < 4 && column >= 0 && column < 4) {
        for (int j = 0; j < 2; j++) {
          double present = adds ? wanted[row * 5 + column + j] : 0;
          wanted[row * 5 + column + j] = present + get(updates, i, j);
        }
      }
    }
    Graph graph = new Graph();
    HloInstruction y =
        graph.add(
            Opcode.SCATTER,
            of(x, x.shape()),
            new HloAttributes.Scatter(
                List.of(1),
                List.of(0),
                List.of(0, 1),
                1,
                adds
                    ? graph.module.combine(Opcode.ADD, ElementType.F32)
                    : graph.module.assign(ElementType.F32)),
            graph.parameter(x),
            graph.parameter(indices),
            graph.parameter(updates));
    assertThat(graph.doubles(y)).isEqualTo(wanted);
  }

  @Property(tries = TRIES)
  void sortIsStableAlongItsDimension(@ForAll Random random) {
    int along = random.nextInt(2);
    Shape shape = shape(random, 2).with(along, 1 + random.nextInt(30));
    HostTensor keys = tensor(random, ElementType.S32, shape);
    for (int i = 0; i < keys.size(); i++) {
      keys.setLong(i, keys.getLong(i) % 5);
    }
    HostTensor tags = HostTensor.zeros(ElementType.F32.dtype(), shape);
    for (int i = 0; i < tags.size(); i++) {
      tags.setDouble(i, i);
    }
    Graph graph = new Graph();
    HloInstruction sorted =
        graph.add(
            Opcode.SORT,
            of(keys, shape),
            new HloAttributes.Sort(
                along,
                graph.module.comparator(Comparison.LT, List.of(ElementType.S32, ElementType.F32)),
                HloAttributes.Sort.Order.STABLE),
            graph.parameter(keys),
            graph.parameter(tags));
    HostTensor got = graph.run(graph.ops.element(sorted, 1));
    int other = 1 - along;
    for (int line = 0; line < shape.dim(other); line++) {
      List<Integer> flat = new ArrayList<>();
      for (int i = 0; i < shape.dim(along); i++) {
        flat.add(along == 0 ? i * shape.intDim(1) + line : line * shape.intDim(1) + i);
      }
      List<Integer> wanted =
          flat.stream().sorted(Comparator.comparingLong((Integer i) -> keys.getLong(i))).toList();
      assertThat(flat.stream().map(i -> (int) got.getDouble(i))).isEqualTo(wanted);
    }
  }
}

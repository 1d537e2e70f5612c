package org.smollm3.neuron.trace;

import static org.smollm3.neuron.trace.TracedTensor.node;

import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/**
 * Collectives over all ranks as one replica group, without channels, as Neuron's tools write them.
 */
final class TracingCollectives implements Collectives {
  private final ComputationBuilder builder;
  private final int degree;
  private final List<List<Integer>> groups;

  TracingCollectives(ComputationBuilder builder, int degree) {
    this.builder = builder;
    this.degree = degree;
    this.groups = List.of(IntStream.range(0, degree).boxed().toList());
  }

  @Override
  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
    ElementType narrow = type("allReduce", reduceType);
    if (degree == 1) {
      return TracedTensor.of(node(x));
    }
    HloInstruction part = builder.convert(node(x), narrow);
    HloInstruction sum =
        builder.add(
            Opcode.ALL_REDUCE,
            part.shape(),
            List.of(part),
            new HloAttributes.AllReduce(body(reduction, reduceType), groups));
    return TracedTensor.of(builder.convert(sum, ElementType.of(x.dtype())));
  }

  private static ElementType type(String op, DType reduceType) {
    if (!reduceType.isFloating()) {
      throw new InvalidRequestException(op + ": ranks sum floating numbers, not " + reduceType);
    }
    return ElementType.of(reduceType);
  }

  private HloComputation body(Reduction reduction, DType dtype) {
    return builder.module().combine(Reductions.opcode(reduction), ElementType.of(dtype));
  }

  @Override
  public Tensor allGather(Tensor x, int axis) {
    requireAxis("allGather", x, axis);
    if (degree == 1) {
      return TracedTensor.of(node(x));
    }
    return TracedTensor.of(
        builder.add(
            Opcode.ALL_GATHER,
            node(x).shape(),
            List.of(node(x)),
            new HloAttributes.Exchange(axis, groups)));
  }

  @Override
  public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
    requireAxis("reduceScatter", x, axis);
    if (x.shape().dim(axis) % degree != 0) {
      throw new InvalidRequestException(
          "reduceScatter: axis " + axis + " of " + x.shape() + " is no multiple of " + degree);
    }
    ElementType narrow = type("reduceScatter", reduceType);
    if (degree == 1) {
      return TracedTensor.of(node(x));
    }
    HloInstruction part = builder.convert(node(x), narrow);
    HloInstruction sum =
        builder.add(
            Opcode.REDUCE_SCATTER,
            part.shape(),
            List.of(part),
            new HloAttributes.ReduceScatter(axis, body(reduction, reduceType), groups));
    return TracedTensor.of(builder.convert(sum, ElementType.of(x.dtype())));
  }

  private static void requireAxis(String op, Tensor x, int axis) {
    if (axis < 0 || axis >= x.shape().rank()) {
      throw new InvalidRequestException(op + ": no axis " + axis + " in " + x.shape());
    }
  }

  /** Nothing: ranks run one program, and it is the data that they wait for. */
  @Override
  public void barrier() {}
}

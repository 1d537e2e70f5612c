package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** A module in which every operation occurs, over two ranks. */
final class EveryOperation {
  private static final HloAttributes NONE = new HloAttributes.None();
  private static final List<List<Integer>> RANKS = List.of(List.of(0, 1));

  private final ModuleBuilder module = new ModuleBuilder("every-operation");
  private final ComputationBuilder entry = module.computation("main");
  private final List<HloInstruction> results = new ArrayList<>();

  private EveryOperation() {}

  static HloModule build() {
    return new EveryOperation().module();
  }

  private HloInstruction keep(HloInstruction instruction) {
    results.add(instruction);
    return instruction;
  }

  private HloInstruction keep(
      Opcode opcode, HloShape shape, List<HloInstruction> operands, HloAttributes attributes) {
    return keep(entry.add(opcode, shape, operands, attributes));
  }

  private HloModule module() {
    HloInstruction x = entry.parameter(HloShape.of(ElementType.F32, 4, 6), "x");
    HloInstruction state = entry.parameter(HloShape.of(ElementType.F32, 4, 6), "state");
    HloInstruction ids = entry.parameter(HloShape.of(ElementType.S32, 2, 1), "ids");
    HloInstruction half = entry.parameter(HloShape.of(ElementType.BF16, 4, 6), "half");
    entry.source("layers.0.mlp");
    HloInstruction updated = indexed(x, state, ids);
    elementwise(x, ids, half);
    layout(x);
    contractions(x, half);
    collectives(x);
    control(x, ids);
    List<HloInstruction> all = new ArrayList<>(List.of(updated));
    all.addAll(results);
    HloComputation main = entry.buildEntry(entry.tuple(all), List.of(x, state, ids, half));
    return module.build(main, List.of(new HloModule.Alias(0, 1)));
  }

  private void elementwise(HloInstruction x, HloInstruction ids, HloInstruction half) {
    for (Opcode opcode :
        List.of(
            Opcode.ADD,
            Opcode.SUBTRACT,
            Opcode.MULTIPLY,
            Opcode.DIVIDE,
            Opcode.MAXIMUM,
            Opcode.MINIMUM,
            Opcode.POWER)) {
      keep(entry.binary(opcode, x, x));
    }
    keep(entry.binary(Opcode.REMAINDER, ids, ids));
    HloInstruction truth = keep(entry.compare(Comparison.GE, x, x));
    for (Opcode opcode : List.of(Opcode.AND, Opcode.OR, Opcode.XOR)) {
      keep(entry.binary(opcode, truth, truth));
    }
    for (Opcode opcode :
        List.of(
            Opcode.NEGATE,
            Opcode.ABS,
            Opcode.SIGN,
            Opcode.FLOOR,
            Opcode.CEIL,
            Opcode.ROUND_NEAREST_EVEN,
            Opcode.EXPONENTIAL,
            Opcode.LOG,
            Opcode.RSQRT,
            Opcode.SQRT,
            Opcode.TANH,
            Opcode.LOGISTIC,
            Opcode.COSINE,
            Opcode.SINE,
            Opcode.COPY)) {
      keep(entry.unary(opcode, x));
    }
    keep(entry.unary(Opcode.NOT, truth));
    keep(Opcode.IS_FINITE, x.shape(), List.of(x), NONE);
    keep(entry.select(truth, x, x));
    keep(entry.convert(half, ElementType.F32));
    keep(Opcode.BITCAST_CONVERT, HloShape.of(ElementType.S32, 4, 6), List.of(x), NONE);
    HloInstruction zero = entry.scalar(ElementType.F32, 0);
    keep(Opcode.CLAMP, x.shape(), List.of(zero, x, entry.scalar(ElementType.F32, 1)), NONE);
    for (ElementType type :
        List.of(ElementType.PRED, ElementType.U32, ElementType.S64, ElementType.BF16)) {
      keep(entry.constant(HostTensor.zeros(type.dtype(), Shape.of(3))));
    }
    keep(entry.constant(HostTensor.ofFloats(Shape.of(2, 2), 1, -2, 3.5f, 1e-40f)));
    keep(entry.constant(HostTensor.ofInts(Shape.of(2), -1, Integer.MAX_VALUE)));
    HloAttributes random = new HloAttributes.Random(1);
    keep(Opcode.RNG, HloShape.of(ElementType.F32, 2), List.of(zero, zero), random);
    HloInstruction seed = entry.constant(HostTensor.zeros(ElementType.U64.dtype(), Shape.of(2)));
    HloShape bits = new HloShape.Tuple(List.of(seed.shape(), HloShape.of(ElementType.U32, 3)));
    keep(
        entry.element(
            entry.add(Opcode.RNG_BIT_GENERATOR, bits, List.of(seed), new HloAttributes.Random(2)),
            1));
    keep(
        Opcode.CUSTOM_CALL,
        x.shape(),
        List.of(x),
        new HloAttributes.CustomCall("AwsNeuronSoftmax", "1"));
  }

  private void layout(HloInstruction x) {
    keep(entry.iota(ElementType.S32, Shape.of(4, 6), 1));
    keep(entry.broadcast(x, Shape.of(4, 3, 6), List.of(0, 2)));
    keep(entry.reshape(x, Shape.of(24)));
    keep(Opcode.TRANSPOSE, x.shape(), List.of(x), new HloAttributes.Dimensions(List.of(1, 0)));
    keep(Opcode.REVERSE, x.shape(), List.of(x), new HloAttributes.Dimensions(List.of(0)));
    keep(Opcode.CONCATENATE, x.shape(), List.of(x, x), new HloAttributes.Dimensions(List.of(1)));
    keep(
        Opcode.SLICE,
        x.shape(),
        List.of(x),
        new HloAttributes.Slice(List.of(1L, 0L), List.of(4L, 6L), List.of(1L, 2L)));
    keep(
        Opcode.PAD,
        x.shape(),
        List.of(x, entry.scalar(ElementType.F32, 0)),
        new HloAttributes.Padding(
            List.of(new HloAttributes.Edge(1, -1, 0), new HloAttributes.Edge(0, 2, 1))));
  }

  private HloInstruction indexed(HloInstruction x, HloInstruction state, HloInstruction ids) {
    HloInstruction start = entry.scalar(ElementType.S32, 1);
    keep(
        Opcode.DYNAMIC_SLICE,
        x.shape(),
        List.of(x, start, start),
        new HloAttributes.DynamicSlice(List.of(2L, 3L)));
    HloInstruction rows =
        keep(
            Opcode.GATHER,
            x.shape(),
            List.of(x, ids),
            new HloAttributes.Gather(List.of(1), List.of(0), List.of(0), 1, List.of(1L, 6L)));
    HloInstruction scattered =
        entry.add(
            Opcode.SCATTER,
            state.shape(),
            List.of(state, ids, rows),
            new HloAttributes.Scatter(
                List.of(1), List.of(0), List.of(0), 1, module.assign(ElementType.F32)));
    HloInstruction updated =
        entry.add(
            Opcode.DYNAMIC_UPDATE_SLICE,
            state.shape(),
            List.of(scattered, rows, start, entry.scalar(ElementType.S32, 0)),
            NONE);
    HloInstruction sorted =
        entry.add(
            Opcode.SORT,
            x.shape(),
            List.of(x, entry.iota(ElementType.S32, Shape.of(4, 6), 1)),
            new HloAttributes.Sort(
                1,
                module.comparator(Comparison.GT, List.of(ElementType.F32, ElementType.S32)),
                HloAttributes.Sort.Order.STABLE));
    keep(entry.element(sorted, 1));
    return updated;
  }

  private void contractions(HloInstruction x, HloInstruction half) {
    DotDims dims = new DotDims(List.of(0), List.of(0), List.of(1), List.of(1));
    keep(
        Opcode.DOT, HloShape.of(ElementType.F32), List.of(half, half), new HloAttributes.Dot(dims));
    keep(
        Opcode.REDUCE,
        x.shape(),
        List.of(x, entry.scalar(ElementType.F32, 0)),
        new HloAttributes.Reduce(List.of(1), module.combine(Opcode.ADD, ElementType.F32)));
  }

  private void collectives(HloInstruction x) {
    HloComputation add = module.combine(Opcode.ADD, ElementType.F32);
    keep(Opcode.ALL_REDUCE, x.shape(), List.of(x), new HloAttributes.AllReduce(add, RANKS));
    keep(Opcode.ALL_GATHER, x.shape(), List.of(x), new HloAttributes.Exchange(0, RANKS));
    keep(
        Opcode.REDUCE_SCATTER,
        x.shape(),
        List.of(x),
        new HloAttributes.ReduceScatter(1, add, RANKS));
    keep(Opcode.ALL_TO_ALL, x.shape(), List.of(x), new HloAttributes.Exchange(0, RANKS));
    keep(
        Opcode.COLLECTIVE_PERMUTE,
        x.shape(),
        List.of(x),
        new HloAttributes.Permute(List.of(new HloAttributes.Pair(0, 1))));
  }

  private void control(HloInstruction x, HloInstruction ids) {
    HloComputation negated = body("negated", Opcode.NEGATE, x.shape());
    HloComputation same = body("same", Opcode.COPY, x.shape());
    keep(Opcode.CALL, x.shape(), List.of(x), new HloAttributes.Calls(List.of(negated)));
    HloInstruction index =
        entry.reshape(
            entry.add(
                Opcode.SLICE,
                ids.shape(),
                List.of(ids),
                new HloAttributes.Slice(List.of(0L, 0L), List.of(1L, 1L), List.of(1L, 1L))),
            Shape.scalar());
    keep(
        Opcode.CONDITIONAL,
        x.shape(),
        List.of(index, x, x),
        new HloAttributes.Calls(List.of(negated, same)));
    ComputationBuilder never = module.computation("never");
    never.parameter(x.shape());
    HloComputation condition =
        module.add(
            never.build(
                never.constant(HostTensor.zeros(ElementType.PRED.dtype(), Shape.scalar()))));
    keep(Opcode.WHILE, x.shape(), List.of(x), new HloAttributes.Calls(List.of(same, condition)));
  }

  private HloComputation body(String name, Opcode opcode, HloShape shape) {
    ComputationBuilder builder = module.computation(name);
    return module.add(builder.build(builder.unary(opcode, builder.parameter(shape))));
  }
}

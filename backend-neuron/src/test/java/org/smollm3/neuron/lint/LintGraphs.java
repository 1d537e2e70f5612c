package org.smollm3.neuron.lint;

import java.util.List;
import java.util.function.Function;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.ModuleBuilder;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Small graphs that keep to a rule of the lint or break it. */
final class LintGraphs {
  static final HloAttributes NONE = new HloAttributes.None();
  private static final List<List<Integer>> RANKS = List.of(List.of(0, 1));
  private static final DotDims MATMUL = new DotDims(List.of(), List.of(), List.of(1), List.of(0));

  private LintGraphs() {}

  static HloModule module(Function<ComputationBuilder, HloInstruction> graph) {
    ModuleBuilder module = new ModuleBuilder("lint");
    ComputationBuilder ops = module.computation("main");
    ops.source("layers.3.mlp");
    return module.build(ops.build(graph.apply(ops)), List.of());
  }

  static HloInstruction given(ComputationBuilder ops, ElementType type, long... dims) {
    return ops.parameter(HloShape.of(type, dims));
  }

  static HloInstruction unary(
      ComputationBuilder ops, Opcode opcode, ElementType type, HloAttributes attributes) {
    HloInstruction x = given(ops, type, 4, 4);
    return ops.add(opcode, x.shape(), List.of(x), attributes);
  }

  static HloInstruction dot(ComputationBuilder ops, ElementType type) {
    HloInstruction x = given(ops, type, 4, 4);
    return ops.add(Opcode.DOT, x.shape(), List.of(x, x), new HloAttributes.Dot(MATMUL));
  }

  static HloInstruction allReduce(ComputationBuilder ops, ElementType type) {
    HloComputation body = ops.module().combine(Opcode.ADD, type);
    return unary(ops, Opcode.ALL_REDUCE, type, new HloAttributes.AllReduce(body, RANKS));
  }

  static HloInstruction reduceScatter(ComputationBuilder ops, ElementType type) {
    HloComputation body = ops.module().combine(Opcode.ADD, type);
    return unary(ops, Opcode.REDUCE_SCATTER, type, new HloAttributes.ReduceScatter(0, body, RANKS));
  }

  static HloInstruction allToAll(ComputationBuilder ops, int dimension) {
    return unary(
        ops, Opcode.ALL_TO_ALL, ElementType.F32, new HloAttributes.Exchange(dimension, RANKS));
  }

  static HloInstruction reduce(
      ComputationBuilder ops, HloComputation body, HloInstruction initial) {
    HloInstruction x = given(ops, initial.array().type(), 4, 4);
    return ops.add(
        Opcode.REDUCE, x.shape(), List.of(x, initial), new HloAttributes.Reduce(List.of(1), body));
  }

  static HloInstruction reduce(ComputationBuilder ops, Opcode opcode) {
    ElementType type = opcode == Opcode.AND ? ElementType.PRED : ElementType.F32;
    return reduce(ops, ops.module().combine(opcode, type), ops.scalar(type, 0));
  }

  static HloInstruction scatter(
      ComputationBuilder ops, HloComputation body, HloInstruction indices) {
    ElementType type = body.root().array().type();
    HloInstruction x = given(ops, type, 4, 6);
    HloInstruction updates = given(ops, type, indices.array().dims().dim(0), 6);
    return ops.add(
        Opcode.SCATTER,
        x.shape(),
        List.of(x, indices, updates),
        new HloAttributes.Scatter(List.of(1), List.of(0), List.of(0), 1, body));
  }

  static HloInstruction scatter(ComputationBuilder ops, Opcode opcode, ElementType type) {
    return scatter(ops, ops.module().combine(opcode, type), given(ops, ElementType.S32, 2, 1));
  }

  static HloInstruction count(ComputationBuilder ops, long size) {
    return ops.reshape(ops.iota(ElementType.S32, Shape.of(size), 0), Shape.of(size, 1));
  }

  static HloInstruction gather(ComputationBuilder ops, HloInstruction indices, long... sizes) {
    HloInstruction x = given(ops, ElementType.F32, 4, 6);
    boolean row = sizes[0] == 1;
    return ops.add(
        Opcode.GATHER,
        x.shape(),
        List.of(x, indices),
        new HloAttributes.Gather(
            row ? List.of(1) : List.of(1, 2),
            row ? List.of(0) : List.of(),
            List.of(0),
            1,
            List.of(sizes[0], sizes[1])));
  }

  /** Coordinates (row given, column counted) in a table of 4 rows and 6 columns. */
  static HloInstruction gatherPairs(ComputationBuilder ops, long columns) {
    HloInstruction x = given(ops, ElementType.F32, 4, 6);
    HloInstruction rows = given(ops, ElementType.S32, 2, columns, 1);
    HloInstruction counted =
        ops.reshape(ops.iota(ElementType.S32, Shape.of(2, columns), 1), Shape.of(2, columns, 1));
    HloInstruction indices =
        ops.add(
            Opcode.CONCATENATE,
            rows.shape(),
            List.of(rows, counted),
            new HloAttributes.Dimensions(List.of(2)));
    return ops.add(
        Opcode.GATHER,
        x.shape(),
        List.of(x, indices),
        new HloAttributes.Gather(List.of(), List.of(0, 1), List.of(0, 1), 2, List.of(1L, 1L)));
  }

  static HloInstruction customCall(
      ComputationBuilder ops, String target, HloInstruction... operands) {
    return ops.add(
        Opcode.CUSTOM_CALL,
        operands[0].shape(),
        List.of(operands),
        new HloAttributes.CustomCall(target, "1"));
  }

  static HloInstruction rmsNorm(ComputationBuilder ops, HloInstruction epsilon) {
    return customCall(
        ops,
        "AwsNeuronRmsNorm",
        given(ops, ElementType.F32, 4, 4),
        given(ops, ElementType.F32, 4),
        epsilon);
  }

  static HloInstruction random(ComputationBuilder ops, int distribution) {
    HloInstruction zero = ops.scalar(ElementType.F32, 0);
    HloInstruction one = ops.scalar(ElementType.F32, 1);
    return ops.add(
        Opcode.RNG,
        HloShape.of(ElementType.F32, 4),
        List.of(zero, one),
        new HloAttributes.Random(distribution));
  }

  static HloInstruction randomBits(ComputationBuilder ops, int algorithm) {
    HloInstruction state = given(ops, ElementType.U32, 4);
    HloShape bits = new HloShape.Tuple(List.of(state.shape(), state.shape()));
    return ops.add(
        Opcode.RNG_BIT_GENERATOR, bits, List.of(state), new HloAttributes.Random(algorithm));
  }

  static HloInstruction power(ComputationBuilder ops, HloInstruction exponent) {
    HloInstruction x = given(ops, exponent.array().type(), 4);
    return ops.binary(Opcode.POWER, x, exponent);
  }

  static HloInstruction filled(ComputationBuilder ops, ElementType type) {
    return ops.broadcast(ops.scalar(type, 2), Shape.of(4), List.of());
  }

  static HloInstruction update(ComputationBuilder ops, HloInstruction column) {
    HloInstruction x = given(ops, ElementType.F32, 4, 4);
    HloInstruction block = given(ops, ElementType.F32, 4, 1);
    return ops.add(
        Opcode.DYNAMIC_UPDATE_SLICE,
        x.shape(),
        List.of(x, block, ops.scalar(ElementType.S32, 0), column),
        NONE);
  }

  static HloInstruction sort(ComputationBuilder ops, HloComputation comparator) {
    HloInstruction x = given(ops, ElementType.F32, 4);
    return ops.add(
        Opcode.SORT,
        x.shape(),
        List.of(x),
        new HloAttributes.Sort(0, comparator, HloAttributes.Sort.Order.STABLE));
  }

  static HloComputation compareNegated(ModuleBuilder module) {
    ComputationBuilder ops = module.computation("negated");
    HloInstruction a = ops.parameter(HloShape.of(ElementType.F32));
    HloInstruction b = ops.parameter(HloShape.of(ElementType.F32));
    return module.add(
        ops.build(
            ops.compare(Comparison.GT, ops.unary(Opcode.NEGATE, a), ops.unary(Opcode.NEGATE, b))));
  }

  static HloComputation addDoubled(ModuleBuilder module) {
    ComputationBuilder ops = module.computation("doubled");
    HloInstruction a = ops.parameter(HloShape.of(ElementType.F32));
    HloInstruction b = ops.parameter(HloShape.of(ElementType.F32));
    return module.add(ops.build(ops.binary(Opcode.ADD, a, ops.binary(Opcode.ADD, b, b))));
  }

  /** (a, b) -> b + b, which forgets what came before. */
  static HloComputation addAlone(ModuleBuilder module) {
    ComputationBuilder ops = module.computation("alone");
    ops.parameter(HloShape.of(ElementType.F32));
    HloInstruction b = ops.parameter(HloShape.of(ElementType.F32));
    return module.add(ops.build(ops.binary(Opcode.ADD, b, b)));
  }

  static HloInstruction u64(ComputationBuilder ops, long value) {
    HostTensor tensor = HostTensor.zeros(ElementType.U64.dtype(), Shape.of(2));
    tensor.setLong(1, value);
    return ops.convert(ops.constant(tensor), ElementType.U32);
  }
}

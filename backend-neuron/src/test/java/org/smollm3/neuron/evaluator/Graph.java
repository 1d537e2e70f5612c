package org.smollm3.neuron.evaluator;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.ModuleBuilder;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** A module in the making, for tests: parameters come with the value that each rank gives. */
final class Graph {
  static final HloAttributes NONE = new HloAttributes.None();

  final ModuleBuilder module = new ModuleBuilder("test");
  final ComputationBuilder ops = module.computation("main");
  final List<HloModule.Alias> aliases = new ArrayList<>();
  private final List<HostTensor> values = new ArrayList<>();

  HloInstruction parameter(HostTensor value) {
    values.add(value);
    return ops.parameter(HloShape.of(value.dtype(), value.shape()));
  }

  HloInstruction floats(Shape shape, float... x) {
    return parameter(HostTensor.ofFloats(shape, x));
  }

  HloInstruction floats(float... x) {
    return floats(Shape.of(x.length), x);
  }

  HloInstruction ints(int... x) {
    return parameter(HostTensor.ofInts(Shape.of(x.length), x));
  }

  HloInstruction typed(ElementType type, double... x) {
    return parameter(tensor(type, Shape.of(x.length), x));
  }

  HloInstruction add(
      Opcode opcode, HloShape shape, HloAttributes attributes, HloInstruction... operands) {
    return ops.add(opcode, shape, List.of(operands), attributes);
  }

  HloInstruction reduce(Opcode opcode, HloInstruction x, double initial, Integer... dims) {
    ElementType type = x.array().type();
    HloComputation body = module.combine(opcode, type);
    return add(
        Opcode.REDUCE,
        x.shape(),
        new HloAttributes.Reduce(List.of(dims), body),
        x,
        ops.scalar(type, initial));
  }

  static HostTensor tensor(ElementType type, Shape shape, double... x) {
    HostTensor tensor = HostTensor.zeros(type.dtype(), shape);
    for (int i = 0; i < x.length; i++) {
      if (type.isFloating()) {
        tensor.setDouble(i, x[i]);
      } else {
        tensor.setLong(i, (long) x[i]);
      }
    }
    return tensor;
  }

  HloModule build(HloInstruction... results) {
    return module.build(ops.build(ops.tuple(List.of(results))), aliases);
  }

  List<HostTensor> values() {
    return values;
  }

  /** The first result on one rank. */
  HostTensor run(HloInstruction result) {
    return Evaluator.compile(build(result), 1).run(List.of(values)).get(0).get(0);
  }

  double[] doubles(HloInstruction result) {
    return run(result).toDoubleArray();
  }

  /** The first result by rank, where each rank's parameters are made from its number. */
  static List<HostTensor> onRanks(HloModule module, List<List<HostTensor>> parametersByRank) {
    return Evaluator.compile(module, parametersByRank.size()).run(parametersByRank).stream()
        .map(results -> results.get(0))
        .toList();
  }

  static List<List<Integer>> oneGroup(int ranks) {
    List<Integer> group = new ArrayList<>();
    for (int i = 0; i < ranks; i++) {
      group.add(i);
    }
    return List.of(Collections.unmodifiableList(group));
  }
}

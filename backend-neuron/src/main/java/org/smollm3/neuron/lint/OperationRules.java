package org.smollm3.neuron.lint;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;

/** Limits of single operations. */
final class OperationRules {
  private static final Set<ElementType> WIDE_INTEGERS =
      Set.of(ElementType.S32, ElementType.U32, ElementType.S64, ElementType.U64);
  private static final Set<ElementType> INTEGERS_64 = Set.of(ElementType.S64, ElementType.U64);

  /**
   * What a reduce may combine with. The table has the first four; truth values by {@code and} and
   * {@code or} it lacks, but released code writes them.
   */
  private static final Set<Opcode> REDUCTIONS =
      Set.of(Opcode.ADD, Opcode.MULTIPLY, Opcode.MAXIMUM, Opcode.MINIMUM, Opcode.AND, Opcode.OR);

  /** {@code RNG_DEFAULT} of XLA's {@code RandomAlgorithm}. */
  private static final int DEFAULT_ALGORITHM = 0;

  private static final String RMS_NORM = "AwsNeuronRmsNorm";
  private static final String TOP_K = "AwsNeuronTopK";

  /** The targets that EHCA005 and EVRF015 list. */
  private static final Set<String> CUSTOM_CALL_TARGETS =
      Set.of(
          "AwsNeuronErf",
          "AwsNeuronGelu",
          "AwsNeuronGeluApprxTanh",
          "AwsNeuronGeluBackward",
          "AwsNeuronSilu",
          "AwsNeuronSiluBackward",
          RMS_NORM,
          "AwsNeuronSoftmax",
          "AwsNeuronSoftmaxBackward",
          "AwsNeuronCollectiveMatmul",
          "AwsNeuronIntMatmult",
          "AwsNeuronArgMax",
          "AwsNeuronArgMin",
          TOP_K,
          "AwsNeuronDropoutMaskV1",
          "AwsNeuronCustomNativeKernel",
          "AwsNeuronCustomOp",
          "AwsNeuronDevicePrint",
          "ResizeNearest",
          "ResizeBilinear",
          "ResizeNearestGrad",
          "AwsNeuronLNCShardingConstraint",
          "AwsNeuronTransferWithStaticRing",
          "AwsNeuronModuleMarkerStart-Forward",
          "AwsNeuronModuleMarkerStart-Backward",
          "AwsNeuronModuleMarkerEnd-Forward",
          "AwsNeuronModuleMarkerEnd-Backward",
          "NeuronBoundaryMarker-Start",
          "NeuronBoundaryMarker-End");

  private final HloInstruction instruction;
  private final Findings findings;

  private OperationRules(HloInstruction instruction, Findings findings) {
    this.instruction = instruction;
    this.findings = findings;
  }

  static void check(HloInstruction instruction, Findings findings) {
    new OperationRules(instruction, findings).check();
  }

  private void check() {
    switch (instruction.attributes()) {
      case HloAttributes.CustomCall call -> customCall(call);
      case HloAttributes.Scatter scatter -> scatter(scatter);
      case HloAttributes.Reduce reduce -> reduce(reduce);
      case HloAttributes.Sort sort -> sort(sort);
      case HloAttributes.Dot dot -> dot();
      case HloAttributes.AllReduce all -> collective(Rule.INTEGER_ALL_REDUCE, "all_reduce");
      case HloAttributes.ReduceScatter scatter ->
          collective(Rule.INTEGER_REDUCE_SCATTER, "reduce_scatter");
      case HloAttributes.Exchange exchange -> exchange(exchange);
      case HloAttributes.Random random -> random(random);
      default -> {}
    }
    switch (instruction.opcode()) {
      case POWER -> power();
      case DYNAMIC_UPDATE_SLICE -> update();
      default -> {}
    }
  }

  private Optional<ElementType> operandType(int index) {
    return index < instruction.operands().size()
            && instruction.operand(index).shape() instanceof HloShape.Array array
        ? Optional.of(array.type())
        : Optional.empty();
  }

  private boolean isOf(Set<ElementType> types) {
    return operandType(0).filter(types::contains).isPresent();
  }

  private void customCall(HloAttributes.CustomCall call) {
    if (!CUSTOM_CALL_TARGETS.contains(call.target())) {
      findings.error(
          Rule.CUSTOM_CALL_TARGET,
          instruction,
          "the custom call '" + call.target() + "' is not known to the compiler; use plain HLO");
    }
    if (call.target().equals(TOP_K) && operandType(0).filter(ElementType::isInteger).isPresent()) {
      findings.error(
          Rule.TOP_K_TYPE,
          instruction,
          "it selects from " + instruction.operand(0).shape() + "; convert to f32 first");
    }
    if (call.target().equals(RMS_NORM)
        && instruction.operands().size() > 2
        && !Bodies.isConstant(instruction.operand(2))) {
      findings.error(
          Rule.RMS_NORM_EPSILON,
          instruction,
          "its epsilon " + instruction.operand(2).name() + " is not constant; make it one");
    }
  }

  private void scatter(HloAttributes.Scatter scatter) {
    Optional<ElementType> type = operandType(0).filter(t -> !t.isFloating());
    if (type.isEmpty() || Bodies.isAssignment(scatter.body())) {
      return;
    }
    String message =
        "a scatter with "
            + Bodies.combination(scatter.body()).map(Opcode::toString).orElse("a computation")
            + " into "
            + instruction.operand(0).shape()
            + "; convert to f32, or scatter by assignment";
    if (WIDE_INTEGERS.contains(type.get())) {
      findings.error(Rule.SCATTER_COMPUTE_INTEGER, instruction, message + downcast("scatter"));
    } else {
      findings.error(Rule.SCATTER_COMPUTE_TYPE, instruction, message);
    }
  }

  private static String downcast(String operation) {
    return ", or pass --implicit-integer-downcast=" + operation + " where 24 bits are enough";
  }

  private void reduce(HloAttributes.Reduce reduce) {
    Optional<Opcode> operation = Bodies.combination(reduce.body());
    if (operation.filter(REDUCTIONS::contains).isEmpty()) {
      findings.error(
          Rule.REDUCE_BODY,
          instruction,
          "it reduces by "
              + operation.map(Opcode::toString).orElse("the computation " + reduce.body())
              + "; use add, multiply, maximum or minimum alone");
    }
    List<HloInstruction> operands = instruction.operands();
    for (HloInstruction initial : operands.subList(operands.size() / 2, operands.size())) {
      if (!Bodies.isConstant(initial)) {
        findings.error(
            Rule.REDUCE_INIT,
            instruction,
            "its initial value "
                + initial.name()
                + " is not constant; reduce from a constant and combine with the value after");
      }
    }
  }

  private void sort(HloAttributes.Sort sort) {
    if (!Bodies.isComparison(sort.comparator())) {
      findings.warning(
          Rule.SORT_COMPARATOR,
          instruction,
          "its comparator "
              + sort.comparator()
              + " is more than one comparison of parameters; sort by a key that makes it one");
    }
  }

  private void dot() {
    if (!isOf(WIDE_INTEGERS)) {
      return;
    }
    String message =
        "a dot of " + instruction.operand(0).shape() + "; convert to f32" + downcast("dot");
    if (findings.isFirstGeneration() && !isOf(INTEGERS_64)) {
      findings.warning(Rule.INTEGER_DOT, instruction, message);
    } else {
      findings.error(Rule.INTEGER_DOT, instruction, message);
    }
  }

  private void collective(Rule rule, String name) {
    if (isOf(WIDE_INTEGERS)) {
      findings.error(
          rule,
          instruction,
          "ranks combine " + instruction.operand(0).shape() + "; convert to f32" + downcast(name));
    }
  }

  private void exchange(HloAttributes.Exchange exchange) {
    if (instruction.opcode() == Opcode.ALL_TO_ALL && exchange.dimension() != 0) {
      findings.warning(
          Rule.ALL_TO_ALL_DIMENSION,
          instruction,
          "it exchanges along dimension "
              + exchange.dimension()
              + "; only 0 is known to work, transpose before and after");
    }
  }

  private void random(HloAttributes.Random random) {
    if (instruction.opcode() == Opcode.RNG_BIT_GENERATOR && random.kind() != DEFAULT_ALGORITHM) {
      findings.error(
          Rule.RANDOM_ALGORITHM,
          instruction,
          "its algorithm is " + random.kind() + "; only RNG_DEFAULT (0) is supported");
    }
  }

  private void power() {
    if (isOf(INTEGERS_64)) {
      findings.error(
          Rule.POWER_INT64,
          instruction,
          "a power of "
              + instruction.operand(0).shape()
              + "; use s32, or pass --implicit-integer-downcast=pow");
    }
    if (!Bodies.isConstant(instruction.operand(1))) {
      findings.error(
          Rule.POWER_EXPONENT,
          instruction,
          "its exponent "
              + instruction.operand(1).name()
              + " is not constant; use exponential and log");
    }
  }

  private void update() {
    List<HloInstruction> operands = instruction.operands();
    for (HloInstruction start : operands.subList(2, operands.size())) {
      if (!Bodies.isConstant(start)) {
        findings.warning(
            Rule.UPDATE_INDEX,
            instruction,
            "it writes where "
                + start.name()
                + " says; only constant places are documented, scatter instead");
        return;
      }
    }
  }
}

package org.smollm3.neuron.evaluator;

import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;

/** The kernel for each operation that is neither element-wise nor only another name of a value. */
final class Kernels {
  private final int ranks;
  private final Map<HloComputation, ComputationPlan> callees;

  Kernels(int ranks, Map<HloComputation, ComputationPlan> callees) {
    this.ranks = ranks;
    this.callees = callees;
  }

  /**
   * @throws InvalidModelException if the evaluator cannot run it
   */
  Kernel of(Site site) {
    HloInstruction instruction = site.instruction();
    return switch (instruction.opcode()) {
      case IOTA -> MoveKernels.iota(site);
      case BROADCAST -> MoveKernels.broadcast(site);
      case TRANSPOSE -> MoveKernels.transpose(site);
      case REVERSE -> MoveKernels.reverse(site);
      case SLICE -> MoveKernels.slice(site);
      case CONCATENATE -> MoveKernels.concatenate(site);
      case PAD -> MoveKernels.pad(site);
      case DYNAMIC_SLICE -> MoveKernels.dynamicSlice(site);
      case DYNAMIC_UPDATE_SLICE -> MoveKernels.dynamicUpdateSlice(site);
      case GATHER -> IndexKernels.gather(site);
      case SCATTER -> IndexKernels.scatter(site);
      case DOT -> DotKernel.of(site);
      case REDUCE -> ReduceKernel.of(site);
      case SORT -> SortKernel.of(site);
      case CUSTOM_CALL -> CustomCallKernels.of(site);
      case ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER, ALL_TO_ALL, COLLECTIVE_PERMUTE ->
          CollectiveKernels.of(site, ranks);
      case CALL -> ControlKernels.call(site, called(site).get(0));
      case CONDITIONAL -> ControlKernels.conditional(site, called(site));
      case WHILE -> ControlKernels.loop(site, called(site).get(0), called(site).get(1));
      case RNG, RNG_BIT_GENERATOR ->
          throw site.refuse(
              "the evaluator draws no random numbers, as its results are to be the same each time;"
                  + " give them to the graph as an input");
      default -> throw site.refuse("the evaluator does not know " + instruction.opcode());
    };
  }

  private List<ComputationPlan> called(Site site) {
    return site.attributes(HloAttributes.Calls.class).computations().stream()
        .map(
            computation -> {
              ComputationPlan plan = callees.get(computation);
              if (plan == null) {
                throw site.refuse("it calls " + computation + ", which is not of the module");
              }
              return plan;
            })
        .toList();
  }
}

package org.smollm3.neuron.evaluator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;

/**
 * Makes one computation ready: an order of its instructions, a slot for each array, a kernel for
 * each step, a buffer for each slot.
 */
final class Planner {
  /** Values that do not depend on parameters are computed beforehand up to this size. */
  private static final long LARGEST_FOLDED = 1 << 20;

  private final HloComputation computation;
  private final Kernels kernels;
  private final Planning planning;
  private final List<HloInstruction> order;
  private final Fusion fusion;
  private final Map<HloInstruction, List<Integer>> slots = new HashMap<>();
  private final List<Long> sizes = new ArrayList<>();
  private final Map<Integer, MemorySegment> constants = new HashMap<>();
  private final List<Placement.Use> uses = new ArrayList<>();
  private final List<ComputationPlan.Step> steps = new ArrayList<>();
  private final List<Integer> parameters = new ArrayList<>();

  Planner(HloComputation computation, Kernels kernels, Planning planning) {
    this.computation = computation;
    this.kernels = kernels;
    this.planning = planning;
    order = order();
    fusion = new Fusion(order, computation.root(), planning);
  }

  /**
   * @param index the plan's place among those of the module
   * @param results whose memory the results take
   */
  ComputationPlan plan(int index, Placement.Results results) {
    for (HloInstruction parameter : computation.parameters()) {
      slots.put(parameter, fresh(parameter.shape()));
      parameters.addAll(slotsOf(parameter));
    }
    for (HloInstruction instruction : order) {
      if (instruction.opcode() != Opcode.PARAMETER && !fusion.isWithin(instruction)) {
        add(instruction);
      }
    }
    List<Integer> roots = slotsOf(computation.root());
    Placement placement =
        new Placement(sizes, constants, uses, parameters, roots, planning).place(results);
    List<ComputationPlan.Step> all = new ArrayList<>(steps);
    all.addAll(placement.finals());
    return new ComputationPlan(
        index, all, placement.buffers(), parameters, roots, placement.bytes());
  }

  /** Those that the root needs, updates and other names of values right before their first user. */
  private List<HloInstruction> order() {
    Set<HloInstruction> needed = new HashSet<>(Set.of(computation.root()));
    List<HloInstruction> all = computation.instructions();
    List<HloInstruction> kept = new ArrayList<>();
    for (int i = all.size() - 1; i >= 0; i--) {
      if (needed.contains(all.get(i))) {
        needed.addAll(all.get(i).operands());
        kept.add(all.get(i));
      }
    }
    Collections.reverse(kept);
    if (planning == Planning.SEPARATE) {
      return kept;
    }
    // Late, so that what else reads the old value has done so and the update can be in place.
    for (int i = kept.size() - 1; i >= 0; i--) {
      HloInstruction x = kept.get(i);
      if (isUpdate(x) || isAnotherName(x)) {
        int to = i + 1;
        while (to < kept.size() && !kept.get(to).operands().contains(x)) {
          to++;
        }
        kept.remove(i);
        kept.add(to - 1, x);
      }
    }
    return kept;
  }

  static boolean isUpdate(HloInstruction x) {
    return x.opcode() == Opcode.DYNAMIC_UPDATE_SLICE || x.opcode() == Opcode.SCATTER;
  }

  /** Whether it gives what it is given, perhaps under another shape. */
  private static boolean isAnotherName(HloInstruction x) {
    return switch (x.opcode()) {
      case RESHAPE, TUPLE, GET_TUPLE_ELEMENT -> true;
      case CUSTOM_CALL -> {
        HloAttributes.CustomCall call = (HloAttributes.CustomCall) x.attributes();
        List<HloShape> given = x.operands().stream().map(HloInstruction::shape).toList();
        yield CustomCallKernels.isHint(call.target())
            && (given.equals(List.of(x.shape())) || x.shape().equals(new HloShape.Tuple(given)));
      }
      default -> false;
    };
  }

  private List<Integer> slotsOf(HloInstruction x) {
    List<Integer> known = slots.get(x);
    if (known == null) {
      throw new IllegalStateException(x + " has no slot");
    }
    return known;
  }

  private List<Integer> fresh(HloShape shape) {
    List<Integer> made = new ArrayList<>();
    switch (shape) {
      case HloShape.Array array -> {
        made.add(sizes.size());
        sizes.add(array.byteSize());
      }
      case HloShape.Tuple tuple -> tuple.elements().forEach(e -> made.addAll(fresh(e)));
    }
    return made;
  }

  private static int leaves(HloShape shape) {
    return switch (shape) {
      case HloShape.Array array -> 1;
      case HloShape.Tuple tuple -> tuple.elements().stream().mapToInt(Planner::leaves).sum();
    };
  }

  private void add(HloInstruction x) {
    if (x.opcode() == Opcode.CONSTANT) {
      slots.put(x, fresh(x.shape()));
      HloAttributes.Constant constant = (HloAttributes.Constant) x.attributes();
      constants.put(slotsOf(x).get(0), constant.literal().tensor().segment());
    } else if (isAnotherName(x)) {
      slots.put(x, names(x));
    } else {
      addStep(x);
    }
  }

  private List<Integer> names(HloInstruction x) {
    if (x.attributes() instanceof HloAttributes.TupleIndex element
        && x.operand(0).shape() instanceof HloShape.Tuple tuple) {
      int from = 0;
      for (HloShape before : tuple.elements().subList(0, element.index())) {
        from += leaves(before);
      }
      return slotsOf(x.operand(0)).subList(from, from + leaves(x.shape()));
    }
    List<Integer> all = new ArrayList<>();
    x.operands().forEach(operand -> all.addAll(slotsOf(operand)));
    return all;
  }

  private void addStep(HloInstruction x) {
    List<Integer> outputs = fresh(x.shape());
    slots.put(x, outputs);
    List<Integer> spare = x.opcode() == Opcode.WHILE ? fresh(x.shape()) : List.of();
    List<Integer> reads = new ArrayList<>();
    fusion.reads(x).forEach(read -> reads.addAll(slotsOf(read)));
    Kernel kernel;
    if (BlockProgram.isElementwise(x.opcode())) {
      kernel = new FusedKernel(x, fusion, operand -> slotsOf(operand).get(0));
    } else {
      List<List<Integer>> operands = x.operands().stream().map(this::slotsOf).toList();
      kernel = kernels.of(new Site(x, operands, outputs, spare));
    }
    if (planning == Planning.SHARED && isFoldable(x, reads)) {
      fold(kernel, outputs.get(0));
      return;
    }
    // The operand an update may overwrite, unless the update reads it in another way too.
    int overwrites = isUpdate(x) ? slotsOf(x.operand(0)).get(0) : -1;
    List<HloInstruction> others =
        isUpdate(x) ? x.operands().subList(1, x.operands().size()) : List.of();
    if (others.stream().anyMatch(other -> slotsOf(other).contains(overwrites))) {
      uses.add(new Placement.Use(reads, outputs, spare, -1));
    } else {
      uses.add(new Placement.Use(reads, outputs, spare, overwrites));
    }
    steps.add(ComputationPlan.step(x, kernel));
  }

  private boolean isFoldable(HloInstruction x, List<Integer> reads) {
    boolean plain =
        !x.opcode().isCollective()
            && x.shape() instanceof HloShape.Array
            && HloAttributes.called(x.attributes()).isEmpty();
    return plain && x.shape().byteSize() <= LARGEST_FOLDED && constants.keySet().containsAll(reads);
  }

  /** Computes a value that does not depend on parameters. */
  private void fold(Kernel kernel, int output) {
    MemorySegment value = Arena.ofAuto().allocate(Math.max(1, sizes.get(output)), 64);
    constants.put(output, value.asSlice(0, sizes.get(output)));
    MemorySegment[] all = new MemorySegment[sizes.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = constants.getOrDefault(i, MemorySegment.NULL);
    }
    kernel.run(new Frame(all, new Rank(0)));
  }
}

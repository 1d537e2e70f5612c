package org.smollm3.neuron.evaluator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;

/**
 * Which instructions have memory of their own, and which are computed, block by block, within the
 * element-wise instruction that uses them: element-wise ones with one such user, and broadcasts and
 * iotas with no other kind of user. Values are the same either way.
 */
final class Fusion {
  /** Instructions in one kernel at most, so that its registers stay in the cache. */
  private static final int LARGEST = 40;

  private final Planning planning;
  private final Map<HloInstruction, Set<HloInstruction>> users = new HashMap<>();
  private final Map<HloInstruction, Integer> sizes = new HashMap<>();
  private final Set<HloInstruction> within = new HashSet<>();

  /**
   * @param order instructions, operands before users
   */
  Fusion(List<HloInstruction> order, HloInstruction root, Planning planning) {
    this.planning = planning;
    for (HloInstruction user : order) {
      for (HloInstruction operand : user.operands()) {
        users.computeIfAbsent(operand, x -> new HashSet<>()).add(user);
      }
    }
    for (HloInstruction x : order) {
      int size = 1;
      if (BlockProgram.isElementwise(x.opcode())) {
        for (HloInstruction operand : Set.copyOf(x.operands())) {
          size += within.contains(operand) ? sizes.getOrDefault(operand, 1) : 1;
        }
      }
      sizes.put(x, size);
      if (x != root && size <= LARGEST / 2 && canBeWithin(x)) {
        within.add(x);
      }
    }
  }

  private boolean canBeWithin(HloInstruction x) {
    Set<HloInstruction> all = users.getOrDefault(x, Set.of());
    if (planning == Planning.SEPARATE || all.isEmpty()) {
      return false;
    }
    for (HloInstruction user : all) {
      if (!BlockProgram.isElementwise(user.opcode()) || !sameDims(x, user)) {
        return false;
      }
    }
    return isCheap(x) || (BlockProgram.isElementwise(x.opcode()) && all.size() == 1);
  }

  private static boolean isCheap(HloInstruction x) {
    return x.opcode() == Opcode.IOTA || x.opcode() == Opcode.BROADCAST;
  }

  private static boolean sameDims(HloInstruction x, HloInstruction user) {
    return x.shape() instanceof HloShape.Array a
        && user.shape() instanceof HloShape.Array b
        && a.dims().equals(b.dims());
  }

  /** Whether it is computed within its user or users, and has no memory. */
  boolean isWithin(HloInstruction x) {
    return within.contains(x);
  }

  /** Whether {@code user} computes this operand itself, be it in memory too or not. */
  boolean computes(HloInstruction user, HloInstruction operand) {
    return within.contains(operand)
        || (planning != Planning.SEPARATE
            && isCheap(operand)
            && BlockProgram.isElementwise(user.opcode())
            && sameDims(operand, user));
  }

  /** What the kernel of an instruction reads from memory, in no order. */
  List<HloInstruction> reads(HloInstruction x) {
    Set<HloInstruction> reads = new HashSet<>();
    collect(x, reads);
    return new ArrayList<>(reads);
  }

  private void collect(HloInstruction x, Set<HloInstruction> reads) {
    for (HloInstruction operand : x.operands()) {
      if (computes(x, operand)) {
        collect(operand, reads);
      } else {
        reads.add(operand);
      }
    }
  }
}

package org.smollm3.neuron.evaluator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;

/** An element-wise instruction with all that is computed within it. */
final class FusedKernel implements Kernel {
  private final Fusion fusion;
  private final ToIntFunction<HloInstruction> slotOf;
  private final BlockProgram program = new BlockProgram();
  private final Map<HloInstruction, Integer> registers = new HashMap<>();
  private final ElementType type;
  private final long count;
  private final int result;
  private final int y;

  FusedKernel(HloInstruction root, Fusion fusion, ToIntFunction<HloInstruction> slotOf) {
    this.fusion = fusion;
    this.slotOf = slotOf;
    type = root.array().type();
    count = root.array().dims().elementCount();
    y = slotOf.applyAsInt(root);
    result = add(root);
  }

  private int add(HloInstruction x) {
    List<Integer> operands = x.operands().stream().map(operand -> register(x, operand)).toList();
    return program.add(x, operands);
  }

  private int register(HloInstruction user, HloInstruction x) {
    Integer known = registers.get(x);
    if (known == null) {
      known = fusion.computes(user, x) ? compute(x) : load(x);
      registers.put(x, known);
    }
    return known;
  }

  private int compute(HloInstruction x) {
    ElementType of = x.array().type();
    if (x.opcode() == Opcode.IOTA) {
      int register = program.register(of);
      program.then(IotaLoad.of(x, register));
      return register;
    }
    if (x.opcode() == Opcode.BROADCAST) {
      HloInstruction operand = x.operand(0);
      if (operand.array().dims().elementCount() == 1) {
        return spread(operand);
      }
      int register = program.register(of);
      program.then(
          new BroadcastLoad(
              of,
              x.array().dims(),
              MoveKernels.broadcastStrides(x),
              slotOf.applyAsInt(operand),
              register));
      return register;
    }
    return add(x);
  }

  private int load(HloInstruction x) {
    ElementType of = x.array().type();
    if (x.array().dims().elementCount() == 1 && count != 1) {
      return spread(x);
    }
    int register = program.register(of);
    int slot = slotOf.applyAsInt(x);
    program.then(l -> Elements.load(of, l.slots[slot], l.start, l.registers[register], 0, l.count));
    return register;
  }

  /** One element for all. */
  private int spread(HloInstruction x) {
    ElementType of = x.array().type();
    int register = program.register(of);
    int slot = slotOf.applyAsInt(x);
    program.before(
        l -> {
          Elements.load(of, l.slots[slot], 0, l.registers[register], 0, 1);
          l.registers[register].spread(Kind.of(of), 0, 0, l.count);
        });
    return register;
  }

  @Override
  public void run(Frame frame) {
    if (count == 0) {
      return;
    }
    Lanes lanes = frame.rank.lanes;
    lanes.slots = frame.slots;
    program.begin(lanes, (int) Math.min(Block.SIZE, count));
    for (long start = 0; start < count; start += Block.SIZE) {
      lanes.start = start;
      lanes.count = (int) Math.min(Block.SIZE, count - start);
      program.run(lanes);
      Elements.store(type, lanes.registers[result], frame.slots[y], start, lanes.count);
    }
  }
}

package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.tensor.Shape;

/** Fills a register with elements of a smaller array, as broadcast repeats them. */
final class BroadcastLoad implements BlockProgram.Step {
  private final ElementType type;
  private final long[] dims;
  private final long[] strides;
  private final int slot;
  private final int register;

  /**
   * @param strides for each dimension of the result the step in the operand
   */
  BroadcastLoad(ElementType type, Shape result, long[] strides, int slot, int register) {
    this.type = type;
    this.slot = slot;
    this.register = register;
    int rank = 0;
    long[] merged = new long[result.rank() + 1];
    long[] steps = new long[result.rank() + 1];
    for (int i = 0; i < result.rank(); i++) {
      long dim = result.dim(i);
      if (dim == 1) {
        continue;
      }
      if (rank > 0 && steps[rank - 1] == strides[i] * dim) {
        merged[rank - 1] *= dim;
        steps[rank - 1] = strides[i];
      } else {
        merged[rank] = dim;
        steps[rank] = strides[i];
        rank++;
      }
    }
    if (rank == 0) {
      merged[0] = 1;
      rank = 1;
    }
    this.dims = java.util.Arrays.copyOf(merged, rank);
    this.strides = java.util.Arrays.copyOf(steps, rank);
  }

  @Override
  public void run(Lanes lanes) {
    Block block = lanes.registers[register];
    int last = dims.length - 1;
    long step = strides[last];
    int at = 0;
    while (at < lanes.count) {
      long position = lanes.start + at;
      long within = position % dims[last];
      int run = (int) Math.min(dims[last] - within, lanes.count - at);
      long offset = within * step;
      long outer = position / dims[last];
      for (int i = last - 1; i >= 0; i--) {
        offset += outer % dims[i] * strides[i];
        outer /= dims[i];
      }
      if (step == 1) {
        Elements.load(type, lanes.slots[slot], offset, block, at, run);
      } else if (step == 0) {
        Elements.load(type, lanes.slots[slot], offset, block, at, 1);
        block.spread(Kind.of(type), at, at, at + run);
      } else {
        for (int i = 0; i < run; i++) {
          Elements.load(type, lanes.slots[slot], offset + i * step, block, at + i, 1);
        }
      }
      at += run;
    }
  }
}

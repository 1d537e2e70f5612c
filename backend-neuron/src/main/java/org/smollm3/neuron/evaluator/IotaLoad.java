package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.tensor.Shape;

/** Fills a register with the indices along a dimension, as integers, then converted. */
final class IotaLoad implements BlockProgram.Step {
  private final ElementType type;
  private final long size;
  private final long inner;
  private final int register;

  private IotaLoad(ElementType type, long size, long inner, int register) {
    this.type = type;
    this.size = size;
    this.inner = inner;
    this.register = register;
  }

  static IotaLoad of(HloInstruction iota, int register) {
    int along = ((HloAttributes.Dimensions) iota.attributes()).dimensions().get(0);
    Shape dims = iota.array().dims();
    return new IotaLoad(
        iota.array().type(), dims.dim(along), StridedCopy.strides(dims)[along], register);
  }

  @Override
  public void run(Lanes lanes) {
    Block block = lanes.registers[register];
    int n = lanes.count;
    long value = lanes.start / inner % size;
    long left = inner - lanes.start % inner;
    Kind kind = Kind.of(type);
    for (int i = 0; i < n; i++) {
      switch (kind) {
        case FLOAT -> block.floats[i] = (float) value;
        case DOUBLE -> block.doubles[i] = (double) value;
        case LONG -> block.longs[i] = value;
      }
      if (--left == 0) {
        left = inner;
        value = value + 1 == size ? 0 : value + 1;
      }
    }
    Rounding.round(type, block, n);
  }
}

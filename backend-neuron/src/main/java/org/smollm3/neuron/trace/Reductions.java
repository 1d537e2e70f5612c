package org.smollm3.neuron.trace;

import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Reduction;

/** What reductions are in HLO. */
final class Reductions {
  private Reductions() {}

  static Opcode opcode(Reduction reduction) {
    return switch (reduction) {
      case SUM -> Opcode.ADD;
      case MAX -> Opcode.MAXIMUM;
      case MIN -> Opcode.MINIMUM;
    };
  }

  /** The value that leaves every other as it is. */
  static double initial(Reduction reduction, ElementType type) {
    return switch (reduction) {
      case SUM -> 0;
      case MAX -> type.isFloating() ? Double.NEGATIVE_INFINITY : Integer.MIN_VALUE;
      case MIN -> type.isFloating() ? Double.POSITIVE_INFINITY : Integer.MAX_VALUE;
    };
  }
}

package org.smollm3.conformance.operations;

import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.tensor.DType;

/** Parameters that many operations share. */
final class Inputs {
  private Inputs() {}

  /** Types of values. */
  static final Param<DType> DTYPE = Param.choice("dtype", DType.F32, DType.BF16);

  static final Param<Regime> REGIME = Param.choice("regime", Regime.values());

  /** Odd tails of vectors of 4, 8 and 16 lanes, and more than one block of any tiling. */
  static Param<Integer> size(String name, int max) {
    return Param.integer(name, 1, max);
  }
}

package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** Arithmetic, element by element. */
final class ElementwiseChecks {
  private ElementwiseChecks() {}

  private enum Arithmetic {
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE;

    Tensor of(TensorOps ops, Tensor a, Tensor b) {
      return switch (this) {
        case ADD -> ops.add(a, b);
        case SUBTRACT -> ops.subtract(a, b);
        case MULTIPLY -> ops.multiply(a, b);
        case DIVIDE -> ops.divide(a, b);
      };
    }
  }

  private static final Param<Arithmetic> OP = Param.choice("op", Arithmetic.values());
  private static final Param<Integer> ROWS = Inputs.size("rows", 5);
  private static final Param<Integer> COLUMNS = Inputs.size("columns", 130);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-ARITH-01",
            CaseSpace.of(OP, ROWS, COLUMNS, Inputs.DTYPE, Inputs.REGIME)
                .where(c -> c.get(OP) != Arithmetic.DIVIDE || isAwayFromZero(c)),
            Tries.of(6, 60),
            ElementwiseChecks::arithmetic));
  }

  /** The quotient by zero is an infinity, which no bound is for. */
  private static boolean isAwayFromZero(Case c) {
    return switch (c.get(Inputs.REGIME)) {
      case TIES, ZEROS, SUBNORMAL -> false;
      default -> true;
    };
  }

  private static void arithmetic(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    DType dtype = c.get(Inputs.DTYPE);
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    SmallProgram.of(
            Map.of(
                "a", Values.of(c.get(Inputs.REGIME), dtype, shape, random),
                "b", Values.of(c.get(Inputs.REGIME), dtype, shape, random)),
            dtype,
            context -> c.get(OP).of(context.ops(), context.input("a"), context.input("b")))
        .judge(backend, findings);
  }
}

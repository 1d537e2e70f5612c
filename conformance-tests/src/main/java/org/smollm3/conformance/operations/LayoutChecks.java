package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Operations that move elements and keep their bits. */
final class LayoutChecks {
  private LayoutChecks() {}

  private static final Param<Integer> ROWS = Param.oneOf("rows", 1, 2, 16, 256, 4096);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-TRANSPOSE-01", CaseSpace.fixed(ROWS), Tries.of(1, 5), LayoutChecks::transposed));
  }

  /** Every bfloat16 there is, in rows, transposed. */
  private static void transposed(BackendUnderTest backend, Case c, Findings findings) {
    int rows = c.get(ROWS);
    int columns = 65_536 / rows;
    HostTensor x = Values.allPatterns(DType.BF16).reshaped(Shape.of(rows, columns));
    HostTensor expected = HostTensor.zeros(DType.I16, Shape.of(columns, rows));
    for (long i = 0; i < expected.size(); i++) {
      expected.setLong(i, i % rows * columns + i / rows);
    }
    SmallProgram.of(
            Map.of("x", x),
            DType.BF16,
            context -> context.ops().transpose(context.input("x"), 1, 0))
        .judgeBits(
            backend, findings, HostTensor.wrap(DType.BF16, expected.shape(), expected.segment()));
  }
}

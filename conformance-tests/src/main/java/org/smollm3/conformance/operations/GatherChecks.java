package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Elements at given indices. */
final class GatherChecks {
  private GatherChecks() {}

  private static final Param<Integer> ROWS = Inputs.size("rows", 20);
  private static final Param<Integer> COLUMNS = Inputs.size("columns", 9);
  private static final Param<Integer> INNER = Inputs.size("inner", 5);
  private static final Param<Integer> COUNT = Inputs.size("count", 30);
  private static final Param<Integer> AXIS = Param.integer("axis", 0, 2);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-GATHER-01",
            CaseSpace.of(ROWS, COLUMNS, INNER, COUNT, AXIS, Inputs.DTYPE),
            Tries.of(4, 40),
            (backend, c, findings) -> alongOneAxis(backend, c, findings, 0)),
        new RuleCheck(
            "OP-GATHER-02",
            CaseSpace.of(ROWS, COLUMNS, INNER, COUNT, AXIS, Inputs.DTYPE),
            Tries.of(12, 30),
            (backend, c, findings) -> alongOneAxis(backend, c, findings, 7)),
        new RuleCheck(
            "OP-GATHER-03",
            CaseSpace.of(ROWS, COLUMNS, INNER, COUNT, Inputs.DTYPE),
            Tries.of(3, 30),
            GatherChecks::alongTwoAxes));
  }

  /**
   * @param beyond how far indices may be out of range, where they are clamped
   */
  private static void alongOneAxis(
      BackendUnderTest backend, Case c, Findings findings, int beyond) {
    Random random = c.random();
    int axis = c.get(AXIS);
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS), c.get(INNER));
    HostTensor x = Values.of(Regime.ORDINARY, c.get(Inputs.DTYPE), shape, random);
    int dim = shape.intDim(axis);
    HostTensor indices = Values.integers(-beyond, dim + beyond, Shape.of(c.get(COUNT), 1), random);
    if (beyond > 0) {
      indices.setLong(0, random.nextBoolean() ? Integer.MIN_VALUE : Integer.MAX_VALUE);
    }
    Shape rest = axis == 0 ? shape : axis == 1 ? Shape.of(1, shape.dim(0), shape.dim(2)) : shape;
    long first = axis == 0 ? shape.dim(1) : shape.dim(0);
    long second = axis == 2 ? shape.dim(1) : rest.dim(2);
    HostTensor expected = HostTensor.zeros(x.dtype(), Shape.of(c.get(COUNT), first, second));
    for (long i = 0; i < expected.size(); i++) {
      long[] place = Places.of(expected.shape(), i);
      long at = Math.max(0, Math.min(dim - 1, indices.getLong(place[0])));
      long from =
          switch (axis) {
            case 0 -> Places.number(shape, at, place[1], place[2]);
            case 1 -> Places.number(shape, place[1], at, place[2]);
            default -> Places.number(shape, place[1], place[2], at);
          };
      expected.setDouble(i, x.getDouble(from));
    }
    SmallProgram.of(
            Map.of("x", x, "indices", indices),
            x.dtype(),
            context -> context.ops().gather(context.input("x"), context.input("indices"), axis))
        .judgeBits(backend, findings, expected);
  }

  private static void alongTwoAxes(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS), c.get(INNER));
    HostTensor x = Values.of(Regime.ORDINARY, c.get(Inputs.DTYPE), shape, random);
    int count = c.get(COUNT);
    HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(count, 2));
    HostTensor expected = HostTensor.zeros(x.dtype(), Shape.of(count, shape.dim(1)));
    for (int i = 0; i < count; i++) {
      long row = random.nextLong(shape.dim(0));
      long inner = random.nextLong(shape.dim(2));
      indices.setLong(2L * i, row);
      indices.setLong(2L * i + 1, inner);
      for (long column = 0; column < shape.dim(1); column++) {
        expected.setDouble(
            i * shape.dim(1) + column, x.getDouble(Places.number(shape, row, column, inner)));
      }
    }
    SmallProgram.of(
            Map.of("x", x, "indices", indices),
            x.dtype(),
            context -> context.ops().gather(context.input("x"), context.input("indices"), 0, 2))
        .judgeBits(backend, findings, expected);
  }
}

package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What HLO leaves open, and another compiler than our evaluator may do otherwise. */
class LoweringChoicesTest {
  private static List<HloInstruction> instructions(
      DType dtype, BiFunction<GraphContext, Tensor, Tensor> body) {
    GraphSpec graph =
        new GraphSpec(
            "graph",
            List.of(new TensorSpec("x", dtype, Shape.of(4, 6))),
            c -> new GraphResult(Map.of("y", body.apply(c, c.input("x"))), Map.of()));
    return OneOp.trace(1, List.of(), graph).module().entry().instructions();
  }

  private static HloInstruction only(List<HloInstruction> instructions, Opcode opcode) {
    List<HloInstruction> found = instructions.stream().filter(i -> i.opcode() == opcode).toList();
    assertThat(found).as(opcode.toString()).hasSize(1);
    return found.get(0);
  }

  @Test
  void sumsOfNarrowNumbersAreOfFloat32() {
    for (DType dtype : List.of(DType.BF16, DType.F16)) {
      List<HloInstruction> graph =
          instructions(dtype, (c, x) -> c.ops().reduce(x, Reduction.SUM, 1));
      HloInstruction reduce = only(graph, Opcode.REDUCE);
      assertThat(reduce.array().type()).isEqualTo(ElementType.F32);
      assertThat(reduce.operand(1).opcode()).isEqualTo(Opcode.CONSTANT);
    }
  }

  @Test
  void dotsOfMixedTypesAreOfFloat32() {
    List<HloInstruction> graph =
        instructions(
            DType.BF16,
            (c, x) -> {
              TensorOps ops = c.ops();
              Tensor wide = ops.negate(ops.convert(x, DType.F32));
              return ops.dot(x, wide, DotDims.lastWithLast(2, 2), DType.BF16);
            });
    HloInstruction dot = only(graph, Opcode.DOT);
    assertThat(dot.operands())
        .extracting(operand -> operand.array().type())
        .containsExactly(ElementType.F32, ElementType.F32);
  }

  @Test
  void aNumberIsTrueByAComparison() {
    List<HloInstruction> graph = instructions(DType.I32, (c, x) -> c.ops().convert(x, DType.BOOL));
    assertThat(graph).noneMatch(i -> i.opcode() == Opcode.CONVERT);
    assertThat(only(graph, Opcode.COMPARE).array().type()).isEqualTo(ElementType.PRED);
  }

  @Test
  void theLargestAreFoundByAStableSortWithOneComparison() {
    List<HloInstruction> graph = instructions(DType.F32, (c, x) -> c.ops().topK(x, 3).indices());
    HloAttributes.Sort sort = (HloAttributes.Sort) only(graph, Opcode.SORT).attributes();
    assertThat(sort.order()).isEqualTo(HloAttributes.Sort.Order.STABLE);
    assertThat(sort.comparator().instructions())
        .filteredOn(i -> i.opcode() != Opcode.PARAMETER)
        .extracting(HloInstruction::opcode)
        .containsExactly(Opcode.COMPARE);
  }

  @Test
  void anInstructionNamesTheInnermostScopeItWasWrittenIn() {
    List<HloInstruction> graph =
        instructions(
            DType.F32,
            (c, x) -> {
              TensorOps ops = c.ops();
              Tensor layer =
                  c.scope(
                      "layers.0",
                      () -> {
                        Tensor inner = c.scope("layers.0.mlp", () -> ops.sine(x));
                        return ops.cosine(inner);
                      });
              return ops.exponential(layer);
            });
    assertThat(only(graph, Opcode.SINE).source()).isEqualTo("layers.0.mlp");
    assertThat(only(graph, Opcode.COSINE).source()).isEqualTo("layers.0");
    assertThat(only(graph, Opcode.EXPONENTIAL).source()).isEmpty();
  }
}

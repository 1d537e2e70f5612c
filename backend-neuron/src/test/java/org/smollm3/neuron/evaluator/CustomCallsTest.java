package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.smollm3.neuron.hlo.ElementType.BF16;
import static org.smollm3.neuron.hlo.ElementType.F32;
import static org.smollm3.neuron.hlo.ElementType.U32;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.Shape;

class CustomCallsTest {
  private final Graph graph = new Graph();

  private HloInstruction call(
      String target, String config, HloShape shape, HloInstruction... operands) {
    return graph.add(
        Opcode.CUSTOM_CALL, shape, new HloAttributes.CustomCall(target, config), operands);
  }

  @Test
  void rmsNormDividesByTheRootOfTheMeanSquare() {
    HloInstruction x = graph.floats(Shape.of(2, 2), 3, 4, 1, 1);
    HloInstruction y =
        call("AwsNeuronRmsNorm", "1", x.shape(), x, graph.floats(1, 2), graph.ops.scalar(F32, 0.5));
    double first = 1 / Math.sqrt(13);
    double second = 1 / Math.sqrt(1.5);
    assertThat(graph.doubles(y))
        .containsExactly(new double[] {3 * first, 8 * first, second, 2 * second}, offset(1e-6));
  }

  @Test
  void softmaxAlongADimension() {
    HloInstruction x = graph.floats(Shape.of(2, 2), 0, 1, (float) Math.log(3), 1);
    assertThat(graph.doubles(call("AwsNeuronSoftmax", "0", x.shape(), x)))
        .containsExactly(new double[] {0.25, 0.5, 0.75, 0.5}, offset(1e-6));
  }

  @Test
  void siluIsTheNumberTimesItsLogistic() {
    HloInstruction x = graph.typed(BF16, 0, 1, -100);
    assertThat(graph.doubles(call("AwsNeuronSilu", "", x.shape(), x)))
        .containsExactly(new double[] {0, 0.73046875, 0}, offset(1e-30));
  }

  @Test
  void topKGivesTheLargestFirstAndTheLowerIndexOfEquals() {
    HloInstruction x = graph.floats(Shape.of(1, 5), 2, 7, -0f, 7, 0);
    HloShape shape = new HloShape.Tuple(List.of(HloShape.of(F32, 1, 5), HloShape.of(U32, 1, 5)));
    HloInstruction top = call("AwsNeuronTopK", "5", shape, x);
    assertThat(graph.doubles(graph.ops.element(top, 0))).containsExactly(7, 7, 2, -0.0, 0);
    assertThat(graph.doubles(graph.ops.element(top, 1))).containsExactly(1, 3, 0, 2, 4);
  }

  @Test
  void argMaxIsTheLowestIndexOfTheLargest() {
    HloInstruction x = graph.floats(Shape.of(2, 3), 1, 5, 5, 9, Float.NaN, 3);
    assertThat(graph.doubles(call("AwsNeuronArgMax", "1", HloShape.of(U32, 2), x)))
        .containsExactly(1, 1);
  }

  @Test
  void hintsGiveTheirOperand() {
    HloInstruction x = graph.floats(1, 2);
    assertThat(graph.doubles(call("AwsNeuronTransferWithStaticRing", "", x.shape(), x)))
        .containsExactly(1, 2);
  }

  @Test
  void anUnknownCallIsRefusedByName() {
    HloInstruction x = graph.floats(1, 2);
    assertThatThrownBy(() -> graph.run(call("AwsNeuronErf", "", x.shape(), x)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("custom-call.")
        .hasMessageContaining("AwsNeuronErf");
  }

  @Test
  void aCallThatDoesNotFitIsRefused() {
    HloInstruction x = graph.floats(1, 2);
    assertThatThrownBy(() -> graph.run(call("AwsNeuronSoftmax", "1", x.shape(), x)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("no dimension 1");
    assertThatThrownBy(() -> graph.run(call("AwsNeuronSoftmax", "x", x.shape(), x)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("backend_config is 'x'");
  }
}

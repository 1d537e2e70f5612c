package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.evaluator.Evaluator;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Targets, configurations and operands of custom calls are those of released Neuron code. */
class CustomCallTraceTest {
  private static final Shape SHAPE = Shape.of(2, 3, 10);

  private interface Body {
    Map<String, Tensor> apply(TensorOps ops, Tensor x, Tensor weight);
  }

  private static TracedGraph trace(Set<CustomCall> calls, DType dtype, Body body) {
    GraphSpec graph =
        new GraphSpec(
            "graph",
            List.of(new TensorSpec("x", dtype, SHAPE), new TensorSpec("w", dtype, Shape.of(10))),
            c -> new GraphResult(body.apply(c.ops(), c.input("x"), c.input("w")), Map.of()));
    ProgramSpec program =
        new ProgramSpec("test", 1, List.of(), List.of(), List.of(graph), Set.of());
    TraceOptions options = TraceOptions.defaults().withCustomCalls(calls);
    return new GraphTracer(program, options, TapPattern.NONE).trace(graph);
  }

  private static List<HloInstruction> calls(TracedGraph graph) {
    return graph.module().entry().instructions().stream()
        .filter(i -> i.opcode() == Opcode.CUSTOM_CALL)
        .toList();
  }

  private static Map<String, Tensor> one(Tensor y) {
    return Map.of("y", y);
  }

  private static Map<String, Tensor> both(TopK top) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put("values", top.values());
    outputs.put("indices", top.indices());
    return outputs;
  }

  private static void assertCall(
      CustomCall call, DType dtype, Body body, String config, String shape, String... operands) {
    assertThat(calls(trace(Set.of(), dtype, body))).isEmpty();
    assertThat(calls(trace(EnumSet.complementOf(EnumSet.of(call)), dtype, body)))
        .extracting(HloInstruction::attributes)
        .doesNotContain(new HloAttributes.CustomCall(call.target(), config));
    TracedGraph traced = trace(Set.of(call), dtype, body);
    assertThat(calls(traced)).hasSize(1);
    HloInstruction instruction = calls(traced).get(0);
    assertThat(instruction.attributes())
        .isEqualTo(new HloAttributes.CustomCall(call.target(), config));
    assertThat(instruction.shape()).hasToString(shape);
    assertThat(instruction.operands())
        .extracting(operand -> ((HloShape.Array) operand.shape()).withoutLayout())
        .containsExactly(operands);
    assertSameValues(trace(Set.of(), dtype, body), traced);
  }

  /** The evaluator runs both. */
  private static void assertSameValues(TracedGraph plain, TracedGraph custom) {
    Random random = new Random(7);
    List<HostTensor> inputs = new ArrayList<>();
    for (TracedGraph.Parameter parameter : plain.parameters()) {
      inputs.add(OneOp.plain(random, parameter.spec().dtype(), parameter.spec().shape()));
    }
    List<HostTensor> wanted = run(plain, inputs);
    List<HostTensor> got = run(custom, inputs);
    for (int i = 0; i < wanted.size(); i++) {
      double precision = wanted.get(i).dtype() == DType.BF16 ? 0x1p-7 : 0x1p-20;
      for (long j = 0; j < wanted.get(i).size(); j++) {
        double value = wanted.get(i).getDouble(j);
        assertThat(got.get(i).getDouble(j))
            .isCloseTo(value, within(precision * Math.max(1e-3, Math.abs(value))));
      }
    }
  }

  private static List<HostTensor> run(TracedGraph graph, List<HostTensor> inputs) {
    return Evaluator.compile(graph.module(), 1).run(List.of(inputs)).get(0);
  }

  @Test
  void rmsNormIsOfFloat32WithAConstantEpsilon() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      Body body = (ops, x, w) -> one(ops.rmsNorm(x, w, 1e-6));
      assertCall(
          CustomCall.RMS_NORM,
          dtype,
          body,
          "2",
          "f32[2,3,10]{2,1,0}",
          "f32[2,3,10]",
          "f32[10]",
          "f32[]");
      HloInstruction epsilon =
          calls(trace(Set.of(CustomCall.RMS_NORM), dtype, body)).get(0).operand(2);
      assertThat(epsilon.opcode()).isEqualTo(Opcode.CONSTANT);
    }
  }

  @Test
  void softmaxIsOfTheLastDimension() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      assertCall(
          CustomCall.SOFTMAX,
          dtype,
          (ops, x, w) -> one(ops.softmax(x)),
          "2",
          "f32[2,3,10]{2,1,0}",
          "f32[2,3,10]");
    }
  }

  @Test
  void siluHasNoConfiguration() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      assertCall(
          CustomCall.SILU,
          dtype,
          (ops, x, w) -> one(ops.swiGlu(x, x)),
          "",
          "f32[2,3,10]{2,1,0}",
          "f32[2,3,10]");
    }
  }

  @Test
  void topKIsOfAMultipleOfEightAndGivesUnsignedIndices() {
    assertCall(
        CustomCall.TOP_K,
        DType.F32,
        (ops, x, w) -> both(ops.topK(x, 4)),
        "4",
        "(f32[2,3,4]{2,1,0}, u32[2,3,4]{2,1,0})",
        "f32[2,3,16]");
  }

  @Test
  void argMaxGivesUnsignedIndicesWithoutTheDimension() {
    assertCall(
        CustomCall.ARG_MAX,
        DType.F32,
        (ops, x, w) -> both(ops.topK(x, 1)),
        "2",
        "u32[2,3]{1,0}",
        "f32[2,3,10]");
  }
}

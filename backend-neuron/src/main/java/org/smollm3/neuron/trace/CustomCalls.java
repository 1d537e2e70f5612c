package org.smollm3.neuron.trace;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.Shape;

/**
 * The custom calls of {@link CustomCall}, with operands and configurations as transformers-neuronx
 * and Optimum Neuron write them: the configuration is the dimension, or k, in decimal.
 */
final class CustomCalls {
  /** transformers-neuronx pads what goes into a TopK to a multiple of this. */
  private static final int TOP_K_MULTIPLE = 8;

  private final ComputationBuilder builder;

  CustomCalls(ComputationBuilder builder) {
    this.builder = builder;
  }

  private HloInstruction call(
      CustomCall call, String config, HloShape shape, HloInstruction... operands) {
    return builder.add(
        Opcode.CUSTOM_CALL,
        shape,
        List.of(operands),
        new HloAttributes.CustomCall(call.target(), config));
  }

  private static int last(HloInstruction x) {
    return x.array().rank() - 1;
  }

  private static HloShape.Array withLast(HloInstruction x, ElementType type, long size) {
    return new HloShape.Array(type, x.array().dims().with(-1, size));
  }

  HloInstruction rmsNorm(HloInstruction x, HloInstruction weight, double epsilon) {
    HloInstruction wide = builder.convert(x, ElementType.F32);
    HloInstruction gain = builder.convert(weight, ElementType.F32);
    HloInstruction eps = builder.scalar(ElementType.F32, epsilon);
    HloInstruction normed =
        call(CustomCall.RMS_NORM, Integer.toString(last(x)), wide.shape(), wide, gain, eps);
    return builder.convert(normed, x.array().type());
  }

  HloInstruction softmax(HloInstruction x) {
    HloInstruction wide = builder.convert(x, ElementType.F32);
    HloInstruction result = call(CustomCall.SOFTMAX, Integer.toString(last(x)), wide.shape(), wide);
    return builder.convert(result, x.array().type());
  }

  HloInstruction swiGlu(HloInstruction gate, HloInstruction up) {
    HloInstruction wide = builder.convert(gate, ElementType.F32);
    HloInstruction silu = call(CustomCall.SILU, "", wide.shape(), wide);
    HloInstruction product =
        builder.binary(Opcode.MULTIPLY, silu, builder.convert(up, ElementType.F32));
    return builder.convert(product, gate.array().type());
  }

  TopK topK(HloInstruction x, int k) {
    HloInstruction padded = padded(x);
    HloShape.Array values = withLast(x, ElementType.F32, k);
    HloShape.Array ids = withLast(x, ElementType.U32, k);
    HloShape.Tuple both = new HloShape.Tuple(List.of(values, ids));
    HloInstruction top = call(CustomCall.TOP_K, Integer.toString(k), both, padded);
    HloInstruction indices = builder.convert(builder.element(top, 1), ElementType.S32);
    return new TopK(TracedTensor.of(builder.element(top, 0)), TracedTensor.of(indices));
  }

  private HloInstruction padded(HloInstruction x) {
    long size = x.array().dims().dim(-1);
    long missing = Math.ceilDiv(size, TOP_K_MULTIPLE) * TOP_K_MULTIPLE - size;
    if (missing == 0) {
      return x;
    }
    List<HloAttributes.Edge> edges =
        IntStream.range(0, x.array().rank())
            .mapToObj(i -> new HloAttributes.Edge(0, i == last(x) ? missing : 0, 0))
            .toList();
    HloInstruction lowest = builder.scalar(ElementType.F32, -Float.MAX_VALUE);
    return builder.add(Opcode.PAD, x.shape(), List.of(x, lowest), new HloAttributes.Padding(edges));
  }

  /** The index along the last axis, S32 without that axis. */
  HloInstruction argMax(HloInstruction x) {
    long[] dims = Arrays.copyOf(x.array().dims().toArray(), last(x));
    HloShape shape = new HloShape.Array(ElementType.U32, Shape.of(dims));
    HloInstruction index = call(CustomCall.ARG_MAX, Integer.toString(last(x)), shape, x);
    return builder.convert(index, ElementType.S32);
  }
}

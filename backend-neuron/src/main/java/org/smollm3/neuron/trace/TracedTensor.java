package org.smollm3.neuron.trace;

import java.util.Optional;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * A value of the graph: the instruction that gives it.
 *
 * @param readFrom the state whose present value it is, if it is one
 */
record TracedTensor(HloInstruction node, Optional<TracedState> readFrom) implements Tensor {
  static TracedTensor of(HloInstruction node) {
    return new TracedTensor(node, Optional.empty());
  }

  @Override
  public DType dtype() {
    readFrom.ifPresent(TracedState::requireLive);
    return node.array().type().dtype();
  }

  @Override
  public Shape shape() {
    readFrom.ifPresent(TracedState::requireLive);
    return node.array().dims();
  }

  /** The instruction of a tensor of a trace. */
  static HloInstruction node(Tensor tensor) {
    if (tensor instanceof TracedTensor traced) {
      traced.readFrom().ifPresent(TracedState::requireLive);
      return traced.node();
    }
    throw new IllegalArgumentException("not a tensor of this trace: " + tensor);
  }
}

package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults in composites of linear layers with each other, or with what comes after them. */
final class FusedFaults {
  private FusedFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "linear-each-loses-biases",
            "OP-LINEAR-03",
            "of several layers only the first has its bias",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public List<Tensor> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
                    List<LinearLayer> faulty = new ArrayList<>();
                    for (LinearLayer layer : layers) {
                      faulty.add(faulty.isEmpty() ? layer : with(layer, Optional.empty()));
                    }
                    return inner.linearEach(x, faulty, dtype);
                  }
                }),
        Fault.ofOps(
            "linear-topk-without-the-last",
            "OP-LINEAR-04",
            "linearTopK does not look at the last output",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK linearTopK(Tensor x, LinearLayer layer, int k) {
                    Tensor all = inner.linear(x, layer.weight(), layer.bias(), DType.F32);
                    int axis = all.shape().rank() - 1;
                    long n = all.shape().dim(axis);
                    return inner.topK(n > k ? inner.slice(all, axis, 0, n - 1) : all, k);
                  }
                }),
        Fault.ofOps(
            "linear-topk-last-of-equals",
            "OP-LINEAR-04",
            "of equal outputs linearTopK takes the one with the highest index first",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK linearTopK(Tensor x, LinearLayer layer, int k) {
                    TopK found = inner.linearTopK(x, backwards(inner, layer), k);
                    Tensor last = fill(layer.weight().shape().intDim(0) - 1, found.indices());
                    return new TopK(found.values(), inner.subtract(last, found.indices()));
                  }
                }),
        Fault.ofOps(
            "gate-and-up-change-places",
            "OP-SWIGLU-02",
            "the product of linearSwiGlu has the gate in the place of what is gated",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public GatedUnit linearSwiGlu(
                      Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
                    GatedUnit right = inner.linearSwiGlu(x, gate, up, dtype);
                    return new GatedUnit(
                        right.gate(), right.up(), inner.swiGlu(right.up(), right.gate()));
                  }
                }));
  }

  private static LinearLayer with(LinearLayer layer, Optional<Tensor> bias) {
    return new LinearLayer(layer.name(), layer.weight(), bias);
  }

  /** The layer with its outputs in the opposite order. */
  private static LinearLayer backwards(TensorOps ops, LinearLayer layer) {
    int n = layer.weight().shape().intDim(0);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = n - 1 - i;
    }
    Tensor indices = ops.constant(HostTensor.ofInts(Shape.of(n, 1), order));
    return new LinearLayer(
        layer.name(),
        ops.gather(layer.weight(), indices, 0),
        layer.bias().map(bias -> ops.gather(bias, indices, 0)));
  }
}

package org.smollm3.neuron.trace;

import static org.smollm3.neuron.trace.TracedTensor.node;

import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.ShapeRules;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;

/**
 * Operations that become HLO instructions. Composites are traced through their default bodies,
 * except attention over many keys, see {@link TiledAttention}, and custom calls that were asked
 * for.
 */
final class TracingOps extends TracingPrimitives {
  TracingOps(ComputationBuilder builder, TraceOptions options) {
    super(builder, options);
  }

  // ---- composites: their rules first, so that a message names the operation the model called ----

  @Override
  public Tensor linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    ShapeRules.linear(x, weight, bias, dtype);
    return super.linear(x, weight, bias, dtype);
  }

  /** {@inheritDoc} The instructions of each layer carry its name. */
  @Override
  public List<Tensor> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
    ShapeRules.linearEach(x, layers, dtype);
    return layers.stream()
        .map(l -> builder.from(l.name(), () -> linear(x, l.weight(), l.bias(), dtype)))
        .toList();
  }

  /** {@inheritDoc} The instructions of both carry the layer's name. */
  @Override
  public TopK linearTopK(Tensor x, LinearLayer layer, int k) {
    ShapeRules.linearTopK(x, layer, k);
    return builder.from(layer.name(), () -> super.linearTopK(x, layer, k));
  }

  @Override
  public Tensor cumulativeSum(Tensor x) {
    ShapeRules.cumulativeSum(x);
    return super.cumulativeSum(x);
  }

  @Override
  public Tensor embedding(Tensor ids, Tensor table, DType dtype) {
    ShapeRules.embedding(ids, table, dtype);
    return super.embedding(ids, table, dtype);
  }

  @Override
  public Tensor rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    ShapeRules.rotaryTable(positions, inverseFrequencies, scaling);
    return super.rotaryTable(positions, inverseFrequencies, scaling);
  }

  @Override
  public Tensor rotate(Tensor x, Tensor table) {
    ShapeRules.rotate(x, table);
    return super.rotate(x, table);
  }

  @Override
  public State updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    ShapeRules.updateCache(cache, active, seqIds, positions, kind);
    return super.updateCache(cache, active, seqIds, positions, kind);
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    ShapeRules.rmsNorm(x, weight, epsilon);
    if (!options.customCalls().contains(CustomCall.RMS_NORM)) {
      return super.rmsNorm(x, weight, epsilon);
    }
    return traced(customCalls.rmsNorm(node(x), node(weight), epsilon));
  }

  @Override
  public Tensor softmax(Tensor x) {
    ShapeRules.softmax(x);
    if (!options.customCalls().contains(CustomCall.SOFTMAX)) {
      return super.softmax(x);
    }
    return traced(customCalls.softmax(node(x)));
  }

  @Override
  public Tensor swiGlu(Tensor gate, Tensor up) {
    ShapeRules.swiGlu(gate, up);
    if (!options.customCalls().contains(CustomCall.SILU)) {
      return super.swiGlu(gate, up);
    }
    return traced(customCalls.swiGlu(node(gate), node(up)));
  }

  @Override
  public Tensor attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    ShapeRules.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
    if (!TiledAttention.isNeeded(q, kCache, spec, options.attentionTile())) {
      return super.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
    }
    TiledAttention attention = new TiledAttention(this, options.attentionTile(), q, spec.scale());
    return attention.attend(kCache, vCache, kActive, vActive, seqIds, positions, spec.kind());
  }
}

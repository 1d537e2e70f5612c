package org.smollm3.model;

import java.util.List;
import java.util.OptionalInt;
import org.smollm3.attention.RopeParameters;
import org.smollm3.tensor.DType;

/**
 * The architecture of one SmolLM3 model, as read from {@code config.json} by {@code
 * SmolLm3ConfigReader}, which refuses what contradicts itself.
 *
 * @param numKeyValueHeads divides {@code numAttentionHeads}
 * @param headDim may differ from hiddenSize / numAttentionHeads; even
 * @param attentionBias whether the q, k, v and o projections have biases
 * @param mlpBias whether the gate, up and down projections have biases
 * @param tieWordEmbeddings whether lm_head is the embedding table
 * @param ropeLayers per layer, whether it uses rotary embedding ({@code no_rope_layers}: 1 means it
 *     does)
 * @param slidingLayers per layer, whether its attention is limited to {@code slidingWindow}
 * @param slidingWindow present if any layer is sliding
 * @param dtype the type the weights were published in: F32, BF16 or F16
 * @param eosTokenIds ids that end a generation; may be empty
 */
public record SmolLm3Config(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int numKeyValueHeads,
    int headDim,
    int maxPositionEmbeddings,
    double rmsNormEps,
    boolean attentionBias,
    boolean mlpBias,
    boolean tieWordEmbeddings,
    List<Boolean> ropeLayers,
    List<Boolean> slidingLayers,
    OptionalInt slidingWindow,
    RopeParameters rope,
    DType dtype,
    OptionalInt bosTokenId,
    List<Integer> eosTokenIds,
    OptionalInt padTokenId) {

  public SmolLm3Config {
    ropeLayers = List.copyOf(ropeLayers);
    slidingLayers = List.copyOf(slidingLayers);
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  /** Whether a layer rotates its queries and keys by position; the others are NoPE layers. */
  public boolean usesRope(int layer) {
    return ropeLayers.get(layer);
  }

  /** Whether a layer's attention sees only a window of positions. */
  public boolean isSliding(int layer) {
    return slidingLayers.get(layer);
  }
}

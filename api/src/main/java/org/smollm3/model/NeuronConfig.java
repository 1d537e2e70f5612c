package org.smollm3.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;

/**
 * How a model is compiled for Neuron devices: Optimum Neuron's {@code neuron_config.json} (its
 * class NxDNeuronConfig), with its names, defaults and refusals. An instance has been validated.
 *
 * @param checkpointId where the weights come from on the hub
 * @param checkpointRevision of it
 * @param batchSize rows of a token-generation graph
 * @param maxBatchSize sequences the cache has lines for
 * @param continuousBatching whether sequences join and leave; prefill then takes one at a time
 * @param speculationLength tokens of a speculation graph; 0 for none
 * @param sequenceLength positions per sequence, prompt and new tokens together
 * @param tpDegree ranks over which layers are split
 * @param epDegree 1
 * @param ppDegree 1
 * @param torchDtype of weights, activations and cache: BF16, F32 or F16
 * @param nActiveTokens tokens a graph takes per row, where nothing else says so
 * @param maxContextLength tokens of a context-encoding graph
 * @param outputLogits whether graphs return logits beside the chosen tokens
 * @param fusedQkv whether query, key and value projections are one weight
 * @param target instance family to compile for, such as trn1 or trn2
 * @param onDeviceSampling whether graphs return tokens instead of logits
 * @param maxTopk candidates of the sampler in the graph
 * @param prefillChunkSize tokens of a chunked-prefill graph; 0 for context encoding instead
 * @param startRankId first rank of this host
 * @param localRanksSize ranks of this host
 * @param capacityFactor of mixtures of experts
 * @param gluMlp of mixtures of experts
 * @param optimumNeuronVersion that exported the model
 * @param neuronxccVersion that compiled it
 * @param file what else its file holds
 */
public record NeuronConfig(
    Optional<String> checkpointId,
    Optional<String> checkpointRevision,
    int batchSize,
    int maxBatchSize,
    boolean continuousBatching,
    int speculationLength,
    int sequenceLength,
    int tpDegree,
    int epDegree,
    int ppDegree,
    DType torchDtype,
    int nActiveTokens,
    int maxContextLength,
    boolean outputLogits,
    boolean fusedQkv,
    Optional<String> target,
    boolean onDeviceSampling,
    int maxTopk,
    int prefillChunkSize,
    int startRankId,
    int localRanksSize,
    OptionalDouble capacityFactor,
    boolean gluMlp,
    Optional<String> optimumNeuronVersion,
    Optional<String> neuronxccVersion,
    FileContent file) {

  /** What marks the files of this class among Optimum's. */
  public static final String SERIALIZED_KEY = "NxDNeuronConfig";

  /**
   * What a file holds beyond the fields of this class.
   *
   * @param order the names of all its fields as they stand in it; empty for alphabetical
   * @param unknown the fields that are not of this class, as JSON
   */
  public record FileContent(List<String> order, Map<String, String> unknown) {
    /** Of a configuration that comes from no file. */
    public static final FileContent NONE = new FileContent(List.of(), Map.of());

    public FileContent {
      order = List.copyOf(order);
      unknown = Map.copyOf(unknown);
    }
  }

  public NeuronConfig {
    NeuronConfigRules.checkDistribution(tpDegree, epDegree, ppDegree, startRankId, localRanksSize);
    NeuronConfigRules.checkBatches(batchSize, maxBatchSize);
    NeuronConfigRules.checkLengths(
        sequenceLength, maxContextLength, nActiveTokens, prefillChunkSize, speculationLength);
    NeuronConfigRules.checkSampling(maxTopk, onDeviceSampling, speculationLength, prefillChunkSize);
    NeuronConfigRules.checkTypes(torchDtype, capacityFactor);
  }

  /** Optimum's defaults: one rank, one sequence of 128 positions, bfloat16. */
  public static NeuronConfig defaults() {
    return builder().build();
  }

  public static NeuronConfigBuilder builder() {
    return new NeuronConfigBuilder();
  }

  /** The same, compiled by that version of neuronx-cc. */
  public NeuronConfig withNeuronxccVersion(String version) {
    return new NeuronConfig(
        checkpointId,
        checkpointRevision,
        batchSize,
        maxBatchSize,
        continuousBatching,
        speculationLength,
        sequenceLength,
        tpDegree,
        epDegree,
        ppDegree,
        torchDtype,
        nActiveTokens,
        maxContextLength,
        outputLogits,
        fusedQkv,
        target,
        onDeviceSampling,
        maxTopk,
        prefillChunkSize,
        startRankId,
        localRanksSize,
        capacityFactor,
        gluMlp,
        optimumNeuronVersion,
        Optional.of(version),
        file);
  }

  /** Rows of a prefill graph. */
  public int ctxBatchSize() {
    return continuousBatching ? 1 : batchSize;
  }

  /** Rows of a token-generation or speculation graph. */
  public int tkgBatchSize() {
    return batchSize;
  }

  /** Ranks of all hosts. */
  public int worldSize() {
    return tpDegree * ppDegree * epDegree;
  }

  /** Physical cores that make a logical one. */
  public int logicalNcConfig() {
    return target.equals(Optional.of("trn2")) ? 2 : 1;
  }

  /** How the weights are laid out over the ranks. */
  public Sharding sharding() {
    return Sharding.of(tpDegree, fusedQkv ? Sharding.Qkv.FUSED : Sharding.Qkv.SEPARATE);
  }

  /**
   * The type in which the model is computed.
   *
   * @throws InvalidRequestException if {@code torch_dtype} is float16
   */
  public DType arithmetic() {
    if (torchDtype == DType.F16) {
      throw new InvalidRequestException(
          "torch_dtype is float16, in which the model cannot be computed; use bfloat16 or float32");
    }
    return torchDtype;
  }

  /**
   * Refuses what does not go with a model.
   *
   * @throws InvalidRequestException if the sampler in the graph has more candidates than the model
   *     has tokens
   */
  public void requireFits(SmolLm3Config config) {
    if (onDeviceSampling && maxTopk > config.vocabSize()) {
      throw new InvalidRequestException(
          "max_topk is " + maxTopk + ", wanted at most vocab_size " + config.vocabSize());
    }
  }
}

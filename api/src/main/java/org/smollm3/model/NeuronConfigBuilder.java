package org.smollm3.model;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.smollm3.tensor.DType;

/** Sets fields of a {@link NeuronConfig}; the others take Optimum's defaults. */
public final class NeuronConfigBuilder {
  private Optional<String> checkpointId = Optional.empty();
  private Optional<String> checkpointRevision = Optional.empty();
  private int batchSize = 1;
  private OptionalInt maxBatchSize = OptionalInt.empty();
  private boolean continuousBatching = false;
  private int speculationLength = 0;
  private int sequenceLength = 128;
  private int tpDegree = 1;
  private int epDegree = 1;
  private int ppDegree = 1;
  private DType torchDtype = DType.BF16;
  private OptionalInt nActiveTokens = OptionalInt.empty();
  private OptionalInt maxContextLength = OptionalInt.empty();
  private boolean outputLogits = false;
  private boolean fusedQkv = false;
  private Optional<String> target = Optional.empty();
  private boolean onDeviceSampling = false;
  private int maxTopk = 256;
  private int prefillChunkSize = 0;
  private int startRankId = 0;
  private OptionalInt localRanksSize = OptionalInt.empty();
  private OptionalDouble capacityFactor = OptionalDouble.empty();
  private boolean gluMlp = true;
  private Optional<String> optimumNeuronVersion = Optional.empty();
  private Optional<String> neuronxccVersion = Optional.empty();
  private NeuronConfig.FileContent file = NeuronConfig.FileContent.NONE;

  NeuronConfigBuilder() {}

  public NeuronConfigBuilder checkpointId(String value) {
    checkpointId = Optional.of(value);
    return this;
  }

  public NeuronConfigBuilder checkpointRevision(String value) {
    checkpointRevision = Optional.of(value);
    return this;
  }

  public NeuronConfigBuilder batchSize(int value) {
    batchSize = value;
    return this;
  }

  /** Left out, {@code batchSize}. */
  public NeuronConfigBuilder maxBatchSize(int value) {
    maxBatchSize = OptionalInt.of(value);
    return this;
  }

  public NeuronConfigBuilder continuousBatching(boolean value) {
    continuousBatching = value;
    return this;
  }

  public NeuronConfigBuilder speculationLength(int value) {
    speculationLength = value;
    return this;
  }

  public NeuronConfigBuilder sequenceLength(int value) {
    sequenceLength = value;
    return this;
  }

  public NeuronConfigBuilder tpDegree(int value) {
    tpDegree = value;
    return this;
  }

  public NeuronConfigBuilder epDegree(int value) {
    epDegree = value;
    return this;
  }

  public NeuronConfigBuilder ppDegree(int value) {
    ppDegree = value;
    return this;
  }

  public NeuronConfigBuilder torchDtype(DType value) {
    torchDtype = value;
    return this;
  }

  /** Left out, {@code sequenceLength}. */
  public NeuronConfigBuilder nActiveTokens(int value) {
    nActiveTokens = OptionalInt.of(value);
    return this;
  }

  /** Left out, {@code sequenceLength}. */
  public NeuronConfigBuilder maxContextLength(int value) {
    maxContextLength = OptionalInt.of(value);
    return this;
  }

  public NeuronConfigBuilder outputLogits(boolean value) {
    outputLogits = value;
    return this;
  }

  public NeuronConfigBuilder fusedQkv(boolean value) {
    fusedQkv = value;
    return this;
  }

  public NeuronConfigBuilder target(String value) {
    target = Optional.of(value);
    return this;
  }

  public NeuronConfigBuilder onDeviceSampling(boolean value) {
    onDeviceSampling = value;
    return this;
  }

  public NeuronConfigBuilder maxTopk(int value) {
    maxTopk = value;
    return this;
  }

  public NeuronConfigBuilder prefillChunkSize(int value) {
    prefillChunkSize = value;
    return this;
  }

  public NeuronConfigBuilder startRankId(int value) {
    startRankId = value;
    return this;
  }

  /** Left out, all ranks. */
  public NeuronConfigBuilder localRanksSize(int value) {
    localRanksSize = OptionalInt.of(value);
    return this;
  }

  public NeuronConfigBuilder capacityFactor(double value) {
    capacityFactor = OptionalDouble.of(value);
    return this;
  }

  public NeuronConfigBuilder gluMlp(boolean value) {
    gluMlp = value;
    return this;
  }

  public NeuronConfigBuilder optimumNeuronVersion(String value) {
    optimumNeuronVersion = Optional.of(value);
    return this;
  }

  public NeuronConfigBuilder neuronxccVersion(String value) {
    neuronxccVersion = Optional.of(value);
    return this;
  }

  NeuronConfigBuilder file(NeuronConfig.FileContent value) {
    file = value;
    return this;
  }

  /**
   * The configuration.
   *
   * @throws org.smollm3.error.InvalidRequestException naming the first field that cannot be so
   */
  public NeuronConfig build() {
    return new NeuronConfig(
        checkpointId,
        checkpointRevision,
        batchSize,
        maxBatchSize.orElse(batchSize),
        continuousBatching,
        speculationLength,
        sequenceLength,
        tpDegree,
        epDegree,
        ppDegree,
        torchDtype,
        nActiveTokens.orElse(sequenceLength),
        maxContextLength.orElse(sequenceLength),
        outputLogits,
        fusedQkv,
        target,
        onDeviceSampling,
        maxTopk,
        prefillChunkSize,
        startRankId,
        localRanksSize.orElse(tpDegree * ppDegree * epDegree),
        capacityFactor,
        gluMlp,
        optimumNeuronVersion,
        neuronxccVersion,
        file);
  }
}

package org.smollm3.model;

import java.util.OptionalDouble;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;

/** What a {@link NeuronConfig} must not say, in the names of its file. */
final class NeuronConfigRules {
  private NeuronConfigRules() {}

  static void checkDistribution(
      int tpDegree, int epDegree, int ppDegree, int startRankId, int localRanksSize) {
    atLeast("tp_degree", tpDegree, 1);
    if (ppDegree != 1) {
      throw refused("pp_degree", ppDegree, "only 1 is supported: no pipeline parallelism");
    }
    if (epDegree != 1) {
      throw refused("ep_degree", epDegree, "only 1 is supported: no expert parallelism");
    }
    int worldSize = tpDegree;
    if (startRankId < 0 || startRankId >= worldSize) {
      throw refused(
          "start_rank_id",
          startRankId,
          "wanted 0 to " + (worldSize - 1) + " in a world of " + worldSize);
    }
    if (localRanksSize < 1 || localRanksSize > worldSize - startRankId) {
      throw refused(
          "local_ranks_size",
          localRanksSize,
          String.format(
              "wanted 1 to %d from start_rank_id %d in a world of %d",
              worldSize - startRankId, startRankId, worldSize));
    }
  }

  static void checkBatches(int batchSize, int maxBatchSize) {
    atLeast("batch_size", batchSize, 1);
    if (maxBatchSize < batchSize) {
      throw refused("max_batch_size", maxBatchSize, "wanted at least batch_size " + batchSize);
    }
  }

  static void checkLengths(
      int sequenceLength,
      int maxContextLength,
      int nActiveTokens,
      int prefillChunkSize,
      int speculationLength) {
    atLeast("sequence_length", sequenceLength, 1);
    within("max_context_length", maxContextLength, 1, sequenceLength);
    within("n_active_tokens", nActiveTokens, 1, sequenceLength);
    within("prefill_chunk_size", prefillChunkSize, 0, sequenceLength);
    within("speculation_length", speculationLength, 0, sequenceLength);
  }

  static void checkSampling(
      int maxTopk, boolean onDeviceSampling, int speculationLength, int prefillChunkSize) {
    atLeast("max_topk", maxTopk, 1);
    if (speculationLength > 0 && onDeviceSampling) {
      throw refused(
          "speculation_length",
          speculationLength,
          "which excludes on_device_sampling; set one to 0, or the other to false");
    }
    if (speculationLength > 0 && prefillChunkSize > 0) {
      throw refused(
          "speculation_length",
          speculationLength,
          "which excludes prefill_chunk_size " + prefillChunkSize + "; set one of them to 0");
    }
  }

  static void checkTypes(DType torchDtype, OptionalDouble capacityFactor) {
    switch (torchDtype) {
      case BF16, F32, F16 -> {}
      default ->
          throw new InvalidRequestException(
              "torch_dtype is " + torchDtype + ", wanted bfloat16, float32 or float16");
    }
    double factor = capacityFactor.orElse(0);
    if (!(factor >= 0) || Double.isInfinite(factor)) {
      throw new InvalidRequestException(
          "capacity_factor is " + factor + ", wanted a finite number of at least 0");
    }
  }

  private static void atLeast(String name, int value, int min) {
    if (value < min) {
      throw refused(name, value, "wanted at least " + min);
    }
  }

  private static void within(String name, int value, int min, int sequenceLength) {
    atLeast(name, value, min);
    if (value > sequenceLength) {
      throw refused(name, value, "wanted at most sequence_length " + sequenceLength);
    }
  }

  private static InvalidRequestException refused(String name, int value, String problem) {
    return new InvalidRequestException(name + " is " + value + ", " + problem);
  }
}

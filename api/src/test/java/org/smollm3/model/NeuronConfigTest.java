package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;

class NeuronConfigTest {
  /** As the arguments of NxDNeuronConfig.__init__ have them. */
  @Test
  void defaultsAreThoseOfOptimum() {
    assertThat(NeuronConfig.defaults())
        .isEqualTo(
            new NeuronConfig(
                Optional.empty(),
                Optional.empty(),
                1,
                1,
                false,
                0,
                128,
                1,
                1,
                1,
                DType.BF16,
                128,
                128,
                false,
                false,
                Optional.empty(),
                false,
                256,
                0,
                0,
                1,
                OptionalDouble.empty(),
                true,
                Optional.empty(),
                Optional.empty(),
                NeuronConfig.FileContent.NONE));
  }

  @Test
  void whatIsLeftOutFollowsFromTheRest() {
    NeuronConfig config =
        NeuronConfig.builder().batchSize(4).sequenceLength(512).tpDegree(8).build();
    assertThat(config.maxBatchSize()).isEqualTo(4);
    assertThat(config.nActiveTokens()).isEqualTo(512);
    assertThat(config.maxContextLength()).isEqualTo(512);
    assertThat(config.localRanksSize()).isEqualTo(8);
    assertThat(config.worldSize()).isEqualTo(8);
    NeuronConfig given =
        NeuronConfig.builder()
            .batchSize(4)
            .maxBatchSize(6)
            .sequenceLength(512)
            .nActiveTokens(2)
            .maxContextLength(300)
            .tpDegree(8)
            .startRankId(2)
            .localRanksSize(3)
            .build();
    assertThat(given.maxBatchSize()).isEqualTo(6);
    assertThat(given.nActiveTokens()).isEqualTo(2);
    assertThat(given.maxContextLength()).isEqualTo(300);
    assertThat(given.localRanksSize()).isEqualTo(3);
  }

  @Test
  void batchSizesOfTheGraphs() {
    NeuronConfigBuilder builder = NeuronConfig.builder().batchSize(4);
    assertThat(builder.build().ctxBatchSize()).isEqualTo(4);
    assertThat(builder.build().tkgBatchSize()).isEqualTo(4);
    builder.continuousBatching(true);
    assertThat(builder.build().ctxBatchSize()).isEqualTo(1);
    assertThat(builder.build().tkgBatchSize()).isEqualTo(4);
  }

  @Test
  void twoCoresMakeALogicalOneOnTrn2() {
    assertThat(NeuronConfig.builder().target("trn2").build().logicalNcConfig()).isEqualTo(2);
    assertThat(NeuronConfig.builder().target("trn1").build().logicalNcConfig()).isEqualTo(1);
    assertThat(NeuronConfig.defaults().logicalNcConfig()).isEqualTo(1);
  }

  @Test
  void shardingAndArithmetic() {
    NeuronConfigBuilder builder = NeuronConfig.builder().tpDegree(4).torchDtype(DType.F32);
    assertThat(builder.build().sharding()).isEqualTo(Sharding.of(4, Sharding.Qkv.SEPARATE));
    assertThat(builder.fusedQkv(true).build().sharding())
        .isEqualTo(Sharding.of(4, Sharding.Qkv.FUSED));
    assertThat(builder.build().arithmetic()).isEqualTo(DType.F32);
    assertThat(NeuronConfig.defaults().arithmetic()).isEqualTo(DType.BF16);
    NeuronConfig half = builder.torchDtype(DType.F16).build();
    assertThatThrownBy(half::arithmetic)
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "torch_dtype is float16, in which the model cannot be computed; use bfloat16 or"
                + " float32");
  }

  @Test
  void theSamplerHasNoMoreCandidatesThanTheModelHasTokens() {
    SmolLm3Config model = ConfigJson.read("vocab_size", "320");
    NeuronConfigBuilder builder = NeuronConfig.builder().onDeviceSampling(true).maxTopk(320);
    builder.build().requireFits(model);
    NeuronConfig large = builder.maxTopk(321).build();
    assertThatThrownBy(() -> large.requireFits(model))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("max_topk is 321, wanted at most vocab_size 320");
    builder.onDeviceSampling(false).build().requireFits(model);
  }

  private static DynamicTest refuses(String message, UnaryOperator<NeuronConfigBuilder> change) {
    NeuronConfigBuilder builder = NeuronConfig.builder().sequenceLength(100).tpDegree(4);
    return DynamicTest.dynamicTest(
        message,
        () ->
            assertThatThrownBy(() -> change.apply(builder).build())
                .isInstanceOf(InvalidRequestException.class)
                .hasMessage(message));
  }

  @TestFactory
  Stream<DynamicTest> contradictionsAreRefused() {
    return Stream.of(
        refuses("tp_degree is 0, wanted at least 1", b -> b.tpDegree(0)),
        refuses("tp_degree is -1, wanted at least 1", b -> b.tpDegree(-1)),
        refuses("pp_degree is 2, only 1 is supported: no pipeline parallelism", b -> b.ppDegree(2)),
        refuses("ep_degree is 0, only 1 is supported: no expert parallelism", b -> b.epDegree(0)),
        refuses("start_rank_id is -1, wanted 0 to 3 in a world of 4", b -> b.startRankId(-1)),
        refuses("start_rank_id is 4, wanted 0 to 3 in a world of 4", b -> b.startRankId(4)),
        refuses(
            "local_ranks_size is 0, wanted 1 to 4 from start_rank_id 0 in a world of 4",
            b -> b.localRanksSize(0)),
        refuses(
            "local_ranks_size is 3, wanted 1 to 2 from start_rank_id 2 in a world of 4",
            b -> b.startRankId(2).localRanksSize(3)),
        refuses("batch_size is 0, wanted at least 1", b -> b.batchSize(0)),
        refuses(
            "max_batch_size is 2, wanted at least batch_size 3",
            b -> b.batchSize(3).maxBatchSize(2)),
        refuses("sequence_length is 0, wanted at least 1", b -> b.sequenceLength(0)),
        refuses("max_context_length is 0, wanted at least 1", b -> b.maxContextLength(0)),
        refuses(
            "max_context_length is 101, wanted at most sequence_length 100",
            b -> b.maxContextLength(101)),
        refuses("n_active_tokens is 0, wanted at least 1", b -> b.nActiveTokens(0)),
        refuses(
            "n_active_tokens is 101, wanted at most sequence_length 100",
            b -> b.nActiveTokens(101)),
        refuses("prefill_chunk_size is -1, wanted at least 0", b -> b.prefillChunkSize(-1)),
        refuses(
            "prefill_chunk_size is 101, wanted at most sequence_length 100",
            b -> b.prefillChunkSize(101)),
        refuses("speculation_length is -1, wanted at least 0", b -> b.speculationLength(-1)),
        refuses(
            "speculation_length is 101, wanted at most sequence_length 100",
            b -> b.speculationLength(101)),
        refuses(
            "speculation_length is 4, which excludes on_device_sampling; set one to 0, or the other"
                + " to false",
            b -> b.speculationLength(4).onDeviceSampling(true)),
        refuses(
            "speculation_length is 4, which excludes prefill_chunk_size 32; set one of them to 0",
            b -> b.speculationLength(4).prefillChunkSize(32)),
        refuses("max_topk is 0, wanted at least 1", b -> b.maxTopk(0)),
        refuses("max_topk is -1, wanted at least 1", b -> b.maxTopk(-1)),
        refuses(
            "torch_dtype is I32, wanted bfloat16, float32 or float16",
            b -> b.torchDtype(DType.I32)),
        refuses(
            "capacity_factor is -1.0, wanted a finite number of at least 0",
            b -> b.capacityFactor(-1)),
        refuses(
            "capacity_factor is NaN, wanted a finite number of at least 0",
            b -> b.capacityFactor(Double.NaN)));
  }
}

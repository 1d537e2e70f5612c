package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.generation.ContinuousBatch;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.Logits;
import org.smollm3.generation.OptimumSampler;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenIds;
import org.smollm3.model.CompiledShapes;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;

/** The small trained model, with all that compiled graphs of it can do. */
@Timeout(300)
class SmolLm3OnNeuronTest {
  private static final int STEPS = 20;
  private static final int[] PROMPT = {310, 42, 7, 1500, 99, 12, 640};
  private static final CompiledShapes SHAPES = CompiledShapes.of(1, 64, 32);

  private final SmolLm3Model model =
      SmolLm3Model.open(
          Path.of(
              System.getProperty("smollm3.root"),
              "weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny"));

  private DecoderRunner open(Backend backend, int ranks, CompiledShapes shapes) {
    return model.load(
        backend,
        DType.F32,
        Sharding.of(ranks, Sharding.Qkv.SEPARATE),
        shapes,
        LoadOptions.defaults());
  }

  private static Backend lowered() {
    return LoweredBackend.open(TraceOptions.defaults());
  }

  private static Backend on(SimulatedNrt device) {
    return Simulation.backend(device, RunnerOptions.defaults());
  }

  /** Logits of the prompt and of each step, whose most likely token is the next. */
  private static List<float[]> greedy(DecoderRunner runner, int steps) {
    List<float[]> logits = new ArrayList<>();
    logits.add(runner.prefill(List.of(RowRequest.prompt(0, PROMPT))).getFirst().lastLogits());
    for (int i = 0; i < steps; i++) {
      int token = Logits.argmax(logits.getLast());
      RowRequest row = RowRequest.at(0, PROMPT.length + i, token);
      logits.add(runner.decode(List.of(row)).getFirst().lastLogits());
    }
    return logits;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void greedyStepsAreThoseOfTheLoweredGraphs(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    try (DecoderRunner ours = open(on(device), ranks, SHAPES);
        DecoderRunner theirs = open(lowered(), ranks, SHAPES)) {
      List<float[]> actual = greedy(ours, STEPS);
      List<float[]> wanted = greedy(theirs, STEPS);
      for (int i = 0; i < wanted.size(); i++) {
        assertThat(actual.get(i)).as("step %d", i).isEqualTo(wanted.get(i));
      }
    }
    Simulation.assertNothingLeft(device);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theDeviceChoosesWhatTheHostWouldChoose(int ranks) {
    int candidates = 64;
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    CompiledShapes tokens = SHAPES.withResult(CompiledShapes.Result.TOKENS, candidates);
    List<DeviceSamplingParams> params =
        List.of(
            DeviceSamplingParams.greedy(),
            new DeviceSamplingParams(20, 0.9, 0.8),
            new DeviceSamplingParams(DeviceSamplingParams.MAX_TOPK, 1, 1.5));
    try (DecoderRunner sampling = open(on(device), ranks, tokens);
        DecoderRunner logits = open(lowered(), ranks, SHAPES)) {
      for (DeviceSamplingParams each : params) {
        OptimumSampler sampler = new OptimumSampler(each, candidates);
        float uniform = 0.05f;
        RowRequest row = RowRequest.prompt(0, PROMPT);
        RowOutput ours = sampling.prefill(List.of(drawing(row, each, uniform))).getFirst();
        float[] scores = logits.prefill(List.of(row)).getFirst().lastLogits();
        for (int i = 0; i < STEPS; i++) {
          assertThat(ours.logits()).isEmpty();
          int token = ours.token().orElseThrow();
          assertThat(token).as("%s, step %d", each, i).isEqualTo(sampler.sample(scores, uniform));
          uniform = (uniform + 0.37f) % 1;
          row = RowRequest.at(0, PROMPT.length + i, token);
          ours = sampling.decode(List.of(drawing(row, each, uniform))).getFirst();
          scores = logits.decode(List.of(row)).getFirst().lastLogits();
        }
        sampling.release(0);
        logits.release(0);
      }
    }
    Simulation.assertNothingLeft(device);
  }

  private static RowRequest drawing(RowRequest row, DeviceSamplingParams params, float uniform) {
    return row.drawing(new RowRequest.Draw(params, uniform));
  }

  /** Sequences come and go; each is as if it were alone. */
  @Test
  void sequencesOfAContinuousBatchAreAsIfAlone() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    CompiledShapes shapes =
        CompiledShapes.of(2, 64, 32).withBatching(CompiledShapes.Batching.CONTINUOUS, 3);
    List<float[]> wanted;
    try (DecoderRunner alone = open(lowered(), 2, SHAPES)) {
      wanted = greedy(alone, 5);
    }
    try (ContinuousBatch batch = new ContinuousBatch(open(on(device), 2, shapes))) {
      ContinuousBatch.Added other = batch.add(TokenIds.of(5, 6, 7), Optional.empty());
      ContinuousBatch.Added ours = batch.add(TokenIds.of(PROMPT), Optional.empty());
      float[] logits = ours.output().lastLogits();
      assertThat(logits).isEqualTo(wanted.getFirst());
      for (int i = 1; i < wanted.size(); i++) {
        if (i == 3) {
          batch.remove(other.seqId());
          batch.add(TokenIds.of(9, 8), Optional.empty());
        }
        Map<Integer, Integer> next =
            i < 3
                ? Map.of(ours.seqId(), Logits.argmax(logits), other.seqId(), 11)
                : Map.of(ours.seqId(), Logits.argmax(logits));
        logits = step(batch, next, ours.seqId());
        assertThat(logits).as("step %d", i).isEqualTo(wanted.get(i));
      }
    }
    Simulation.assertNothingLeft(device);
  }

  private static float[] step(ContinuousBatch batch, Map<Integer, Integer> tokens, int seqId) {
    return Optional.ofNullable(batch.step(tokens, Map.of()).get(seqId)).orElseThrow().lastLogits();
  }

  @Test
  void chunkedPrefillAndSpeculationAreThoseOfTheLoweredGraphs() {
    CompiledShapes chunks = SHAPES.withPrefillChunkSize(3);
    CompiledShapes guesses = SHAPES.withSpeculationLength(4);
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    try (DecoderRunner ours = open(on(device), 2, chunks);
        DecoderRunner theirs = open(lowered(), 2, chunks)) {
      assertThat(greedy(ours, 3).toArray()).isEqualTo(greedy(theirs, 3).toArray());
    }
    try (DecoderRunner ours = open(on(device), 2, guesses);
        DecoderRunner theirs = open(lowered(), 2, guesses)) {
      assertThat(greedy(ours, 2).toArray()).isEqualTo(greedy(theirs, 2).toArray());
      RowRequest row = RowRequest.at(0, PROMPT.length + 2, 4, 5, 6);
      RowOutput actual = ours.speculate(List.of(row)).getFirst();
      RowOutput wanted = theirs.speculate(List.of(row)).getFirst();
      for (int t = 0; t < 3; t++) {
        assertThat(actual.logits(t)).isEqualTo(wanted.logits(t));
      }
    }
    Simulation.assertNothingLeft(device);
  }
}

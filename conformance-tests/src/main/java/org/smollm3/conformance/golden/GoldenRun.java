package org.smollm3.conformance.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smollm3.generation.DynamicDecoderRunner;
import org.smollm3.generation.PromptBatch;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.kvcache.KvCacheSpec;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** What a backend computes for a golden case, in the layout of the goldens. */
final class GoldenRun {
  private final GoldenCase golden;
  private final Backend backend;
  private final Sharding sharding;

  GoldenRun(GoldenCase golden, Backend backend, Sharding sharding) {
    this.golden = golden;
    this.backend = backend;
    this.sharding = sharding;
  }

  /** One prefill of the prompt with every hidden state, and the caches after it. */
  record Prompt(
      HostTensor logits,
      List<HostTensor> hidden,
      List<HostTensor> keys,
      List<HostTensor> values,
      int differingReplicas) {}

  private DynamicDecoderRunner open(int slots, int capacity, String taps) {
    SmolLm3Model model = golden.model();
    DecoderOptions options =
        DecoderOptions.of(golden.arithmetic(), slots, capacity)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS)
            .withSharding(sharding);
    return model.load(backend, options, LoadOptions.defaults().withTaps(taps));
  }

  Prompt prompt() {
    int[][] ids = golden.ids("prompt.input_ids");
    int layers = golden.model().config().numHiddenLayers();
    try (DynamicDecoderRunner runner = open(1, ids[0].length, "embed_tokens,layers.*,norm")) {
      Outputs outputs = runner.prefillOutputs(PromptBatch.of(Arrays.asList(ids)));
      RankCaches caches = new RankCaches(runner.session(), golden.model().config(), sharding);
      List<HostTensor> hidden = new ArrayList<>();
      List<HostTensor> keys = new ArrayList<>();
      List<HostTensor> values = new ArrayList<>();
      for (int i = 0; i <= layers; i++) {
        // Hugging Face counts the embeddings as 0 and gives the last one after the final norm.
        String tap = i == 0 ? "embed_tokens" : i == layers ? "norm" : "layers." + (i - 1);
        hidden.add(outputs.tap(tap).copy());
      }
      for (int i = 0; i < layers; i++) {
        keys.add(caches.read(KvCacheSpec.keyName(i)));
        values.add(caches.read(KvCacheSpec.valueName(i)));
      }
      return new Prompt(
          outputs.get(DecoderGraphs.LOGITS).copy(),
          hidden,
          keys,
          values,
          caches.differingCopies() + differingLogits(outputs));
    }
  }

  /** Ranks whose logits differ in any bit from those of rank 0. */
  private static int differingLogits(Outputs outputs) {
    HostTensor first = outputs.get(DecoderGraphs.LOGITS);
    return (int)
        outputs.outputsByRank().stream()
            .map(rank -> rank.get(DecoderGraphs.LOGITS))
            .filter(l -> l == null || l.segment().mismatch(first.segment()) >= 0)
            .count();
  }

  /** Logits [n][vocab] of positions 1 to n, each by one decode step from the cache. */
  double[][] decodeTokenByToken() {
    int[] ids = golden.ids("prompt.input_ids")[0];
    try (DynamicDecoderRunner runner = open(1, ids.length, "")) {
      runner.prefillOutputs(PromptBatch.of(List.of(new int[] {ids[0]})));
      double[][] logits = new double[ids.length - 1][];
      for (int t = 1; t < ids.length; t++) {
        logits[t - 1] = step(runner, ids[t], t);
      }
      return logits;
    }
  }

  /** Logits [B][vocab] of the last real token of each row of the padded batch. */
  double[][] batch() {
    PromptBatch prompts =
        PromptBatch.padded(golden.ids("batch.input_ids"), golden.ids("batch.attention_mask"));
    try (DynamicDecoderRunner runner = open(prompts.size(), prompts.maxLength(), "")) {
      Outputs outputs = runner.prefillOutputs(prompts);
      double[][] logits = new double[prompts.size()][];
      for (int row = 0; row < logits.length; row++) {
        logits[row] = row(outputs, row, prompts.row(row).length - 1);
      }
      return logits;
    }
  }

  /**
   * Greedy tokens after the prompt.
   *
   * @param forced the token fed after each step; where it is shorter, the chosen one is fed
   */
  int[] greedy(int[] prompt, int steps, int[] forced) {
    try (DynamicDecoderRunner runner = open(1, prompt.length + steps, "")) {
      Outputs outputs = runner.prefillOutputs(PromptBatch.of(List.of(prompt)));
      double[] logits = row(outputs, 0, prompt.length - 1);
      int[] chosen = new int[steps];
      for (int i = 0; i < steps; i++) {
        chosen[i] = argmax(logits);
        if (i + 1 < steps) {
          int next = i < forced.length ? forced[i] : chosen[i];
          logits = step(runner, next, prompt.length + i);
        }
      }
      return chosen;
    }
  }

  private static double[] step(DynamicDecoderRunner runner, int token, int position) {
    return runner
        .decode(List.of(RowRequest.at(0, position, token)))
        .get(0)
        .logits()
        .orElseThrow()
        .toDoubleArray();
  }

  /** Keeps doubles as they are, so that a judge in double is not rounded here. */
  private static double[] row(Outputs outputs, int row, int t) {
    HostTensor logits = outputs.get(DecoderGraphs.LOGITS);
    if (logits.dtype() != DType.F32 && logits.dtype() != DType.F64) {
      throw new IllegalStateException("logits are " + logits.dtype());
    }
    return logits.row(row).row(t).toDoubleArray();
  }

  static int argmax(double[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}

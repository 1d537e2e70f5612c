package org.smollm3.conformance.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.PromptBatch;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.kvcache.KvCacheSpec;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.Outputs;
import org.smollm3.tensor.HostTensor;

/**
 * What a backend computes for a golden case, in the layout of the goldens: through open shapes
 * where the backend has them, else through the fixed shapes of compiled graphs.
 */
abstract class GoldenRun {
  /** Taps of the embeddings, of every layer, and of the final norm. */
  static final String HIDDEN_TAPS = "embed_tokens,layers.*,norm";

  final GoldenCase golden;
  final Backend backend;
  final Sharding sharding;

  GoldenRun(GoldenCase golden, Backend backend, Sharding sharding) {
    this.golden = golden;
    this.backend = backend;
    this.sharding = sharding;
  }

  static GoldenRun of(GoldenCase golden, Backend backend, Sharding sharding) {
    return backend.capabilities().contains(Capability.DYNAMIC_SHAPES)
        ? new DynamicGoldenRun(golden, backend, sharding)
        : new StaticGoldenRun(golden, backend, sharding);
  }

  /** One prefill of the prompt with every hidden state, and the caches after it. */
  record Prompt(
      HostTensor logits,
      List<HostTensor> hidden,
      List<HostTensor> keys,
      List<HostTensor> values,
      int differingReplicas) {}

  /** A runner of at least so many sequences and positions. */
  abstract DecoderRunner open(int sequences, int capacity);

  /** The prompt, with logits of every position. */
  abstract Prompt prompt();

  final int[] promptIds() {
    return golden.ids("prompt.input_ids")[0];
  }

  /**
   * Puts a prompt's results together.
   *
   * @param outputs with the taps {@link #HIDDEN_TAPS}
   * @param logits by rank
   */
  final Prompt collect(Outputs outputs, List<HostTensor> logits, RankCaches caches) {
    int length = promptIds().length;
    int layers = golden.model().config().numHiddenLayers();
    List<HostTensor> hidden = new ArrayList<>();
    List<HostTensor> keys = new ArrayList<>();
    List<HostTensor> values = new ArrayList<>();
    for (int i = 0; i <= layers; i++) {
      // Hugging Face counts the embeddings as 0 and gives the last one after the final norm.
      String tap = i == 0 ? "embed_tokens" : i == layers ? "norm" : "layers." + (i - 1);
      hidden.add(firstTokens(outputs.tap(tap), length));
    }
    for (int i = 0; i < layers; i++) {
      keys.add(firstPositions(caches.read(KvCacheSpec.keyName(i)), length));
      values.add(firstPositions(caches.read(KvCacheSpec.valueName(i)), length));
    }
    HostTensor first = logits.get(0);
    int differingLogits =
        (int) logits.stream().filter(l -> l.segment().mismatch(first.segment()) >= 0).count();
    return new Prompt(
        firstTokens(first, length),
        hidden,
        keys,
        values,
        caches.differingCopies() + differingLogits);
  }

  /** Of x [1, T, ...] the first tokens, without the padding. */
  static HostTensor firstTokens(HostTensor x, int count) {
    HostTensor tokens = x.row(0).rows(0, count);
    return tokens.reshaped(x.shape().with(1, count)).copy();
  }

  /** Of a cache [1, G, S, D] the first positions. */
  private static HostTensor firstPositions(HostTensor cache, int count) {
    HostTensor cut = HostTensor.zeros(cache.dtype(), cache.shape().with(2, count));
    for (int head = 0; head < cache.shape().intDim(1); head++) {
      cut.row(0).row(head).segment().copyFrom(cache.row(0).row(head).rows(0, count).segment());
    }
    return cut;
  }

  /** Logits [n][vocab] of positions 1 to n, each by one decode step from the cache. */
  final double[][] decodeTokenByToken() {
    int[] ids = promptIds();
    try (DecoderRunner runner = open(1, ids.length)) {
      runner.prefill(List.of(RowRequest.prompt(0, ids[0])));
      double[][] logits = new double[ids.length - 1][];
      for (int t = 1; t < ids.length; t++) {
        logits[t - 1] = step(runner, ids[t], t);
      }
      return logits;
    }
  }

  /** Logits [B][vocab] of the last real token of each row of the padded batch. */
  final double[][] batch() {
    PromptBatch prompts =
        PromptBatch.padded(golden.ids("batch.input_ids"), golden.ids("batch.attention_mask"));
    try (DecoderRunner runner = open(prompts.size(), prompts.maxLength())) {
      List<RowOutput> outputs =
          runner.prefill(
              IntStream.range(0, prompts.size())
                  .mapToObj(row -> RowRequest.prompt(row, prompts.row(row)))
                  .toList());
      return outputs.stream().map(GoldenRun::lastLogits).toArray(double[][]::new);
    }
  }

  /**
   * Greedy tokens after the prompt.
   *
   * @param forced the token fed after each step; where it is shorter, the chosen one is fed
   */
  final int[] greedy(int[] prompt, int steps, int[] forced) {
    try (DecoderRunner runner = open(1, prompt.length + steps)) {
      double[] logits = lastLogits(runner.prefill(List.of(RowRequest.prompt(0, prompt))).get(0));
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

  private static double[] step(DecoderRunner runner, int token, int position) {
    return lastLogits(runner.decode(List.of(RowRequest.at(0, position, token))).get(0));
  }

  /** Keeps doubles as they are, so that a judge in double is not rounded here. */
  private static double[] lastLogits(RowOutput output) {
    HostTensor logits = output.logits().orElseThrow();
    return logits.row(logits.shape().dim(0) - 1).toDoubleArray();
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

package org.smollm3.conformance.golden;

import java.util.List;
import java.util.Optional;
import org.smollm3.generation.DynamicDecoderRunner;
import org.smollm3.generation.PromptBatch;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.tensor.HostTensor;

/** Through graphs with open shapes: nothing is padded. */
final class DynamicGoldenRun extends GoldenRun {
  DynamicGoldenRun(GoldenCase golden, Backend backend, Sharding sharding) {
    super(golden, backend, sharding);
  }

  @Override
  DynamicDecoderRunner open(int sequences, int capacity) {
    return open(sequences, capacity, "");
  }

  private DynamicDecoderRunner open(int sequences, int capacity, String taps) {
    DecoderOptions options =
        DecoderOptions.of(golden.arithmetic(), sequences, capacity)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS)
            .withSharding(sharding);
    return golden.model().load(backend, options, LoadOptions.defaults().withTaps(taps));
  }

  @Override
  Prompt prompt() {
    int[] ids = promptIds();
    try (DynamicDecoderRunner runner = open(1, ids.length, HIDDEN_TAPS)) {
      Outputs outputs = runner.prefillOutputs(PromptBatch.of(List.of(ids)));
      List<HostTensor> logits =
          outputs.outputsByRank().stream()
              .map(rank -> Optional.ofNullable(rank.get(DecoderGraphs.LOGITS)).orElseThrow())
              .toList();
      RankCaches caches = new RankCaches(runner.session(), golden.model().config(), sharding);
      return collect(outputs, logits, caches);
    }
  }
}

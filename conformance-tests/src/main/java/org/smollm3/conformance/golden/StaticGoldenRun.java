package org.smollm3.conformance.golden;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * Through compiled graphs of fixed shapes, longer than the prompt, so that padding is always there.
 * They return logits of the last token only; so for all positions the final norm is tapped and the
 * head run over it as a program of its own.
 */
final class StaticGoldenRun extends GoldenRun {
  private static final int PADDING = 7;
  private static final String HIDDEN = "hidden";

  StaticGoldenRun(GoldenCase golden, Backend backend, Sharding sharding) {
    super(golden, backend, sharding);
  }

  @Override
  DecoderRunner open(int sequences, int capacity) {
    return open(sequences, capacity, "");
  }

  private DecoderRunner open(int sequences, int capacity, String taps) {
    return golden
        .model()
        .load(
            backend,
            golden.arithmetic(),
            sharding,
            CompiledShapes.of(sequences, capacity + 2 * PADDING, capacity + PADDING),
            LoadOptions.defaults().withTaps(taps));
  }

  @Override
  Prompt prompt() {
    int[] ids = promptIds();
    int length = ids.length + PADDING;
    try (DecoderRunner runner = open(1, ids.length, HIDDEN_TAPS)) {
      Outputs outputs =
          runner.session().run(DecoderGraphs.CONTEXT_ENCODING, promptInputs(ids, length));
      RankCaches caches = new RankCaches(runner.session(), golden.model().config(), sharding);
      return collect(outputs, head(outputs.tap("norm")), caches);
    }
  }

  /** As the runner pads: positions of padding are 0, so that the last real token is found. */
  private static Map<String, HostTensor> promptInputs(int[] ids, int length) {
    Shape shape = Shape.of(1, length);
    HostTensor tokens = HostTensor.zeros(DType.I32, shape);
    HostTensor positions = HostTensor.zeros(DType.I32, shape);
    for (int i = 0; i < ids.length; i++) {
      tokens.setLong(i, ids[i]);
      positions.setLong(i, i);
    }
    return Map.of(
        DecoderGraphs.INPUT_IDS, tokens,
        DecoderGraphs.POSITION_IDS, positions,
        DecoderGraphs.SEQ_IDS, HostTensor.zeros(DType.I32, Shape.of(1)));
  }

  /** Logits [1, T, vocab] by rank of hidden states [1, T, H] after the final norm. */
  private List<HostTensor> head(HostTensor hidden) {
    SmolLm3Model model = golden.model();
    ProgramWeights weights = model.weights().sharded(sharding);
    Set<Capability> needs = EnumSet.of(Capability.LOGITS);
    if (sharding.degree() > 1) {
      needs.add(Capability.TENSOR_PARALLEL);
    }
    GraphSpec graph =
        new GraphSpec(
            "head",
            List.of(new TensorSpec(HIDDEN, hidden.dtype(), hidden.shape())),
            context -> head(context, model.config().vocabSize()));
    ProgramSpec program =
        new ProgramSpec(
            "lm_head",
            sharding.degree(),
            weights.specs().stream().filter(s -> s.name().equals("lm_head.weight")).toList(),
            List.of(),
            List.of(graph),
            needs);
    try (Session session = backend.load(program, weights, LoadOptions.defaults())) {
      return session.run("head", Map.of(HIDDEN, hidden)).outputsByRank().stream()
          .map(rank -> Optional.ofNullable(rank.get(DecoderGraphs.LOGITS)).orElseThrow().copy())
          .toList();
    }
  }

  private static GraphResult head(GraphContext context, int vocabSize) {
    ColumnParallelLinear head =
        new ColumnParallelLinear(
            "lm_head", vocabSize, Bias.ABSENT, ColumnParallelLinear.Output.GATHERED);
    return new GraphResult(
        Map.of(DecoderGraphs.LOGITS, head.forward(context, context.input(HIDDEN), DType.F32)),
        Map.of());
  }
}

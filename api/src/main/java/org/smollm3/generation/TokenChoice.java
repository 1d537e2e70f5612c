package org.smollm3.generation;

import java.util.Optional;
import org.smollm3.generation.RowRequest.Draw;
import org.smollm3.model.CompiledShapes;

/** How the next token of one sequence is chosen: from logits here, or by the graph itself. */
sealed interface TokenChoice {
  /** What the next run is given to choose by; empty if it is not to choose. */
  Optional<Draw> draw();

  /** The token after a run that was given the last draw. */
  int choose(RowOutput output);

  /**
   * The choice that a program allows.
   *
   * @param shapes of the program; empty if they are open, when it returns logits
   */
  static TokenChoice of(SamplingParams params, Optional<CompiledShapes> shapes) {
    return shapes
        .filter(compiled -> compiled.result() != CompiledShapes.Result.LOGITS)
        .<TokenChoice>map(compiled -> new OnDevice(params, compiled.maxTopk()))
        .orElseGet(() -> new OnHost(new Sampler(params)));
  }

  /**
   * From logits, by the rule of transformers; where a program returns the most likely token alone,
   * which is for greedy samplers, that one.
   *
   * @param sampler of this sequence alone
   */
  record OnHost(Sampler sampler) implements TokenChoice {
    @Override
    public Optional<Draw> draw() {
      return Optional.empty();
    }

    @Override
    public int choose(RowOutput output) {
      return output.token().orElseGet(() -> sampler.sample(output.lastLogits()));
    }
  }

  /**
   * By the graph. Chunked prefill returns logits all the same; of those the token is chosen here by
   * the graphs' rule.
   */
  final class OnDevice implements TokenChoice {
    private final DeviceSamplingParams params;
    private final SplitMix64 random;
    private final OptimumSampler sameRule;
    private Draw last = Draw.GREEDY;

    /**
     * @throws org.smollm3.error.InvalidRequestException if more candidates are asked for than the
     *     graph has room for
     */
    OnDevice(SamplingParams params, int maxTopk) {
      this.params = DeviceSamplingParams.of(params);
      this.random = new SplitMix64(params.seed());
      this.sameRule = new OptimumSampler(this.params, maxTopk);
    }

    @Override
    public Optional<Draw> draw() {
      last = new Draw(params, random.nextFloat());
      return Optional.of(last);
    }

    @Override
    public int choose(RowOutput output) {
      return output.token().orElseGet(() -> sameRule.sample(output.lastLogits(), last.uniform()));
    }
  }
}

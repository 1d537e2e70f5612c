package org.smollm3.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;
import org.smollm3.text.Tokenizer;

/**
 * Generates text with a model on a backend: prefill of the prompts, then token by token from the
 * key-value cache. Every call has a cache of its own, just large enough; so calls are independent,
 * and may run on several threads.
 */
public final class Generator {
  private final SmolLm3Model model;
  private final Backend backend;
  private final Settings settings;
  private final Optional<Tokenizer> tokenizer;

  /**
   * How the model is run.
   *
   * @param arithmetic F32 or BF16
   * @param sharding over how many ranks
   * @param load taps and their listener, for example
   */
  public record Settings(DType arithmetic, Sharding sharding, LoadOptions load) {
    /**
     * The type the weights were published in (F16 is computed in F32); one rank, or as many as the
     * weights are cut for.
     */
    public static Settings of(SmolLm3Model model) {
      DType own = model.config().dtype();
      return new Settings(
          own == DType.BF16 ? DType.BF16 : DType.F32,
          model.weights().fixedSharding().orElse(Sharding.NONE),
          LoadOptions.defaults());
    }

    public Settings withArithmetic(DType newArithmetic) {
      return new Settings(newArithmetic, sharding, load);
    }

    public Settings withSharding(Sharding newSharding) {
      return new Settings(arithmetic, newSharding, load);
    }

    public Settings withLoad(LoadOptions newLoad) {
      return new Settings(arithmetic, sharding, newLoad);
    }
  }

  /**
   * A generator on an open backend, which stays the caller's to close.
   *
   * @param tokenizer for text; without one only token ids can be generated, and stop strings not
   *     used
   */
  public Generator(
      SmolLm3Model model, Backend backend, Settings settings, Optional<Tokenizer> tokenizer) {
    this.model = model;
    this.backend = backend;
    this.settings = settings;
    this.tokenizer = tokenizer;
  }

  /** With the model's own tokenizer and arithmetic. */
  public static Generator of(SmolLm3Model model, Backend backend) {
    return new Generator(model, backend, Settings.of(model), Optional.of(model.tokenizer()));
  }

  /** The model's own request, to be changed as needed. */
  public GenerationRequest defaults() {
    return GenerationRequest.defaults(model);
  }

  /**
   * Continues a text.
   *
   * @throws InvalidRequestException if the prompt has no token or does not fit the model's context
   */
  public GenerationResult generate(
      String prompt, GenerationRequest request, TokenListener listener) {
    int[] ids =
        tokenizer
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        model.location() + " has no tokenizer; give the prompt as token ids"))
            .encode(prompt);
    if (ids.length == 0) {
      throw new InvalidRequestException("the prompt is empty; give some text to continue");
    }
    return generate(PromptBatch.of(List.of(ids)), request, listener).get(0);
  }

  /**
   * Continues several prompts together. A row's result does not depend on the others; row i draws
   * its random numbers from seed + i.
   *
   * @return one result a prompt, in order
   */
  public List<GenerationResult> generate(
      PromptBatch prompts, GenerationRequest request, TokenListener listener) {
    int context = model.config().maxPositionEmbeddings();
    int longest = prompts.maxLength();
    if (longest > context) {
      throw new InvalidRequestException(
          "the prompt of "
              + longest
              + " tokens is longer than the model's context of "
              + context
              + "; shorten it");
    }
    if (tokenizer.isEmpty() && !request.stop().stopStrings().isEmpty()) {
      throw new InvalidRequestException("stop strings need a tokenizer; stop at token ids instead");
    }
    int capacity = (int) Math.min(context, (long) longest + request.stop().maxNewTokens());
    DecoderOptions options =
        DecoderOptions.of(settings.arithmetic(), prompts.size(), capacity)
            .withSharding(settings.sharding());
    try (DecoderRunner runner = model.load(backend, options, settings.load())) {
      return run(runner, prompts, request, listener);
    }
  }

  private List<GenerationResult> run(
      DecoderRunner runner,
      PromptBatch prompts,
      GenerationRequest request,
      TokenListener listener) {
    List<GenerationRow> rows = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      rows.add(new GenerationRow(i, prompts.row(i), request, tokenizer, runner.capacity()));
    }
    List<GenerationRow> active = new ArrayList<>(rows);
    List<RowOutput> outputs =
        runner.prefill(rows.stream().map(GenerationRow::promptRequest).toList());
    while (true) {
      for (int i = 0; i < active.size(); i++) {
        active.get(i).accept(outputs.get(i).lastLogits(), listener);
      }
      active.removeIf(GenerationRow::isFinished);
      if (active.isEmpty()) {
        return rows.stream().map(GenerationRow::result).toList();
      }
      outputs = runner.decode(active.stream().map(GenerationRow::nextRequest).toList());
    }
  }
}

package org.smollm3.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.model.NeuronConfig;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;
import org.smollm3.text.Tokenizer;

/**
 * Generates text with a model on a backend: prefill of the prompts, then token by token from the
 * key-value cache. Every call has a cache of its own, just large enough; so calls are independent,
 * and may run on several threads.
 */
public final class Generator {
  /** Positions by which the shapes of graphs that are compiled for a generation differ. */
  private static final int SHAPE_STEP = 64;

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
   * @param shapes of compiled graphs that are there already; empty to leave them to the backend,
   *     and where that has no open shapes to the prompts
   */
  public record Settings(
      DType arithmetic, Sharding sharding, LoadOptions load, Optional<CompiledShapes> shapes) {
    /**
     * The type the weights were published in (F16 is computed in F32); one rank, or as many as the
     * weights are cut for.
     */
    public static Settings of(SmolLm3Model model) {
      DType own = model.config().dtype();
      return new Settings(
          own == DType.BF16 ? DType.BF16 : DType.F32,
          model.weights().fixedSharding().orElse(Sharding.NONE),
          LoadOptions.defaults(),
          Optional.empty());
    }

    public Settings withArithmetic(DType newArithmetic) {
      return new Settings(newArithmetic, sharding, load, shapes);
    }

    public Settings withSharding(Sharding newSharding) {
      return new Settings(arithmetic, newSharding, load, shapes);
    }

    public Settings withLoad(LoadOptions newLoad) {
      return new Settings(arithmetic, sharding, newLoad, shapes);
    }

    /** For graphs that were compiled before: their shapes, type and sharding. */
    public Settings withCompiled(NeuronConfig config) {
      return new Settings(
          config.arithmetic(), config.sharding(), load, Optional.of(CompiledShapes.of(config)));
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
    long capacity = Math.min(context, (long) longest + request.stop().maxNewTokens());
    Optional<CompiledShapes> shapes = shapes(prompts, (int) capacity);
    shapes.ifPresent(compiled -> requireFits(prompts, request, compiled));
    try (DecoderRunner runner = open(prompts, request, (int) capacity, shapes)) {
      return run(runner, prompts, request, listener, shapes);
    }
  }

  /** Empty where the backend takes any shape and none are asked for. */
  private Optional<CompiledShapes> shapes(PromptBatch prompts, int capacity) {
    boolean open = backend.capabilities().contains(Capability.DYNAMIC_SHAPES);
    if (open || settings.shapes().isPresent()) {
      return settings.shapes();
    }
    int sequence = bucket(capacity);
    return Optional.of(
        CompiledShapes.of(
            prompts.size(), sequence, Math.min(sequence, bucket(prompts.maxLength()))));
  }

  /** Rounded up, so that prompts of similar lengths have the same graphs, compiled once. */
  private int bucket(int length) {
    int rounded = Math.ceilDiv(length, SHAPE_STEP) * SHAPE_STEP;
    return Math.min(model.config().maxPositionEmbeddings(), rounded);
  }

  private static void requireFits(
      PromptBatch prompts, GenerationRequest request, CompiledShapes shapes) {
    int most =
        shapes.batching() == CompiledShapes.Batching.STATIC
            ? shapes.batchSize()
            : shapes.maxBatchSize();
    if (prompts.size() > most) {
      throw new InvalidRequestException(
          "there are "
              + prompts.size()
              + " prompts, but the compiled graphs hold "
              + most
              + " at a time; give fewer, or compile for more");
    }
    if (request.logProbabilities() == GenerationRequest.LogProbabilities.REPORT
        && shapes.result() == CompiledShapes.Result.TOKENS) {
      throw new InvalidRequestException(
          "log-probabilities need logits, which the compiled graphs do not return; compile with"
              + " output_logits");
    }
  }

  private DecoderRunner open(
      PromptBatch prompts,
      GenerationRequest request,
      int capacity,
      Optional<CompiledShapes> shapes) {
    if (shapes.isPresent()) {
      return model.load(
          backend, settings.arithmetic(), settings.sharding(), shapes.get(), settings.load());
    }
    DecoderOptions options =
        DecoderOptions.of(settings.arithmetic(), prompts.size(), capacity)
            .withLogits(logits(request))
            .withSharding(settings.sharding());
    return model.load(backend, options, settings.load());
  }

  /** None where nobody looks at them and the backend can choose the most likely token itself. */
  private DecoderOptions.Logits logits(GenerationRequest request) {
    boolean unseen =
        request.sampling().strategy() == SamplingParams.Strategy.GREEDY
            && request.logProbabilities() == GenerationRequest.LogProbabilities.OMIT
            && !settings.load().taps().matches(DecoderGraphs.LM_HEAD);
    return unseen && backend.capabilities().contains(Capability.DEVICE_SAMPLING)
        ? DecoderOptions.Logits.NONE
        : DecoderOptions.Logits.LAST_TOKEN;
  }

  private List<GenerationResult> run(
      DecoderRunner runner,
      PromptBatch prompts,
      GenerationRequest request,
      TokenListener listener,
      Optional<CompiledShapes> shapes) {
    List<GenerationRow> rows = new ArrayList<>();
    SamplingParams sampling = request.sampling();
    for (int i = 0; i < prompts.size(); i++) {
      TokenChoice choice = TokenChoice.of(sampling.withSeed(sampling.seed() + i), shapes);
      rows.add(new GenerationRow(i, prompts.row(i), request, tokenizer, runner.capacity(), choice));
    }
    List<GenerationRow> active = new ArrayList<>(rows);
    List<RowOutput> outputs =
        runner.prefill(rows.stream().map(GenerationRow::promptRequest).toList());
    while (true) {
      for (int i = 0; i < active.size(); i++) {
        active.get(i).accept(outputs.get(i), listener);
      }
      active.removeIf(GenerationRow::isFinished);
      if (active.isEmpty()) {
        return rows.stream().map(GenerationRow::result).toList();
      }
      outputs = runner.decode(active.stream().map(GenerationRow::nextRequest).toList());
    }
  }
}

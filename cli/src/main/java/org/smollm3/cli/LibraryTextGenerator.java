package org.smollm3.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.SafetensorsWriter;
import org.smollm3.cli.GenerateRequest.Prompt;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.GenerationRequest;
import org.smollm3.generation.GenerationResult;
import org.smollm3.generation.Generator;
import org.smollm3.generation.PromptBatch;
import org.smollm3.generation.SamplingParams;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.StopCriteria;
import org.smollm3.generation.TokenListener;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.HostTensor;
import org.smollm3.text.Tokenizer;

/** Generation by the library. */
final class LibraryTextGenerator implements TextGenerator {
  @Override
  public Result generate(GenerateRequest request, Listener listener) {
    try (OpeningBackend backend = new OpeningBackend(() -> choose(request))) {
      return generate(request, backend, listener);
    }
  }

  private static Result generate(
      GenerateRequest request, OpeningBackend backend, Listener listener) {
    SmolLm3Model model =
        request.model().isPresent()
            ? SmolLm3Model.open(request.model().get())
            : SmolLm3Model.embedded();
    GenerationRequest generation = generation(request, GenerationRequest.defaults(model));
    Optional<NeuronConfig> compiled =
        request.compiled().map(folder -> NeuronConfigReader.read(FolderFiles.open(folder)));
    compiled.ifPresent(config -> requireAgrees(request, config));
    boolean text = request.prompt() instanceof Prompt.OfText || model.hasTokenizer();
    Optional<Tokenizer> tokenizer = text ? Optional.of(model.tokenizer()) : Optional.empty();
    return run(request, model, tokenizer, generation, backend.await(), compiled, listener);
  }

  /** Compiled graphs have one type and one number of ranks. */
  private static void requireAgrees(GenerateRequest request, NeuronConfig config) {
    request
        .arithmetic()
        .filter(asked -> asked != config.torchDtype())
        .ifPresent(asked -> refuse(Options.DTYPE, asked, config.torchDtype()));
    if (request.ranks().isPresent() && request.ranks().getAsInt() != config.tpDegree()) {
      refuse(Options.TP, request.ranks().getAsInt(), config.tpDegree());
    }
    if (request.fusedQkv() && !config.fusedQkv()) {
      refuse(Options.FUSED_QKV, true, false);
    }
  }

  private static void refuse(String option, Object asked, Object compiled) {
    throw new InvalidRequestException(
        option
            + " asks for "
            + asked
            + ", but the graphs were compiled for "
            + compiled
            + "; leave it out, or compile again");
  }

  private static Backends.Choice choose(GenerateRequest request) {
    Optional<String> name = request.backend();
    BackendOptions options =
        request
            .compiled()
            .map(folder -> request.backendOptions().with("compiled", folder.toString()))
            .orElse(request.backendOptions());
    Backends backends = Backends.discover();
    if (name.isEmpty()) {
      return backends.choose(options);
    }
    Backend backend = backends.open(name.get(), options);
    return new Backends.Choice(backend, "backend '" + backend.name() + "' chosen by --backend");
  }

  private static GenerationRequest generation(GenerateRequest request, GenerationRequest own) {
    StopCriteria stop =
        new StopCriteria(
            own.stop().eosTokenIds(),
            request.stop(),
            request.maxNewTokens().orElse(own.stop().maxNewTokens()));
    return own.withSampling(sampling(request.sampling(), own.sampling()))
        .withStop(stop)
        .withLogProbabilities(
            request.logProbabilities()
                ? GenerationRequest.LogProbabilities.REPORT
                : GenerationRequest.LogProbabilities.OMIT);
  }

  /** What was asked for over what the model's files ask for. */
  private static SamplingParams sampling(GenerateRequest.Sampling asked, SamplingParams own) {
    boolean asksForSampling =
        asked.temperature().isPresent()
            || asked.topK().isPresent()
            || asked.topP().isPresent()
            || asked.seed().isPresent();
    boolean greedy =
        asked.greedy() || (own.strategy() == SamplingParams.Strategy.GREEDY && !asksForSampling);
    if (greedy) {
      return SamplingParams.greedy();
    }
    SamplingParams base =
        own.strategy() == SamplingParams.Strategy.SAMPLING ? own : SamplingParams.sampling();
    return base.withTemperature(asked.temperature().orElse(base.temperature()))
        .withTopK(asked.topK().orElse(base.topK()))
        .withTopP(asked.topP().orElse(base.topP()))
        .withSeed(asked.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong()));
  }

  private static Result run(
      GenerateRequest request,
      SmolLm3Model model,
      Optional<Tokenizer> tokenizer,
      GenerationRequest generation,
      Backends.Choice choice,
      Optional<NeuronConfig> compiled,
      Listener listener) {
    Backend backend = choice.backend();
    Map<String, HostTensor> taps = Collections.synchronizedMap(new LinkedHashMap<>());
    Generator.Settings settings = Generator.Settings.of(model);
    Sharding sharding = sharding(request, settings.sharding());
    boolean ranks = compiled.map(NeuronConfig::tpDegree).orElse(sharding.degree()) > 1;
    settings = settings.withSharding(sharding).withLoad(load(request, ranks, taps));
    if (request.arithmetic().isPresent()) {
      settings = settings.withArithmetic(request.arithmetic().get());
    }
    if (compiled.isPresent()) {
      settings = settings.withCompiled(compiled.get());
      sharding = settings.sharding();
    }
    PromptBatch prompt = prompt(request.prompt(), tokenizer);
    Generator generator = new Generator(model, backend, settings, tokenizer);
    List<Token> tokens = new ArrayList<>();
    long[] times = new long[2];
    TokenListener relay =
        token -> {
          if (tokens.isEmpty()) {
            times[0] = System.nanoTime();
          }
          times[1] = System.nanoTime();
          tokens.add(new Token(token.id(), token.text(), token.logProbability()));
          listener.text(token.text());
          return TokenListener.Flow.CONTINUE;
        };
    listener.status(
        "running "
            + model.location()
            + " in "
            + settings.arithmetic()
            + " on "
            + backend.description()
            + (sharding.degree() == 1 ? "" : " over " + sharding.degree() + " ranks"));
    long start = System.nanoTime();
    GenerationResult result = generator.generate(prompt, generation, relay).get(0);
    request.dump().ifPresent(dump -> write(dump, taps));
    return new Result(
        model.location(),
        backend.name(),
        backend.description(),
        choice.reason(),
        result.promptIds(),
        tokens,
        result.text(),
        result.finishReason().name(),
        (times[0] - start) / 1e9,
        (times[1] - times[0]) / 1e9);
  }

  /** What was asked for over what the model's files are cut for. */
  private static Sharding sharding(GenerateRequest request, Sharding own) {
    return Sharding.of(
        request.ranks().orElse(own.degree()), request.fusedQkv() ? Sharding.Qkv.FUSED : own.qkv());
  }

  private static PromptBatch prompt(Prompt prompt, Optional<Tokenizer> tokenizer) {
    int[] ids =
        switch (prompt) {
          case Prompt.OfText text -> tokenizer.orElseThrow().encode(text.text());
          case Prompt.OfIds given -> given.ids().stream().mapToInt(Integer::intValue).toArray();
        };
    if (ids.length == 0) {
      throw new InvalidRequestException("the prompt is empty; give some text to continue");
    }
    return PromptBatch.of(List.of(ids));
  }

  /**
   * Keeps of every tap the value in the first run, which is the prompt's; of several ranks each
   * one's, as {@code tp0.NAME}.
   */
  private static LoadOptions load(
      GenerateRequest request, boolean ranks, Map<String, HostTensor> taps) {
    if (request.dump().isEmpty()) {
      return LoadOptions.defaults();
    }
    return LoadOptions.defaults()
        .withTaps(request.dump().get().taps().toString())
        .withListener(
            (name, rank, value) ->
                taps.putIfAbsent(ranks ? "tp" + rank + "." + name : name, value));
  }

  private static void write(GenerateRequest.Dump dump, Map<String, HostTensor> taps) {
    if (taps.isEmpty()) {
      throw new InvalidRequestException(
          "--taps "
              + OneLine.quote(dump.taps().toString())
              + " matches no tensor; names are like layers.0.self_attn.q_proj, layers.0 and norm");
    }
    Path target = dump.file();
    SafetensorsWriter.write(target, taps);
  }
}

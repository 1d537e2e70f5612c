package org.smollm3.generation;

import java.nio.file.Path;
import java.util.ServiceLoader;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.ModelWeights;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.model.GenerationConfig;
import org.smollm3.model.GenerationConfigReader;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.ModelSource;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.tensor.DType;
import org.smollm3.text.Tokenizer;

/** A model snapshot: configuration, validated weights, generation defaults, tokenizer. */
public final class SmolLm3Model {
  private static final String CONFIG = "config.json";
  private static final String TOKENIZER = "tokenizer.json";
  private static final String GENERATION_CONFIG = "generation_config.json";

  private final ModelFiles files;
  private final SmolLm3Config config;
  private final GenerationConfig generationConfig;
  private final ModelWeights weights;

  private SmolLm3Model(
      ModelFiles files,
      SmolLm3Config config,
      GenerationConfig generationConfig,
      ModelWeights weights) {
    this.files = files;
    this.config = config;
    this.generationConfig = generationConfig;
    this.weights = weights;
  }

  /**
   * Opens a snapshot folder, or one of shards, and validates config and weights.
   *
   * @throws InvalidModelException if anything in it is missing, broken or not supported
   */
  public static SmolLm3Model open(Path folder) {
    return open(FolderFiles.open(folder));
  }

  /** As {@link #open(Path)}, from files anywhere. */
  public static SmolLm3Model open(ModelFiles files) {
    SmolLm3Config config =
        SmolLm3ConfigReader.read(files.text(CONFIG), files.location() + "/" + CONFIG);
    GenerationConfig generation =
        files.contains(GENERATION_CONFIG)
            ? GenerationConfigReader.read(
                files.text(GENERATION_CONFIG), files.location() + "/" + GENERATION_CONFIG)
            : GenerationConfig.empty();
    return new SmolLm3Model(files, config, generation, ModelWeights.open(config, files));
  }

  /**
   * Opens the model that comes with the program.
   *
   * @throws InvalidModelException if none is on the class path or module path
   */
  public static SmolLm3Model embedded() {
    return ServiceLoader.load(ModelSource.class)
        .findFirst()
        .map(source -> open(source.files()))
        .orElseThrow(
            () ->
                new InvalidModelException(
                    "no embedded model found; add smollm3-weights-fixtures or name a model folder"));
  }

  /** Where the files are, for messages. */
  public String location() {
    return files.location();
  }

  public SmolLm3Config config() {
    return config;
  }

  public GenerationConfig generationConfig() {
    return generationConfig;
  }

  /** Whole weights, or those of a folder that {@code Sharder} made. */
  public ModelWeights weights() {
    return weights;
  }

  public boolean hasTokenizer() {
    return files.contains(TOKENIZER);
  }

  /**
   * Reads the tokenizer.
   *
   * @throws InvalidModelException if the snapshot has none or it is broken
   */
  public Tokenizer tokenizer() {
    if (!files.contains(TOKENIZER)) {
      throw new InvalidModelException(
          location() + ": no " + TOKENIZER + "; text needs one, token ids do not");
    }
    return Tokenizer.parse(files.map(TOKENIZER), location() + "/" + TOKENIZER);
  }

  /**
   * The program of this model for a backend with dynamic shapes.
   *
   * @throws org.smollm3.error.InvalidRequestException if the weights are cut for another sharding
   */
  public ProgramSpec program(DecoderOptions options) {
    return DecoderGraphs.dynamic(config, weights.sharded(options.sharding()).specs(), options);
  }

  /**
   * Loads this model into a backend with dynamic shapes.
   *
   * @throws org.smollm3.error.UnsupportedCapabilityException if the backend lacks what it needs
   */
  public DynamicDecoderRunner load(Backend backend, DecoderOptions options, LoadOptions load) {
    return new DynamicDecoderRunner(
        files,
        MappedReads.of(
            files, () -> backend.load(program(options), weights.sharded(options.sharding()), load)),
        config.vocabSize(),
        options,
        pieces(backend, options, load));
  }

  /** Whole where every token's logits or inner tensors are wanted, or the backend has no pieces. */
  private static DynamicDecoderRunner.Prompts pieces(
      Backend backend, DecoderOptions options, LoadOptions load) {
    return options.logits() != DecoderOptions.Logits.ALL_TOKENS
            && load.taps().toString().isEmpty()
            && backend.capabilities().contains(Capability.CHUNKED_PREFILL)
        ? DynamicDecoderRunner.Prompts.IN_PIECES
        : DynamicDecoderRunner.Prompts.WHOLE;
  }

  /**
   * Loads this model into a backend with the fixed shapes of compiled graphs; backends with dynamic
   * shapes run them too. As in Optimum Neuron, compiled graphs take their weights in the type they
   * compute in; a backend that compiles converts those that are stored in another.
   *
   * @param arithmetic F32 or BF16
   * @throws org.smollm3.error.UnsupportedCapabilityException if the backend lacks what it needs
   */
  public DecoderRunner load(
      Backend backend,
      DType arithmetic,
      Sharding sharding,
      CompiledShapes shapes,
      LoadOptions load) {
    ProgramSpec program =
        DecoderGraphs.compiled(
            config,
            ProgramWeights.specs(config, sharding, arithmetic),
            shapes.options(arithmetic, sharding),
            shapes);
    return new CompiledDecoderRunner(
        MappedReads.of(files, () -> backend.load(program, weights.sharded(sharding), load)),
        shapes,
        config.vocabSize(),
        padToken());
  }

  private int padToken() {
    int pad = generationConfig.padTokenId().orElse(config.padTokenId().orElse(0));
    return pad < config.vocabSize() ? pad : 0;
  }
}

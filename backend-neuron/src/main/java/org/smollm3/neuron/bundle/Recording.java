package org.smollm3.neuron.bundle;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.checkpoint.OutputFolder;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenIds;
import org.smollm3.model.CompiledShapes;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.spi.LoadOptions;

/** Runs of a model's graphs, to be kept in the bundle. */
final class Recording {
  private final CompileOptions options;
  private final SmolLm3Model model;
  private final CompiledShapes shapes;
  private final List<TokenIds> prompts;

  /**
   * @throws InvalidRequestException if there are no prompts, or they do not fit the graphs
   */
  Recording(CompileOptions options, SmolLm3Model model, CompiledShapes shapes) {
    this.options = options;
    this.model = model;
    this.shapes = shapes;
    this.prompts =
        options
            .promptIds()
            .map(file -> PromptIds.read(file, model.config().vocabSize()))
            .orElseGet(() -> fitting(PromptIds.ofTexts(model)));
  }

  /** Our own prompts are only those that fit; a user's that do not are an error of the run. */
  private List<TokenIds> fitting(List<TokenIds> texts) {
    int room =
        shapes.prefillChunkSize() > 0 ? shapes.sequenceLength() - 1 : shapes.maxContextLength();
    List<TokenIds> fit =
        texts.stream()
            .filter(ids -> ids.size() <= room && ids.size() < shapes.sequenceLength())
            .toList();
    if (fit.isEmpty()) {
      throw new InvalidRequestException(
          "no built-in prompt fits into " + room + " tokens; give --prompt-ids FILE");
    }
    return fit;
  }

  /** Runs every graph as often as asked, and writes the runs; gives how many, by graph. */
  Map<String, Integer> record(OutputFolder folder) {
    RunRecorder recorder = new RunRecorder(folder, options.runs());
    try (LoweredBackend backend = LoweredBackend.observed(options.trace(), recorder);
        DecoderRunner runner =
            model.load(
                backend,
                options.config().arithmetic(),
                options.config().sharding(),
                shapes,
                LoadOptions.defaults())) {
      run(runner);
    }
    return recorder.recorded();
  }

  private void run(DecoderRunner runner) {
    if (shapes.result() == CompiledShapes.Result.LOGITS) {
      new RecordedScenario(runner, shapes, prompts, Optional.empty(), options.runs()).run();
      return;
    }
    try (SafeDraws draws = new SafeDraws(options, model, shapes)) {
      new RecordedScenario(runner, shapes, prompts, Optional.of(draws), options.runs()).run();
    }
  }
}

package org.smollm3.neuron.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.TapPattern;

/** Lowers whole models, for tests. */
public final class Lowering {
  /** The small trained model. */
  public static final Path TINY =
      root().resolve("weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny");

  private Lowering() {}

  private static Path root() {
    return Path.of(System.getProperty("smollm3.root"));
  }

  /** A model with outputs of Hugging Face. */
  public static Path golden(String name) {
    return root().resolve("weights-fixtures/goldens/models").resolve(name);
  }

  public static SmolLm3Config config(Path folder) throws IOException {
    Path file = folder.resolve("config.json");
    return SmolLm3ConfigReader.read(Files.readString(file), file.toString());
  }

  public static ProgramSpec program(SmolLm3Config config, NeuronConfig neuron) {
    neuron.requireFits(config);
    CompiledShapes shapes = CompiledShapes.of(neuron);
    return DecoderGraphs.compiled(
        config,
        ProgramWeights.specs(config, neuron.sharding(), neuron.arithmetic()),
        shapes.options(neuron.arithmetic(), neuron.sharding()),
        shapes);
  }

  public static List<TracedGraph> trace(
      SmolLm3Config config, NeuronConfig neuron, TraceOptions options) {
    return new GraphTracer(program(config, neuron), options, TapPattern.NONE).traceAll();
  }
}

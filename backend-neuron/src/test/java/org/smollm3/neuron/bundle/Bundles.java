package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.neuron.artifacts.ArtifactSource;
import org.smollm3.neuron.artifacts.Artifacts;
import org.smollm3.neuron.artifacts.GraphBinder;
import org.smollm3.neuron.artifacts.GraphBinding;
import org.smollm3.spi.ProgramSpec;

/** Bundles as who runs them sees them. */
final class Bundles {
  private Bundles() {}

  static Artifacts read(Path bundle) {
    return ArtifactSource.of(bundle).read();
  }

  /** The program that a bundle's own two configuration files describe. */
  static ProgramSpec program(Path bundle, NeuronConfig neuron) throws IOException {
    SmolLm3Config config =
        SmolLm3ConfigReader.read(Files.readString(bundle.resolve("config.json")), "config.json");
    CompiledShapes shapes = CompiledShapes.of(neuron);
    return DecoderGraphs.compiled(
        config,
        ProgramWeights.specs(config, neuron.sharding(), neuron.arithmetic()),
        shapes.options(neuron.arithmetic(), neuron.sharding()),
        shapes);
  }

  /** Binds every graph of a bundle to that program. */
  static List<GraphBinding> bind(Path bundle) throws IOException {
    Artifacts artifacts = read(bundle);
    ProgramSpec program = program(bundle, artifacts.config());
    List<GraphBinding> bindings = new ArrayList<>();
    for (String key : artifacts.graphs().keySet()) {
      bindings.add(GraphBinder.bind(artifacts, program, key));
    }
    return bindings;
  }
}

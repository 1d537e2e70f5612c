package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.OutputFolder;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigWriter;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.neuron.artifacts.ArtifactSource;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.neuron.trace.GraphTracer;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.TapPattern;

/** Makes a bundle. */
final class BundleWriter {
  private static final String CONFIG = "config.json";

  private final CompileOptions options;
  private final CompileUsage.Progress progress;
  private final NeuronConfig neuron;

  BundleWriter(CompileOptions options, CompileUsage.Progress progress) {
    this.options = options;
    this.progress = progress;
    this.neuron = options.config();
  }

  /**
   * What was written.
   *
   * @param neffs how NEFFs were made; empty if they were not
   */
  record Result(
      List<TracedGraph> graphs,
      Map<String, String> sha256ByGraph,
      Map<String, Integer> runsByGraph,
      Optional<String> neffs,
      List<String> notices) {
    int runs(String graph) {
      return runsByGraph.getOrDefault(graph, 0);
    }

    String sha256(String graph) {
      return sha256ByGraph.getOrDefault(graph, "");
    }
  }

  /**
   * Writes all or nothing.
   *
   * @throws org.smollm3.error.UnsupportedCapabilityException if the model needs what graphs for
   *     Neuron cannot do; nothing was traced or written then
   */
  Result write() throws IOException {
    ModelFiles files = FolderFiles.open(options.model());
    String configText = files.text(CONFIG);
    SmolLm3Config config = SmolLm3ConfigReader.read(configText, files.location() + "/" + CONFIG);
    neuron.requireFits(config);
    CompiledShapes shapes = CompiledShapes.of(neuron);
    ProgramSpec program =
        DecoderGraphs.compiled(
            config,
            ProgramWeights.specs(config, neuron.sharding(), neuron.arithmetic()),
            shapes.options(neuron.arithmetic(), neuron.sharding()),
            shapes);
    Capability.requireAll("neuron", LoweredBackend.CAPABILITIES, program.requires());
    Optional<Recording> recording =
        options.runs() == 0
            ? Optional.empty()
            : Optional.of(new Recording(options, SmolLm3Model.open(files), shapes));
    NeffWriter neffs = new NeffWriter(options, System.getenv(), progress);
    try (OutputFolder folder = OutputFolder.create(options.out(), 0)) {
      Result result = write(folder, program, recording, neffs);
      Files.writeString(
          folder.resolve(BundleManifest.NAME),
          BundleManifest.write(neuron.tpDegree(), result.graphs(), result.runsByGraph()));
      Files.writeString(folder.resolve("neuron_config.json"), NeuronConfigWriter.write(neuron));
      Files.writeString(folder.resolve(CONFIG), configText);
      // Whoever runs the NEFFs wants to know that weights stay as they are.
      Files.writeString(folder.resolve(ArtifactSource.NO_LAYOUT_TRANSFORMATION), "");
      folder.keep();
      return result;
    } finally {
      progress.done();
    }
  }

  private Result write(
      OutputFolder folder, ProgramSpec program, Optional<Recording> recording, NeffWriter neffs)
      throws IOException {
    List<TracedGraph> graphs = new ArrayList<>();
    Map<String, String> hashes = new LinkedHashMap<>();
    GraphTracer tracer = new GraphTracer(program, options.trace(), TapPattern.NONE);
    for (GraphSpec spec : program.graphs()) {
      progress.doing("lowering " + spec.name());
      TracedGraph graph = tracer.trace(spec);
      byte[] bytes = HloModuleWriter.write(graph.module());
      Path file = folder.resolve(BundleManifest.hlo(graph.name()));
      Files.createDirectories(folder.resolve(graph.name()));
      Files.write(file, bytes);
      neffs.write(graph, folder.resolve(graph.name()));
      graphs.add(graph);
      hashes.put(graph.name(), sha256(bytes));
    }
    Map<String, Integer> runs = Map.of();
    if (recording.isPresent()) {
      progress.doing("recording runs");
      runs = recording.get().record(folder);
    }
    return new Result(graphs, hashes, runs, neffs.maker(), neffs.notices());
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

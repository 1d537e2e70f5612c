package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
import org.smollm3.neuron.metaneff.MetaNeffWriter;
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

  /** Buffers cannot be larger than 2 GiB. */
  private static final long LARGEST_WRITE = 1L << 30;

  private final CompileOptions options;
  private final Map<String, String> environment;
  private final CompileUsage.Progress progress;
  private final NeuronConfig neuron;

  /**
   * @param environment where the compiler, its flags and its cache are looked up
   */
  BundleWriter(
      CompileOptions options, Map<String, String> environment, CompileUsage.Progress progress) {
    this.options = options;
    this.environment = environment;
    this.progress = progress;
    this.neuron = options.config();
  }

  /** What was written. */
  record Result(
      List<TracedGraph> graphs,
      Map<String, String> sha256ByGraph,
      Map<String, Integer> runsByGraph,
      BundleNeffs neffs) {
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
   * @throws org.smollm3.error.BackendException if the compiler fails, or is required and missing
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
    // Before the compiler takes its time; and while it does there is no folder to be left behind.
    OutputFolder.create(options.out(), 0).close();
    try {
      GraphCompiler compiler = new GraphCompiler(options, environment, progress);
      List<TracedGraph> graphs = trace(program);
      BundleNeffs neffs = compiler.make(program, graphs);
      return write(configText, graphs, neffs, recording);
    } finally {
      progress.done();
    }
  }

  private List<TracedGraph> trace(ProgramSpec program) {
    GraphTracer tracer = new GraphTracer(program, options.trace(), TapPattern.NONE);
    List<TracedGraph> graphs = new ArrayList<>();
    for (GraphSpec spec : program.graphs()) {
      progress.doing("lowering " + spec.name());
      graphs.add(tracer.trace(spec));
    }
    return graphs;
  }

  private Result write(
      String configText, List<TracedGraph> graphs, BundleNeffs neffs, Optional<Recording> recording)
      throws IOException {
    try (OutputFolder folder = OutputFolder.create(options.out(), 0)) {
      Map<String, String> hashes = new LinkedHashMap<>();
      for (TracedGraph graph : graphs) {
        progress.doing("writing " + graph.name());
        hashes.put(graph.name(), sha256(write(folder, graph, neffs)));
      }
      Map<String, Integer> runs = Map.of();
      if (recording.isPresent()) {
        progress.doing("recording runs");
        runs = recording.get().record(folder);
      }
      Files.writeString(
          folder.resolve(BundleManifest.NAME),
          BundleManifest.write(neuron.tpDegree(), graphs, runs, neffs.graphs().keySet()));
      NeuronConfig compiled =
          neffs.compilerVersion().map(neuron::withNeuronxccVersion).orElse(neuron);
      Files.writeString(folder.resolve("neuron_config.json"), NeuronConfigWriter.write(compiled));
      Files.writeString(folder.resolve(CONFIG), configText);
      // Whoever runs the NEFFs has to know that weights stay as they are.
      Files.createFile(folder.resolve(ArtifactSource.NO_LAYOUT_TRANSFORMATION));
      folder.keep();
      return new Result(graphs, hashes, runs, neffs);
    }
  }

  /** Writes what there is of a graph, and gives the bytes of its module. */
  private static byte[] write(OutputFolder folder, TracedGraph graph, BundleNeffs neffs)
      throws IOException {
    String name = graph.name();
    byte[] module = HloModuleWriter.write(graph.module());
    Files.createDirectories(folder.resolve(name));
    Files.write(folder.resolve(BundleManifest.hlo(name)), module);
    Files.write(
        folder.resolve(BundleManifest.metaneff(name)),
        MetaNeffWriter.write(GraphMetaNeff.of(graph)));
    BundleNeffs.Made made = neffs.graphs().get(name);
    if (made != null) {
      write(made.graph().neff().bytes(), folder.resolve(BundleManifest.neff(name)));
    }
    return module;
  }

  private static void write(MemorySegment bytes, Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long at = 0; at < bytes.byteSize(); at += LARGEST_WRITE) {
        ByteBuffer part =
            bytes.asSlice(at, Math.min(LARGEST_WRITE, bytes.byteSize() - at)).asByteBuffer();
        while (part.hasRemaining()) {
          channel.write(part);
        }
      }
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

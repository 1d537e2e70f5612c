package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.compiled.NeffMaker;
import org.smollm3.neuron.compiled.NoCompiler;
import org.smollm3.neuron.compiled.SimulatedNeffs;
import org.smollm3.neuron.compiler.CompileListener;
import org.smollm3.neuron.compiler.CompilePhase;
import org.smollm3.neuron.metaneff.MetaNeffWriter;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeffIo;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.trace.TracedGraph;

/** Compiles the graphs of a bundle, as far as that was asked for and can be. */
final class NeffWriter {
  private static final long STEP = 1L << 30;

  private final NeffMaker maker;
  private final CompileUsage.Progress progress;
  private final List<String> notices = new ArrayList<>();

  /**
   * @throws BackendException if NEFFs are required and there is no compiler
   */
  NeffWriter(
      CompileOptions options, Map<String, String> environment, CompileUsage.Progress progress) {
    this.progress = progress;
    this.maker =
        switch (options.neffs()) {
          case CompileOptions.Neffs.IfPossible asked ->
              NeffMaker.ofCompiler(asked.compiler(), asked.options(), environment);
          case CompileOptions.Neffs.Required asked ->
              required(NeffMaker.ofCompiler(asked.compiler(), asked.options(), environment));
          case CompileOptions.Neffs.Simulated asked -> simulated(options);
        };
    if (maker instanceof NoCompiler none) {
      notices.add("no NEFFs were made: " + none.reason());
    }
    if (maker instanceof SimulatedNeffs) {
      notices.add("the NEFFs are simulated: only the backend neuron-sim runs them");
    }
  }

  private static NeffMaker required(NeffMaker maker) {
    if (maker instanceof NoCompiler none) {
      throw new BackendException(
          none.reason() + "; without --require-neff the bundle is made without NEFFs");
    }
    return maker;
  }

  private static NeffMaker simulated(CompileOptions options) {
    NeuronArchitecture architecture =
        options
            .config()
            .target()
            .flatMap(NeuronArchitecture::ofFamily)
            .orElse(NeuronArchitecture.SUNDA);
    return new SimulatedNeffs(architecture, options.config().logicalNcConfig());
  }

  /** What the user is to be told at the end. */
  List<String> notices() {
    return List.copyOf(notices);
  }

  /** How the NEFFs are made; empty if they are not. */
  Optional<String> maker() {
    return maker instanceof NoCompiler ? Optional.empty() : Optional.of(maker.description());
  }

  /**
   * Writes a graph's NEFF, if there is a compiler, and its metaneff.
   *
   * @param folder of the graph
   * @throws BackendException if the compiler fails, takes too long or writes nothing
   * @throws InvalidModelException if what it writes is no NEFF, or one of another graph
   */
  void write(TracedGraph graph, Path folder) throws IOException {
    Files.write(folder.resolve("metaneff.pb"), MetaNeffWriter.write(GraphMetaNeff.of(graph)));
    if (maker instanceof NoCompiler) {
      return;
    }
    Neff neff = maker.make(graph, news(graph.name()));
    requireNames(graph, neff);
    try (OutputStream out = Files.newOutputStream(folder.resolve("graph.neff"));
        WritableByteChannel channel = Channels.newChannel(out)) {
      long size = neff.bytes().byteSize();
      for (long at = 0; at < size; at += STEP) {
        channel.write(neff.bytes().asSlice(at, Math.min(STEP, size - at)).asByteBuffer());
      }
    }
  }

  /** A runtime finds tensors by name, so a NEFF that lists them must have the graph's. */
  private static void requireNames(TracedGraph graph, Neff neff) {
    if (neff.io() instanceof NeffIo.Known io) {
      List<String> inputs = io.inputs().stream().map(tensor -> tensor.name()).toList();
      for (int i = 0; i < graph.parameters().size(); i++) {
        if (!inputs.contains("input" + i)) {
          throw new InvalidModelException(
              neff.location()
                  + " has no input"
                  + i
                  + " ("
                  + graph.parameters().get(i).spec().name()
                  + "), which the graph '"
                  + graph.name()
                  + "' takes; it has "
                  + inputs);
        }
      }
    }
  }

  private CompileListener news(String graph) {
    return (phase, elapsed) -> {
      if (phase == CompilePhase.COMPILING || phase == CompilePhase.WAITING) {
        progress.doing(
            (phase == CompilePhase.COMPILING ? "compiling " : "waiting for another compilation of ")
                + graph
                + ", "
                + seconds(elapsed));
      }
    };
  }

  private static String seconds(Duration elapsed) {
    return elapsed.toSeconds() + " s";
  }
}

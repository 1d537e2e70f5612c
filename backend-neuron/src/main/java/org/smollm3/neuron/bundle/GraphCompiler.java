package org.smollm3.neuron.bundle;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.artifacts.Artifacts;
import org.smollm3.neuron.artifacts.CompiledGraph;
import org.smollm3.neuron.artifacts.GraphBinder;
import org.smollm3.neuron.bundle.BundleNeffs.Made;
import org.smollm3.neuron.bundle.BundleNeffs.Origin;
import org.smollm3.neuron.compiled.CompilerNeffs;
import org.smollm3.neuron.compiled.NeffMaker;
import org.smollm3.neuron.compiled.NoCompiler;
import org.smollm3.neuron.compiled.SimulatedNeffs;
import org.smollm3.neuron.compiler.CompilePhase;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.ProgramSpec;

/** Makes NEFFs of a bundle's graphs, as far as that was asked for and can be. */
final class GraphCompiler {
  private final CompileOptions options;
  private final CompileUsage.Progress progress;
  private final Optional<NeffMaker> maker;

  /**
   * Looks for the compiler.
   *
   * @throws BackendException if NEFFs are required and there is none
   */
  GraphCompiler(
      CompileOptions options, Map<String, String> environment, CompileUsage.Progress progress) {
    this.options = options;
    this.progress = progress;
    this.maker =
        switch (options.neffs()) {
          case NeffOptions.Compiled asked -> Optional.of(compiler(asked, environment));
          case NeffOptions.Simulated asked -> Optional.of(simulated(asked));
          case NeffOptions.None none -> Optional.empty();
        };
  }

  private static NeffMaker compiler(NeffOptions.Compiled asked, Map<String, String> environment) {
    NeffMaker maker = NeffMaker.ofCompiler(asked.executable(), asked.options(), environment);
    if (maker instanceof NoCompiler none && asked.missing() == NeffOptions.Missing.FAILS) {
      throw new BackendException(none.reason());
    }
    return maker;
  }

  private static NeffMaker simulated(NeffOptions.Simulated asked) {
    NeuronArchitecture architecture =
        NeuronArchitecture.ofFamily(asked.target().flag()).orElseThrow();
    return new SimulatedNeffs(architecture, asked.logicalCores());
  }

  /**
   * Makes the NEFFs, and makes sure that they can be bound to the program again.
   *
   * @throws BackendException if the compiler fails, takes too long or writes nothing
   * @throws InvalidModelException if what it writes is no NEFF, or one of another graph
   */
  BundleNeffs make(ProgramSpec program, List<TracedGraph> graphs) {
    if (maker.isEmpty()) {
      return BundleNeffs.none(List.of());
    }
    if (maker.get() instanceof NoCompiler none) {
      return BundleNeffs.none(
          List.of(
              "no NEFFs were made: "
                  + none.reason()
                  + "; for the backend neuron-sim "
                  + NeffOptions.SIMULATED
                  + " will do"));
    }
    Map<String, Made> made = new LinkedHashMap<>();
    Map<String, CompiledGraph> compiled = new LinkedHashMap<>();
    for (TracedGraph graph : graphs) {
      Made result = make(maker.get(), graph);
      made.put(graph.name(), result);
      compiled.put(graph.name(), result.graph());
    }
    Artifacts artifacts =
        new Artifacts(options.out().toString(), options.config(), compiled, Optional.empty());
    compiled.keySet().forEach(key -> GraphBinder.bind(artifacts, program, key));
    return new BundleNeffs(made, Optional.of(summary(maker.get(), made)), version(), List.of());
  }

  private Made make(NeffMaker from, TracedGraph graph) {
    CompileNews news = new CompileNews(graph.name(), progress);
    try {
      Neff neff = from.make(graph, news);
      CompiledGraph compiled = new CompiledGraph(graph.name(), neff, GraphMetaNeff.of(graph));
      return new Made(compiled, origin(from, news));
    } catch (BackendException e) {
      throw new BackendException(
          e.getMessage()
              + "; no bundle was written: give the compiler longer with "
              + NeffOptions.TIMEOUT
              + " if it needs that, or leave the NEFFs out with "
              + NeffOptions.NONE,
          e);
    } catch (InvalidModelException e) {
      throw new InvalidModelException(
          "graph '"
              + graph.name()
              + "': "
              + e.getMessage()
              + "; no bundle was written: that file is what the compiler wrote, delete it to have it"
              + " written again",
          e);
    }
  }

  private static Origin origin(NeffMaker from, CompileNews news) {
    if (from instanceof SimulatedNeffs) {
      return Origin.SIMULATED;
    }
    return news.last().equals(Optional.of(CompilePhase.CACHED)) ? Origin.CACHED : Origin.COMPILED;
  }

  private Optional<String> version() {
    return maker.get() instanceof CompilerNeffs neffs
        ? Optional.of(neffs.compiler().version())
        : Optional.empty();
  }

  private static String summary(NeffMaker from, Map<String, Made> made) {
    String all = made.size() + " " + from.description();
    if (from instanceof SimulatedNeffs) {
      return all + ": only the backend neuron-sim can run them";
    }
    long cached = made.values().stream().filter(each -> each.origin() == Origin.CACHED).count();
    return all + (cached == 0 ? "" : ", " + cached + " of them from the compile cache");
  }
}

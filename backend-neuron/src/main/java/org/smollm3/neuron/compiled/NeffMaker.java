package org.smollm3.neuron.compiled;

import java.util.Map;
import java.util.Optional;
import org.smollm3.neuron.compiler.CompileCache;
import org.smollm3.neuron.compiler.CompileListener;
import org.smollm3.neuron.compiler.CompilerOptions;
import org.smollm3.neuron.compiler.CompilerSearch;
import org.smollm3.neuron.compiler.NeuronCcFlags;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.trace.TracedGraph;

/** Makes a NEFF of a lowered graph. */
public sealed interface NeffMaker permits CompilerNeffs, NoCompiler, SimulatedNeffs {
  /** One line on how, for reports. */
  String description();

  /** Physical cores in a logical one (LNC) that it compiles for. */
  int virtualCoreSize();

  /**
   * Compiles.
   *
   * @param listener told how it goes on, where it takes a while
   * @throws org.smollm3.error.BackendException if there is no compiler, or it fails; the message
   *     names the graph
   */
  Neff make(TracedGraph graph, CompileListener listener);

  /**
   * By neuronx-cc, as the environment says: flags of {@code NEURON_CC_FLAGS} and its cache. Where
   * it is not found the maker says so when it is used.
   *
   * @param path of the executable; empty to look for it
   */
  static NeffMaker ofCompiler(
      Optional<String> path, CompilerOptions options, Map<String, String> environment) {
    return switch (CompilerSearch.find(path, environment)) {
      case CompilerSearch.NotFound nowhere -> new NoCompiler(nowhere.message());
      case CompilerSearch.Found found -> {
        NeuronCcFlags flags = NeuronCcFlags.of(environment);
        yield new CompilerNeffs(
            found.compiler(), CompileCache.of(flags, environment), options.with(flags));
      }
    };
  }
}

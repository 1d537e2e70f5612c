package org.smollm3.neuron.artifacts;

import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.neff.Quote;

/** What can be known to fail before a graph is loaded. */
public final class NeffChecks {
  private NeffChecks() {}

  /**
   * Refuses graphs that were compiled for another setting of logical cores than the device has.
   *
   * @param lnc physical cores per logical core
   */
  public static void requireLnc(Artifacts artifacts, int lnc) {
    artifacts.graphs().values().forEach(graph -> requireLnc(graph, lnc));
    artifacts.layoutTransformation().ifPresent(graph -> requireLnc(graph, lnc));
  }

  private static void requireLnc(CompiledGraph graph, int lnc) {
    int compiled = graph.neff().header().lncSize();
    // 0 where the compiler did not know of logical cores
    if (compiled != 0 && compiled != lnc) {
      throw new InvalidModelException(
          String.format(
              "%s was compiled for logical cores of %d physical cores (--lnc=%d), but the setting"
                  + " is %d; set NEURON_RT_VIRTUAL_CORE_SIZE=%d or compile again",
              graph.neff().location(), compiled, compiled, lnc, compiled));
    }
  }

  /**
   * Refuses a number of ranks that the graphs were not compiled for.
   *
   * @throws InvalidRequestException if it is another
   */
  public static void requireTensorParallelDegree(Artifacts artifacts, int degree) {
    int compiled = artifacts.config().tpDegree();
    if (compiled != degree) {
      throw new InvalidRequestException(
          String.format(
              "%s was compiled for tensor-parallel degree %d, not %d; ask for %d or compile again",
              artifacts.location(), compiled, degree, compiled));
    }
  }

  /** Refuses NEFFs that cannot be loaded together, as their settings of logical cores differ. */
  static void requireOneLnc(Collection<CompiledGraph> graphs) {
    Optional<CompiledGraph> first = Optional.empty();
    for (CompiledGraph graph : graphs) {
      int lnc = graph.neff().header().lncSize();
      if (lnc == 0) {
        continue;
      }
      if (first.isPresent() && first.get().neff().header().lncSize() != lnc) {
        throw new InvalidModelException(
            String.format(
                "%s was compiled for logical cores of %d physical cores (--lnc=%d), but %s for %d;"
                    + " compile all graphs alike",
                graph.neff().location(),
                lnc,
                lnc,
                first.get().neff().location(),
                first.get().neff().header().lncSize()));
      }
      first = first.or(() -> Optional.of(graph));
    }
  }

  /** Refuses NEFFs for another device than the configuration names, or LNC that it lacks. */
  static void requireTarget(NeuronConfig config, Collection<CompiledGraph> graphs) {
    Optional<NeuronArchitecture> wanted = config.target().flatMap(NeuronArchitecture::ofFamily);
    for (CompiledGraph graph : graphs) {
      Optional<NeuronArchitecture> compiled = graph.neff().architecture();
      if (wanted.isPresent() && compiled.isPresent() && !wanted.equals(compiled)) {
        throw new InvalidModelException(
            String.format(
                "%s was compiled for %s, but neuron_config.json has the target %s",
                graph.neff().location(),
                compiled.get().family(),
                Quote.of(config.target().orElse(""))));
      }
      int lnc = graph.neff().header().lncSize();
      if (wanted.isPresent() && lnc > wanted.get().mostLogicalCores()) {
        throw new InvalidModelException(
            String.format(
                "%s was compiled for logical cores of %d physical cores (--lnc=%d), which %s lacks;"
                    + " compile again",
                graph.neff().location(), lnc, lnc, Quote.of(config.target().orElse(""))));
      }
    }
  }

  /** Every output takes the memory of an input, all of which are weights. */
  static void requireLayoutTransformation(CompiledGraph graph) {
    String location = graph.neff().location();
    MetaNeff metaneff = graph.metaneff();
    for (MetaTensor input : metaneff.inputs()) {
      if (input.checkpointKey().isEmpty()) {
        throw new InvalidModelException(
            location
                + " is to transform the layout of weights, but its "
                + input.name()
                + " names no weight");
      }
    }
    Set<Integer> aliased = new HashSet<>(metaneff.outputAliasesTo().values());
    if (aliased.size() != metaneff.inputs().size()
        || metaneff.outputAliasesTo().size() != metaneff.outputs().size()) {
      throw new InvalidModelException(
          String.format(
              "%s is to transform the layout of %d weights in place, but %d of its %d outputs do",
              location,
              metaneff.inputs().size(),
              metaneff.outputAliasesTo().size(),
              metaneff.outputs().size()));
    }
  }
}

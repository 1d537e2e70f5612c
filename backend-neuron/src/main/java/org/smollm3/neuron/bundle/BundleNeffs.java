package org.smollm3.neuron.bundle;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.neuron.artifacts.CompiledGraph;

/**
 * The NEFFs of a bundle.
 *
 * @param graphs in order; empty if there are no NEFFs
 * @param summary one line on how they were made; empty if there are none
 * @param compilerVersion of neuronx-cc, if that made them
 * @param notices what the user is to be told besides
 */
record BundleNeffs(
    Map<String, Made> graphs,
    Optional<String> summary,
    Optional<String> compilerVersion,
    List<String> notices) {
  /** Where a NEFF comes from. */
  enum Origin {
    COMPILED,
    CACHED,
    SIMULATED
  }

  record Made(CompiledGraph graph, Origin origin) {}

  BundleNeffs {
    graphs = Collections.unmodifiableMap(new LinkedHashMap<>(graphs));
    notices = List.copyOf(notices);
  }

  /** A bundle of HLO only. */
  static BundleNeffs none(List<String> notices) {
    return new BundleNeffs(Map.of(), Optional.empty(), Optional.empty(), notices);
  }

  /** How the graph's NEFF was made, if it was. */
  Optional<Origin> origin(String graph) {
    return Optional.ofNullable(graphs.get(graph)).map(Made::origin);
  }
}

package org.smollm3.neuron.bundle;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.tensor.TensorSpec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code manifest.json} of a bundle, format {@value #FORMAT}: for each graph its module, its
 * parameters and results in order, and its recorded runs. Types are those of HLO.
 */
final class BundleManifest {
  static final String NAME = "manifest.json";
  static final String FORMAT = "smollm3-graph-bundle/1";

  private BundleManifest() {}

  /** Where a graph's module is. */
  static String hlo(String graph) {
    return graph + "/graph.hlo_module.pb";
  }

  /** Where a graph's compiled form is. */
  static String neff(String graph) {
    return graph + "/graph.neff";
  }

  /** Where it is written what a graph's inputs and outputs are. */
  static String metaneff(String graph) {
    return graph + "/metaneff.pb";
  }

  /** Where a recorded run is. */
  static String run(String graph, int index) {
    return graph + "/run-" + index;
  }

  /**
   * @param runs how many were recorded, by graph
   * @param compiled graphs that have a NEFF
   */
  static String write(
      int degree, List<TracedGraph> graphs, Map<String, Integer> runs, Set<String> compiled) {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    root.put("format", FORMAT);
    root.put("tp_degree", degree);
    ArrayNode all = root.putArray("graphs");
    for (TracedGraph graph : graphs) {
      ObjectNode node = all.addObject();
      node.put("name", graph.name());
      node.put("hlo", hlo(graph.name()));
      node.put("metaneff", metaneff(graph.name()));
      if (compiled.contains(graph.name())) {
        node.put("neff", neff(graph.name()));
      }
      ArrayNode parameters = node.putArray("parameters");
      for (int i = 0; i < graph.parameters().size(); i++) {
        TracedGraph.Parameter parameter = graph.parameters().get(i);
        tensor(parameters.addObject(), i, lower(parameter.kind()), parameter.spec());
      }
      ArrayNode results = node.putArray("results");
      for (int i = 0; i < graph.results().size(); i++) {
        TracedGraph.Result result = graph.results().get(i);
        ObjectNode entry = results.addObject();
        tensor(entry, i, lower(result.kind()), result.spec());
        result.aliases().ifPresent(parameter -> entry.put("aliases_parameter", parameter));
      }
      ArrayNode recorded = node.putArray("runs");
      for (int i = 0; i < runs.getOrDefault(graph.name(), 0); i++) {
        recorded.add(run(graph.name(), i));
      }
    }
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
  }

  private static String lower(Enum<?> kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static void tensor(ObjectNode node, int index, String kind, TensorSpec spec) {
    node.put("index", index);
    node.put("name", spec.name());
    node.put("kind", kind);
    node.put("dtype", ElementType.of(spec.dtype()).name());
    ArrayNode shape = node.putArray("shape");
    for (long dim : spec.shape().toArray()) {
      shape.add(dim);
    }
  }
}

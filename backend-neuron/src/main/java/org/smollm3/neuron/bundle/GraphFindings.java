package org.smollm3.neuron.bundle;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.compiler.CompilerTarget;
import org.smollm3.neuron.lint.Finding;
import org.smollm3.neuron.lint.Lint;
import org.smollm3.neuron.trace.TracedGraph;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Shows what the lint finds in a graph. */
final class GraphFindings {
  private GraphFindings() {}

  private static List<Finding> of(TracedGraph graph, Optional<String> target) {
    return target
        .map(name -> Lint.check(graph.module(), CompilerTarget.of(name)))
        .orElseGet(() -> Lint.check(graph.module()));
  }

  /** A line with their number, and a line for each. */
  static void print(PrintWriter out, List<TracedGraph> graphs, Optional<String> target) {
    List<String> lines =
        graphs.stream()
            .flatMap(graph -> of(graph, target).stream().map(f -> graph.name() + ": " + f))
            .toList();
    out.printf("lint: %d finding%s%n", lines.size(), lines.size() == 1 ? "" : "s");
    lines.forEach(out::println);
  }

  /** An array with all parts of each. */
  static void json(ObjectNode node, TracedGraph graph, Optional<String> target) {
    ArrayNode array = node.putArray("findings");
    for (Finding finding : of(graph, target)) {
      ObjectNode entry = array.addObject();
      entry.put("severity", finding.severity().toString());
      finding.rule().code().ifPresent(code -> entry.put("code", code));
      entry.put("rule", finding.rule().name());
      entry.put("instruction", finding.instruction());
      entry.put("layer", finding.layer());
      entry.put("message", finding.message());
    }
  }
}

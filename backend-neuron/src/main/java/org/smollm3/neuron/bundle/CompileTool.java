package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.hlo.HloStatistics;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.Tool;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code smollm3 compile}: a model's graphs as a bundle. */
public final class CompileTool implements Tool {
  private final Map<String, String> environment;

  /** For {@link java.util.ServiceLoader}. */
  public CompileTool() {
    this(System.getenv());
  }

  /**
   * @param environment where the compiler, its flags and its cache are looked up
   */
  CompileTool(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  @Override
  public Usage usage() {
    return new Usage(
        "compile",
        "Lower a model's graphs to HLO for Neuron, and compile them where neuronx-cc is present.",
        List.of(
            "Writes a bundle: manifest.json, neuron_config.json, config.json and, for each graph,"
                + " the HLO module, a NEFF if it was compiled, and recorded runs with every rank's"
                + " parameters and results as the evaluator gives them.",
            "Where neuronx-cc is not found there are no NEFFs, which a last line says. Where it"
                + " fails, no bundle is written and its log is named; what it compiled before is"
                + " kept in its cache (NEURON_COMPILE_CACHE_URL). Flags for it are taken from"
                + " NEURON_CC_FLAGS.",
            "MODEL is a snapshot folder; without recorded runs its config.json is enough.",
            "Examples:",
            "  smollm3 compile --tp 2 --batch-size 4 --sequence-length 4096 --out bundle"
                + " ~/models/SmolLM3-3B",
            "  smollm3 compile --tp 2 --dtype f32 --record-runs 2 --out bundle model",
            "  smollm3 compile --simulated-neffs --out bundle model",
            "  smollm3 inspect bundle/token_generation/graph.hlo_module.pb"),
        "MODEL",
        1,
        1,
        CompileUsage.all());
  }

  @Override
  public int run(Invocation invocation) {
    CompileOptions options = CompileOptions.of(invocation);
    long start = System.nanoTime();
    BundleWriter.Result result;
    try {
      result =
          new BundleWriter(options, environment, new CompileUsage.Progress(invocation)).write();
    } catch (IOException e) {
      throw new InvalidRequestException(
          "cannot write the bundle to " + options.out() + ": " + e.getMessage(), e);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (invocation.flag("--json")) {
      invocation.out().println(json(options, result, seconds));
    } else {
      print(invocation, options, result, seconds);
    }
    return 0;
  }

  private static void print(
      Invocation invocation, CompileOptions options, BundleWriter.Result result, double seconds) {
    for (TracedGraph graph : result.graphs()) {
      HloStatistics statistics = HloStatistics.of(graph.module());
      invocation
          .out()
          .printf(
              Locale.ROOT,
              "%s: %d instructions, %.3g FLOP, %,d bytes of weights, %,d of states, %,d exchanged;"
                  + " %d recorded run%s%n",
              graph.name(),
              statistics.instructions(),
              (double) statistics.dotFlops(),
              statistics.weightBytes(),
              statistics.stateBytes(),
              statistics.totalCollectiveBytes(),
              result.runs(graph.name()),
              result.runs(graph.name()) == 1 ? "" : "s");
    }
    GraphFindings.print(invocation.out(), result.graphs(), options.config().target());
    invocation
        .out()
        .printf(
            Locale.ROOT,
            "%s: %d graphs for %d rank%s; %.1f s%n",
            options.out(),
            result.graphs().size(),
            options.config().tpDegree(),
            options.config().tpDegree() == 1 ? "" : "s",
            seconds);
    result.neffs().summary().ifPresent(how -> invocation.out().println(how));
    result.neffs().notices().forEach(notice -> invocation.out().println(notice));
  }

  private static String json(CompileOptions options, BundleWriter.Result result, double seconds) {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    root.put("folder", options.out().toString());
    root.put("tp_degree", options.config().tpDegree());
    ArrayNode graphs = root.putArray("graphs");
    for (TracedGraph graph : result.graphs()) {
      HloStatistics statistics = HloStatistics.of(graph.module());
      ObjectNode node = graphs.addObject();
      node.put("name", graph.name());
      node.put("sha256", result.sha256(graph.name()));
      node.put("instructions", statistics.instructions());
      node.put("dot_flops", statistics.dotFlops());
      node.put("weight_bytes", statistics.weightBytes());
      node.put("state_bytes", statistics.stateBytes());
      node.put("collective_bytes", statistics.totalCollectiveBytes());
      node.put("recorded_runs", result.runs(graph.name()));
      result
          .neffs()
          .origin(graph.name())
          .ifPresent(origin -> node.put("neff", origin.name().toLowerCase(Locale.ROOT)));
      GraphFindings.json(node, graph, options.config().target());
    }
    result.neffs().summary().ifPresent(how -> root.put("neffs", how));
    result.neffs().compilerVersion().ifPresent(version -> root.put("neuronxcc_version", version));
    ArrayNode notices = root.putArray("notices");
    result.neffs().notices().forEach(notices::add);
    root.put("seconds", seconds);
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }
}

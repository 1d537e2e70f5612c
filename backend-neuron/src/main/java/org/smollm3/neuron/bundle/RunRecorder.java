package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.checkpoint.OutputFolder;
import org.smollm3.checkpoint.SafetensorsWriter;
import org.smollm3.neuron.lowered.GraphRun;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** Writes the first runs of each graph, every rank's parameters and results by name. */
final class RunRecorder implements GraphRun.Observer {
  private final OutputFolder folder;
  private final int limit;
  private final Map<String, Integer> recorded = new HashMap<>();

  /**
   * @param limit runs of each graph that are written
   */
  RunRecorder(OutputFolder folder, int limit) {
    this.folder = folder;
    this.limit = limit;
  }

  /** How many runs were written, by graph. */
  Map<String, Integer> recorded() {
    return recorded;
  }

  /** Whether a graph has as many as are wanted. */
  boolean isDone(String graph) {
    return recorded.getOrDefault(graph, 0) >= limit;
  }

  @Override
  public void onRun(GraphRun run) {
    String graph = run.graph().name();
    if (isDone(graph)) {
      return;
    }
    Path target = folder.resolve(BundleManifest.run(graph, recorded.getOrDefault(graph, 0)));
    List<TensorSpec> parameters = new ArrayList<>();
    run.graph().parameters().forEach(p -> parameters.add(p.spec()));
    List<TensorSpec> results = new ArrayList<>();
    run.graph().results().forEach(r -> results.add(r.spec()));
    try {
      Files.createDirectories(target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (int rank = 0; rank < run.parametersByRank().size(); rank++) {
      write(target, rank, "inputs", parameters, run.parametersByRank().get(rank));
      write(target, rank, "outputs", results, run.resultsByRank().get(rank));
    }
    recorded.merge(graph, 1, Integer::sum);
  }

  private static void write(
      Path folder, int rank, String what, List<TensorSpec> specs, List<HostTensor> values) {
    Map<String, HostTensor> byName = new LinkedHashMap<>();
    for (int i = 0; i < specs.size(); i++) {
      byName.put(specs.get(i).name(), values.get(i));
    }
    SafetensorsWriter.write(folder.resolve("rank-" + rank + "." + what + ".safetensors"), byName);
  }
}

package org.smollm3.neuron.bundle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.tensor.TensorSpec;

/** What a lowered graph takes and gives, as a metaneff says it. */
final class GraphMetaNeff {
  private GraphMetaNeff() {}

  static MetaNeff of(TracedGraph graph) {
    List<MetaTensor> inputs = new ArrayList<>();
    for (int i = 0; i < graph.parameters().size(); i++) {
      TensorSpec spec = graph.parameters().get(i).spec();
      inputs.add(
          switch (graph.parameters().get(i).kind()) {
            case INPUT -> MetaTensor.userInput(i, spec.dtype(), spec.shape(), spec.name());
            case STATE -> MetaTensor.state(i, spec.dtype(), spec.shape(), spec.name());
            case WEIGHT, RANK -> MetaTensor.weight(i, spec.dtype(), spec.shape(), spec.name());
          });
    }
    List<MetaTensor> outputs = new ArrayList<>();
    Map<Integer, Integer> aliases = new TreeMap<>();
    for (int i = 0; i < graph.results().size(); i++) {
      TracedGraph.Result result = graph.results().get(i);
      outputs.add(MetaTensor.output(i, result.spec().dtype(), result.spec().shape()));
      if (result.aliases().isPresent()) {
        aliases.put(i, result.aliases().getAsInt());
      }
    }
    return MetaNeff.of(inputs, outputs, aliases);
  }
}

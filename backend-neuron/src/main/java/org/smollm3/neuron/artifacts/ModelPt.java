package org.smollm3.neuron.artifacts;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.artifacts.PickleValue.Bytes;
import org.smollm3.neuron.artifacts.PickleValue.Dictionary;
import org.smollm3.neuron.artifacts.PickleValue.Global;
import org.smollm3.neuron.artifacts.PickleValue.Instance;
import org.smollm3.neuron.artifacts.PickleValue.Persistent;
import org.smollm3.neuron.artifacts.PickleValue.Plain;
import org.smollm3.neuron.artifacts.PickleValue.Sequence;
import org.smollm3.neuron.neff.Quote;

/**
 * The compiled graphs in a module that Optimum Neuron saved with {@code torch.jit.save}. A graph is
 * an object of the class SPMDModel, under the name of the graph; a layout transformation is one of
 * the class LayoutTransformation. How those classes lay out what they hold is not published, so it
 * is found by what it looks like, see {@link ObjectState}.
 *
 * @param graphs by key, such as {@code token_generation}
 * @param layoutTransformation to be run once over the weights before any graph
 */
public record ModelPt(
    Map<String, CompiledGraph> graphs, Optional<CompiledGraph> layoutTransformation) {
  /** The name of the file in an export. */
  public static final String FILE = "model.pt";

  private static final String GRAPH_CLASS = "SPMDModel";
  private static final String LAYOUT_CLASS = "LayoutTransformation";
  private static final String CLASS_MODULE = "__torch__.torch.classes.neuron";
  private static final String LAYOUT_ATTRIBUTE = "weight_loader";

  public ModelPt {
    graphs = Collections.unmodifiableMap(new TreeMap<>(graphs));
  }

  /**
   * Reads a saved module.
   *
   * @throws InvalidModelException if it is broken or its graphs cannot be told apart; the message
   *     says how to export them otherwise
   */
  public static ModelPt read(Path file) {
    String location = Quote.escape(file.toString());
    PickleValue root = PickleReader.read(TorchArchive.pickle(file), location + "/data.pkl");
    return new Search(location).run(root);
  }

  /** What to do where a module cannot be read. */
  static InvalidModelException unreadable(String location, String what) {
    return new InvalidModelException(
        location
            + ": "
            + what
            + "; where it was exported, write each graph with save_neff and save_metaneff to"
            + " GRAPH/graph.neff and GRAPH/metaneff.pb, the weight loader to layout_opt, beside"
            + " neuron_config.json, and give that folder instead");
  }

  /** Walks all values once, without recursion: a pickle may be deep, and may hold itself. */
  private static final class Search {
    private final String location;
    private final Set<PickleValue> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Deque<Visit> open = new ArrayDeque<>();
    private final IdentityHashMap<Instance, Set<String>> graphs = new IdentityHashMap<>();
    private final Set<Instance> layouts = Collections.newSetFromMap(new IdentityHashMap<>());

    /** A value and the graph under whose name it lies, or an empty text. */
    private record Visit(PickleValue value, String graph) {}

    Search(String location) {
      this.location = location;
    }

    ModelPt run(PickleValue root) {
      open.push(new Visit(root, ""));
      while (!open.isEmpty()) {
        visit(open.pop());
      }
      Map<String, CompiledGraph> found = new TreeMap<>();
      graphs.forEach(
          (object, keys) -> {
            String key = onlyKey(keys);
            CompiledGraph graph =
                ObjectState.of(object).compiledGraph(key, location + "/" + key, location);
            if (found.put(key, graph) != null) {
              throw unreadable(location, "it holds more than one model of the graph '" + key + "'");
            }
          });
      if (found.isEmpty()) {
        throw unreadable(location, "it holds no " + GRAPH_CLASS + ", so no compiled graph");
      }
      return new ModelPt(found, layout());
    }

    private String onlyKey(Set<String> keys) {
      List<String> named = keys.stream().filter(key -> !key.isEmpty()).toList();
      if (named.size() != 1) {
        throw unreadable(
            location,
            named.isEmpty()
                ? "it holds a " + GRAPH_CLASS + " that belongs to none of " + GraphKeys.ALL
                : "it holds a " + GRAPH_CLASS + " that belongs to all of " + named);
      }
      return named.getFirst();
    }

    private Optional<CompiledGraph> layout() {
      if (layouts.size() > 1) {
        throw unreadable(location, "it holds " + layouts.size() + " layout transformations");
      }
      String key = GraphKeys.LAYOUT;
      return layouts.stream()
          .findFirst()
          .map(object -> ObjectState.of(object).compiledGraph(key, location + "/" + key, location));
    }

    private void visit(Visit visit) {
      boolean first = seen.add(visit.value());
      if (visit.value() instanceof Instance object && isOfClass(object, GRAPH_CLASS)) {
        graphs.computeIfAbsent(object, o -> new TreeSet<>()).add(visit.graph());
        return;
      }
      if (!first) {
        return;
      }
      switch (visit.value()) {
        case Instance object -> {
          if (isOfClass(object, LAYOUT_CLASS)) {
            layouts.add(object);
            return;
          }
          push(object.callee(), visit);
          push(object.arguments(), visit);
          object.state().ifPresent(state -> push(state, visit));
        }
        case Sequence sequence -> sequence.items().forEach(item -> push(item, visit));
        case Dictionary dictionary -> entries(dictionary, visit);
        case Persistent outside -> push(outside.id(), visit);
        case Plain plain -> {}
        case PickleValue.Whole whole -> {}
        case Bytes bytes -> {}
        case Global global -> {}
      }
    }

    private void push(PickleValue value, Visit under) {
      open.push(new Visit(value, under.graph()));
    }

    private void entries(Dictionary dictionary, Visit visit) {
      for (int i = 0; i < dictionary.size(); i++) {
        PickleValue value = dictionary.value(i);
        String key = dictionary.key(i) instanceof Bytes bytes ? bytes.text().orElse("") : "";
        if (key.equals(LAYOUT_ATTRIBUTE) && value != Plain.NONE && !isLayout(value)) {
          throw unreadable(
              location,
              "its " + LAYOUT_ATTRIBUTE + " transforms the weights in a way that cannot be read");
        }
        push(dictionary.key(i), visit);
        open.push(new Visit(value, GraphKeys.ALL.contains(key) ? key : visit.graph()));
      }
    }

    private static boolean isLayout(PickleValue value) {
      return value instanceof Instance object && isOfClass(object, LAYOUT_CLASS);
    }

    private static boolean isOfClass(Instance object, String name) {
      return object.callee() instanceof Global type
          && type.module().equals(CLASS_MODULE)
          && type.name().equals(name);
    }
  }
}

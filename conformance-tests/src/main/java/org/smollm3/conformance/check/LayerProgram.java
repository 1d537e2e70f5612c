package org.smollm3.conformance.check;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * A small program over ranks, with weights, states and several graphs. An output is the same on
 * every rank, and must be so bit for bit, unless its name ends in {@link #LOCAL}.
 */
public final class LayerProgram {
  /** Ends the names of outputs that every rank has of its own. */
  public static final String LOCAL = ".local";

  private final int ranks;
  private final Map<String, List<WeightView>> weights = new LinkedHashMap<>();
  private final List<TensorSpec> weightSpecs = new ArrayList<>();
  private final List<TensorSpec> states = new ArrayList<>();
  private final List<GraphSpec> graphs = new ArrayList<>();
  private final Set<Capability> requires = EnumSet.noneOf(Capability.class);
  private final Map<String, DType> outputTypes = new ConcurrentHashMap<>();

  private LayerProgram(int ranks) {
    this.ranks = ranks;
  }

  public static LayerProgram over(int ranks) {
    return new LayerProgram(ranks);
  }

  /** A weight, of which each rank has its part. */
  public LayerProgram weight(String name, IntFunction<HostTensor> part) {
    return weightView(
        name,
        rank -> {
          HostTensor here = part.apply(rank);
          return WeightView.contiguous(
              name + " of rank " + rank, here.dtype(), here.shape(), here.segment());
        });
  }

  /** A weight in pieces, or one that shares its memory with another. */
  public LayerProgram weightView(String name, IntFunction<WeightView> part) {
    List<WeightView> views = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      views.add(part.apply(rank));
    }
    weights.put(name, views);
    requireType(views.get(0).dtype());
    weightSpecs.add(new TensorSpec(name, views.get(0).dtype(), views.get(0).shape()));
    return this;
  }

  public LayerProgram state(String name, DType dtype, Shape shape) {
    states.add(new TensorSpec(name, dtype, shape));
    requireType(dtype);
    return this;
  }

  /**
   * A graph.
   *
   * @param like inputs as it will be given, by name
   * @param body gives back a handle for every state
   */
  public LayerProgram graph(String name, Map<String, HostTensor> like, GraphBody body) {
    List<TensorSpec> inputs = new ArrayList<>();
    like.forEach(
        (input, value) -> {
          inputs.add(new TensorSpec(input, value.dtype(), value.shape()));
          requireType(value.dtype());
        });
    graphs.add(new GraphSpec(name, inputs, context -> noted(name, body.run(context))));
    return this;
  }

  private GraphResult noted(String graph, GraphResult result) {
    result.outputs().forEach((name, y) -> outputTypes.put(graph + " " + name, y.dtype()));
    return result;
  }

  public LayerProgram requires(Capability... needed) {
    requires.addAll(List.of(needed));
    return this;
  }

  private void requireType(DType dtype) {
    if (dtype == DType.BF16) {
      requires.add(Capability.BFLOAT16);
    } else if (dtype == DType.F32) {
      requires.add(Capability.FLOAT32);
    }
  }

  /** Loads it into the backend; ends the case where that declares less than it needs. */
  public Trial open(BackendUnderTest backend, Findings findings) {
    return new Trial(this, backend, findings);
  }

  ProgramSpec spec() {
    return new ProgramSpec("layer", ranks, weightSpecs, states, graphs, requires);
  }

  WeightSource source() {
    return (name, rank) -> {
      List<WeightView> views = weights.get(name);
      if (views == null) {
        throw new InvalidModelException("there is no weight '" + name + "'");
      }
      return views.get(rank);
    };
  }

  int ranks() {
    return ranks;
  }

  /** The type that the body gave an output when it was last run. */
  Optional<DType> outputType(String graph, String output) {
    return Optional.ofNullable(outputTypes.get(graph + " " + output));
  }
}

package org.smollm3.conformance.bounds;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.TensorSpec;

/**
 * Cuts a model at the results of named scopes: each result is tapped under the scope's name, and
 * what follows goes on with an input of the graph instead. So every block is judged by itself, on
 * the same bits for all backends, while the body that runs is the model's own.
 *
 * @param blocks the scopes, each with the type and shape of its result, which must be the same on
 *     every rank; not scopes whose name the body itself taps
 */
public record FedBlocks(List<TensorSpec> blocks) {
  public FedBlocks {
    blocks = List.copyOf(blocks);
  }

  /** Under which name a graph is given what follows a block. */
  public static String inputName(String block) {
    return block + ".fed";
  }

  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    blocks.forEach(block -> names.add(block.name()));
    return names;
  }

  /** The program, every graph of which takes an input {@link #inputName} for each block. */
  public ProgramSpec in(ProgramSpec program) {
    return new ProgramSpec(
        program.name() + " in blocks",
        program.tensorParallelDegree(),
        program.weights(),
        program.states(),
        program.graphs().stream().map(this::in).toList(),
        program.requires());
  }

  private GraphSpec in(GraphSpec graph) {
    List<TensorSpec> inputs = new ArrayList<>(graph.inputs());
    for (TensorSpec block : blocks) {
      inputs.add(new TensorSpec(inputName(block.name()), block.dtype(), block.shape()));
    }
    Set<String> names = names();
    return new GraphSpec(
        graph.name(), inputs, context -> graph.body().run(new FedContext(context, names)));
  }

  private record FedContext(GraphContext inner, Set<String> blocks) implements GraphContext {
    @Override
    public Tensor scope(String name, Supplier<Tensor> body) {
      Tensor result = inner.scope(name, body);
      if (!blocks.contains(name)) {
        return result;
      }
      inner.tap(name, result);
      return inner.input(inputName(name));
    }

    @Override
    public TensorOps ops() {
      return inner.ops();
    }

    @Override
    public Collectives collectives() {
      return inner.collectives();
    }

    @Override
    public Tensor rank() {
      return inner.rank();
    }

    @Override
    public int tensorParallelDegree() {
      return inner.tensorParallelDegree();
    }

    @Override
    public Tensor input(String name) {
      return inner.input(name);
    }

    @Override
    public Tensor weight(String name) {
      return inner.weight(name);
    }

    @Override
    public State state(String name) {
      return inner.state(name);
    }

    @Override
    public void tap(String name, Tensor tensor) {
      inner.tap(name, tensor);
    }
  }
}

package org.smollm3.conformance.parallel;

import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;

/**
 * A backend with one fault in how ranks share the work: in the weights that a rank holds, or in
 * what the ranks bring to the sums of one scope and those within it.
 */
record FaultyRanks(Backend sound, Weights weights, String scope, Partial partial)
    implements Backend {
  /** Which weights a rank is given. */
  interface Weights {
    WeightSource of(WeightSource sound);
  }

  /** What a rank brings to a sum instead of its partial result. */
  interface Partial {
    Tensor of(GraphContext context, Tensor sound);
  }

  static FaultyRanks inWeights(Backend sound, Weights weights) {
    return new FaultyRanks(sound, weights, "", (context, partial) -> partial);
  }

  static FaultyRanks inSums(Backend sound, String scope, Partial partial) {
    return new FaultyRanks(sound, source -> source, scope, partial);
  }

  @Override
  public String name() {
    return "faulty-" + sound.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return sound.capabilities();
  }

  @Override
  public NumericsProfile numerics() {
    return sound.numerics();
  }

  @Override
  public Session load(ProgramSpec program, WeightSource source, LoadOptions options) {
    ProgramSpec faulty =
        new ProgramSpec(
            program.name(),
            program.tensorParallelDegree(),
            program.weights(),
            program.states(),
            program.graphs().stream().map(this::faulty).toList(),
            program.requires());
    return sound.load(faulty, weights.of(source), options);
  }

  private GraphSpec faulty(GraphSpec graph) {
    return new GraphSpec(
        graph.name(), graph.inputs(), context -> graph.body().run(new Context(context)));
  }

  @Override
  public void close() {
    sound.close();
  }

  private final class Context implements GraphContext {
    private final GraphContext inner;
    private String current = "";

    Context(GraphContext inner) {
      this.inner = inner;
    }

    @Override
    public Tensor scope(String name, Supplier<Tensor> body) {
      String outer = current;
      current = name;
      Tensor result = inner.scope(name, body);
      current = outer;
      return result;
    }

    @Override
    public Collectives collectives() {
      return (current + ".").startsWith(scope + ".")
          ? new Sums(inner.collectives(), x -> partial.of(inner, x))
          : inner.collectives();
    }

    @Override
    public TensorOps ops() {
      return inner.ops();
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

  private record Sums(Collectives inner, UnaryOperator<Tensor> fault) implements Collectives {
    @Override
    public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
      return inner.allReduce(fault.apply(x), reduction, reduceType);
    }

    @Override
    public Tensor allGather(Tensor x, int axis) {
      return inner.allGather(x, axis);
    }

    @Override
    public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
      return inner.reduceScatter(fault.apply(x), axis, reduction, reduceType);
    }

    @Override
    public void barrier() {
      inner.barrier();
    }
  }
}

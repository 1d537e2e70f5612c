package org.smollm3.conformance.faults;

import java.util.Set;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;

/**
 * A right backend with a fault before it.
 *
 * @param right closed with this one
 */
public record FaultyBackend(Backend right, Fault fault) implements Backend {
  public FaultyBackend {
    right = fault.around().apply(right);
  }

  @Override
  public String name() {
    return right.name() + " with " + fault.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return right.capabilities();
  }

  @Override
  public NumericsProfile numerics() {
    return right.numerics();
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    ProgramSpec wrong =
        new ProgramSpec(
            program.name(),
            program.tensorParallelDegree(),
            program.weights(),
            program.states(),
            program.graphs().stream().map(this::wrong).toList(),
            program.requires());
    return right.load(wrong, weights, options);
  }

  private GraphSpec wrong(GraphSpec graph) {
    return new GraphSpec(
        graph.name(), graph.inputs(), context -> graph.body().run(fault.wrap().apply(context)));
  }

  @Override
  public void close() {
    right.close();
  }
}

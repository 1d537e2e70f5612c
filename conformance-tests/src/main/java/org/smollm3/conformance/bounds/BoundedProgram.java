package org.smollm3.conformance.bounds;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.TensorSpec;

/**
 * Makes programs that compute, beside every output, tap and state, a bound on how far a backend may
 * be from it. They are for a judge that rounds nothing, such as the oracle {@code exact}, and are
 * read by {@link Bounded}.
 */
public final class BoundedProgram {
  private BoundedProgram() {}

  /**
   * A program with bounds, its inputs and weights being the backend's own. Running it ends in a
   * {@link NoBoundException}, as itself or as a cause, where the profile declares a deviation that
   * has no bound yet.
   *
   * @param profile of the backend to be judged
   */
  public static ProgramSpec of(ProgramSpec program, NumericsProfile profile) {
    return of(program, profile, Set.of());
  }

  /**
   * As {@link #of(ProgramSpec, NumericsProfile)}, where the roundings of a sum are taken to be
   * independent: 4 sqrt(K) u in place of K u. What is beyond may be right, and hardly is.
   */
  public static ProgramSpec likely(ProgramSpec program, NumericsProfile profile) {
    return of(program, new Roundoffs(profile, Roundoffs.Sums.LIKELY), Set.of());
  }

  /**
   * A program with bounds in which every block is fed what the judge has of the one before, rounded
   * to its type. Tap {@link FedBlocks#inputName} gives what a backend is to be fed.
   *
   * @param blocks names of scopes
   */
  public static ProgramSpec of(ProgramSpec program, NumericsProfile profile, Set<String> blocks) {
    return of(program, new Roundoffs(profile), blocks);
  }

  private static ProgramSpec of(ProgramSpec program, Roundoffs roundoffs, Set<String> blocks) {
    List<TensorSpec> states = new ArrayList<>(program.states());
    for (TensorSpec state : program.states()) {
      states.add(new TensorSpec(Bounded.errorName(state.name()), state.dtype(), state.shape()));
    }
    return new ProgramSpec(
        program.name() + " with bounds",
        program.tensorParallelDegree(),
        program.weights(),
        states,
        program.graphs().stream().map(graph -> bounded(graph, roundoffs, blocks)).toList(),
        program.requires());
  }

  private static GraphSpec bounded(GraphSpec graph, Roundoffs roundoffs, Set<String> blocks) {
    GraphBody body =
        context -> {
          BoundedContext bounded = new BoundedContext(context, roundoffs, blocks);
          return apart(graph.body().run(bounded), bounded);
        };
    return new GraphSpec(graph.name(), graph.inputs(), body);
  }

  /** Values and bounds under names of their own. */
  private static GraphResult apart(GraphResult result, BoundedContext context) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    result
        .outputs()
        .forEach(
            (name, output) -> {
              outputs.put(name, BoundedTensor.of(output).value());
              outputs.put(Bounded.errorName(name), context.error(output));
            });
    Map<String, State> states = new LinkedHashMap<>();
    result
        .states()
        .forEach(
            (name, state) -> {
              states.put(name, BoundedState.of(state).value());
              states.put(Bounded.errorName(name), BoundedState.of(state).error());
            });
    return new GraphResult(outputs, states);
  }
}

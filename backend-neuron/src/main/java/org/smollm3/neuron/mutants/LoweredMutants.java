package org.smollm3.neuron.mutants;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.hlo.HloText;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.neuron.trace.GraphTracer;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.ProgramSpec;

/**
 * Mutants of the graphs lowered for Neuron, run by the evaluator: backend "hlo" but for a fault.
 */
public final class LoweredMutants implements MutantSource {
  /** For {@link java.util.ServiceLoader}. */
  public LoweredMutants() {}

  @Override
  public String name() {
    return "hlo";
  }

  @Override
  public Backend open() {
    return LoweredBackend.open(TraceOptions.defaults());
  }

  @Override
  public List<Mutant> mutants(ProgramSpec program, LoadOptions options, String graph) {
    TracedGraph traced =
        new GraphTracer(program, TraceOptions.defaults(), options.taps())
            .trace(program.graph(graph));
    byte[] bytes = HloModuleWriter.write(traced.module());
    return Mutations.of(traced.module()).stream()
        .<Mutant>map(mutation -> new LoweredMutant(traced, bytes, mutation))
        .toList();
  }

  private static final class LoweredMutant implements Mutant {
    private final TracedGraph right;
    private final byte[] bytes;
    private final Mutation mutation;

    /**
     * @param bytes of the right module, by which it is known again
     */
    LoweredMutant(TracedGraph right, byte[] bytes, Mutation mutation) {
      this.right = right;
      this.bytes = bytes;
      this.mutation = mutation;
    }

    @Override
    public String kind() {
      return mutation.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    @Override
    public String instruction() {
      return HloText.print(mutation.target());
    }

    @Override
    public String change() {
      return mutation.change();
    }

    @Override
    public Backend open() {
      HloModule wrong = mutation.apply(right.module());
      return LoweredBackend.rewriting(
          TraceOptions.defaults(), graph -> isRight(graph) ? with(graph, wrong) : graph);
    }

    private boolean isRight(TracedGraph graph) {
      return graph.name().equals(right.name())
          && Arrays.equals(HloModuleWriter.write(graph.module()), bytes);
    }

    private static TracedGraph with(TracedGraph graph, HloModule module) {
      return new TracedGraph(graph.name(), module, graph.parameters(), graph.results());
    }
  }
}

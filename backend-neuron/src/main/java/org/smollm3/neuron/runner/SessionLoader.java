package org.smollm3.neuron.runner;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.neuron.nrt.LoadedModel;
import org.smollm3.neuron.nrt.NeuronRuntime;
import org.smollm3.neuron.nrt.RunLimit;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.WeightSource;

/** Brings a program to the ranks: weights and states, then the graphs. */
final class SessionLoader {
  /**
   * How long the other ranks may go on loading after one has failed: a runtime may let a rank wait
   * in its load for all others.
   */
  private static final Duration AFTER_FAILURE = Duration.ofMinutes(1);

  private final NeuronRuntime runtime;
  private final RunnerOptions options;

  SessionLoader(NeuronRuntime runtime, RunnerOptions options) {
    this.runtime = runtime;
    this.options = options;
  }

  /** What was loaded, by local rank. */
  record Loaded(List<RankTensors> tensors, Map<String, List<RankGraph>> graphs) {}

  Loaded load(RunnableProgram program, ProgramSpec spec, WeightSource weights) {
    List<RankTensors> tensors =
        runtime
            .ranks()
            .onAll(
                "writing the weights",
                RunLimit.of(options.loadLimit()),
                rank -> RankTensors.write(runtime, rank, program, spec, weights));
    program
        .layoutTransformation()
        .ifPresent(
            graph -> {
              List<RankGraph> loaded = load(graph, tensors);
              runtime
                  .ranks()
                  .onAll(
                      "the transformation of the weights' layout",
                      runtime.executeLimit(),
                      rank -> loaded.get(rank).execute());
              loaded.forEach(RankGraph::close);
            });
    Map<String, List<RankGraph>> graphs = new LinkedHashMap<>();
    for (RunnableGraph graph : program.graphs()) {
      graphs.put(graph.name(), load(graph, tensors));
    }
    return new Loaded(tensors, graphs);
  }

  private List<RankGraph> load(RunnableGraph graph, List<RankTensors> tensors) {
    String what = "loading graph '" + graph.name() + "'";
    Duration total = options.loadLimit();
    RunLimit limit =
        new RunLimit(total, total.compareTo(AFTER_FAILURE) < 0 ? total : AFTER_FAILURE);
    List<LoadedModel> models =
        switch (options.loading()) {
          case PARALLEL -> runtime.ranks().onAll(what, limit, rank -> loadModel(graph, rank));
          case SEQUENTIAL -> oneByOne(graph, what, limit);
        };
    return runtime
        .ranks()
        .onAll(
            what, limit, rank -> RankGraph.of(runtime, models.get(rank), graph, tensors.get(rank)));
  }

  private LoadedModel loadModel(RunnableGraph graph, int rank) {
    return runtime.load(graph.neff().bytes(), rank);
  }

  private List<LoadedModel> oneByOne(RunnableGraph graph, String what, RunLimit limit) {
    List<LoadedModel> models = new ArrayList<>();
    for (int i = 0; i < runtime.ranks().count(); i++) {
      int turn = i;
      List<Optional<LoadedModel>> round =
          runtime
              .ranks()
              .onAll(
                  what,
                  limit,
                  rank -> rank == turn ? Optional.of(loadModel(graph, rank)) : Optional.empty());
      models.add(round.get(turn).orElseThrow());
    }
    return models;
  }
}

package org.smollm3.eager;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** One rank of a session: its kernels, weights and states, and the running of bodies on it. */
final class RankRunner implements AutoCloseable {
  private final int rank;
  private final int degree;
  private final LoadOptions options;
  private final Workspace workspace = new Workspace();
  private final RankKernels kernels;
  private final Map<String, EagerTensor> weights = new LinkedHashMap<>();
  private final Map<String, StateCell> cells = new LinkedHashMap<>();

  /** What a run left on this rank. */
  record Result(Map<String, HostTensor> outputs, Map<String, HostTensor> taps) {}

  private RankRunner(
      int rank, ProgramSpec program, LoadOptions options, RankKernels.Factory factory) {
    this.rank = rank;
    this.degree = program.tensorParallelDegree();
    this.options = options;
    this.kernels = factory.open(rank, workspace);
  }

  static RankRunner load(
      int rank,
      ProgramSpec program,
      WeightSource source,
      LoadOptions options,
      RankKernels.Factory factory) {
    RankRunner runner = new RankRunner(rank, program, options, factory);
    try {
      runner.loadWeights(program, source);
      for (TensorSpec spec : program.states()) {
        runner.cells.put(spec.name(), new StateCell(spec, runner.kernels.newState(spec)));
      }
      return runner;
    } catch (RuntimeException | Error e) {
      runner.close();
      throw e;
    }
  }

  private void loadWeights(ProgramSpec program, WeightSource source) {
    Map<String, EagerTensor> byIdentity = new HashMap<>();
    for (TensorSpec spec : program.weights()) {
      WeightView view = source.weight(spec.name(), rank);
      ProgramChecks.checkQuantizableWeight(spec, view);
      // One identity may be seen under several shapes, by slices of a fused weight for example.
      String key = view.identity() + view.dtype() + view.shape();
      weights.put(spec.name(), byIdentity.computeIfAbsent(key, k -> kernels.weight(view)));
    }
  }

  Result run(GraphSpec graph, Map<String, HostTensor> inputs, Collectives collectives) {
    ScopedErrors errors = new ScopedErrors();
    String scope = "graph '" + graph.name() + "'";
    kernels.startRun();
    workspace.enter(scope);
    try {
      EagerContext context =
          new EagerContext(this, rank, degree, options, errors, collectives, inputs);
      GraphResult result = graph.body().run(context);
      checkStates(result);
      Map<String, HostTensor> outputs = new LinkedHashMap<>();
      result
          .outputs()
          .forEach((name, x) -> outputs.put(name, export("output '" + name + "'", name, x)));
      return new Result(
          Collections.unmodifiableMap(outputs), Collections.unmodifiableMap(context.taps()));
    } catch (RuntimeException e) {
      throw errors.name(scope, e);
    } finally {
      workspace.exit(Optional.empty());
      cells.values().forEach(StateCell::endRun);
    }
  }

  private void checkStates(GraphResult result) {
    for (String name : result.states().keySet()) {
      if (!cells.containsKey(name)) {
        throw new InvalidRequestException(
            "the result has a state '" + name + "', the program has only " + cells.keySet());
      }
    }
    cells.forEach(
        (name, cell) -> {
          State last = result.states().get(name);
          if (last == null) {
            throw new InvalidRequestException(
                "the result lacks the final handle of state '" + name + "'; return it");
          }
          if (!(last instanceof StateHandle handle) || !handle.isOf(cell)) {
            throw new InvalidRequestException(
                "the result gives for state '" + name + "' a handle of '" + last.spec() + "'");
          }
          handle.requireLive();
        });
  }

  /** The value of a live tensor. */
  HostTensor export(String what, String name, Tensor tensor) {
    try {
      return kernels.toHost(name, requireLive(tensor));
    } catch (InvalidRequestException e) {
      throw new InvalidRequestException(what + ": " + e.getMessage(), e);
    }
  }

  static EagerTensor requireLive(Tensor tensor) {
    if (tensor instanceof EagerTensor eager) {
      eager.requireLive();
      return eager;
    }
    throw new InvalidRequestException(
        "a tensor " + tensor.dtype() + tensor.shape() + " belongs to another backend");
  }

  Workspace workspace() {
    return workspace;
  }

  RankKernels kernels() {
    return kernels;
  }

  Map<String, EagerTensor> weights() {
    return weights;
  }

  Map<String, StateCell> cells() {
    return cells;
  }

  @Override
  public void close() {
    kernels.close();
  }
}

package org.smollm3.eager;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** What a body sees during one run on one rank. */
final class EagerContext implements GraphContext {
  private final RankRunner runner;
  private final int rank;
  private final int degree;
  private final LoadOptions options;
  private final ScopedErrors errors;
  private final Collectives collectives;
  private final Tensor rankTensor;
  private final Map<String, Tensor> inputs = new LinkedHashMap<>();
  private final Map<String, HostTensor> taps = new LinkedHashMap<>();

  EagerContext(
      RankRunner runner,
      int rank,
      int degree,
      LoadOptions options,
      ScopedErrors errors,
      Collectives collectives,
      Map<String, HostTensor> values) {
    this.runner = runner;
    this.rank = rank;
    this.degree = degree;
    this.options = options;
    this.errors = errors;
    this.collectives = collectives;
    this.rankTensor = ops().constant(HostTensor.ofInts(Shape.of(1), rank));
    values.forEach((name, value) -> inputs.put(name, ops().constant(value)));
  }

  @Override
  public TensorOps ops() {
    return runner.kernels().ops();
  }

  @Override
  public Collectives collectives() {
    return collectives;
  }

  @Override
  public Tensor rank() {
    return rankTensor;
  }

  @Override
  public int tensorParallelDegree() {
    return degree;
  }

  @Override
  public Tensor input(String name) {
    return named(inputs, name, "input");
  }

  @Override
  public Tensor weight(String name) {
    return named(runner.weights(), name, "weight");
  }

  @Override
  public State state(String name) {
    return named(runner.cells(), name, "state").open(runner.workspace());
  }

  private static <T> T named(Map<String, ? extends T> map, String name, String what) {
    T value = map.get(name);
    if (value == null) {
      throw new InvalidRequestException(
          "no " + what + " '" + name + "'; there are " + map.keySet());
    }
    return value;
  }

  @Override
  public void tap(String name, Tensor tensor) {
    if (!options.taps().matches(name)) {
      return;
    }
    HostTensor value = runner.export("tap '" + name + "'", name, tensor);
    if (taps.put(name, value) != null) {
      throw new InvalidRequestException("tap '" + name + "' is given twice; name them apart");
    }
    options.listener().ifPresent(listener -> listener.onTap(name, rank, value));
  }

  /** What was tapped so far. */
  Map<String, HostTensor> taps() {
    return taps;
  }

  @Override
  public Tensor scope(String name, Supplier<Tensor> body) {
    Workspace workspace = runner.workspace();
    Optional<Tensor> survivor = Optional.empty();
    workspace.enter(name);
    try {
      Tensor result = body.get();
      RankRunner.requireLive(result);
      survivor = Optional.of(result);
      return result;
    } catch (RuntimeException e) {
      throw errors.name(name, e);
    } finally {
      workspace.exit(survivor);
    }
  }
}

package org.smollm3.conformance.faults;

import java.util.function.Supplier;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;

/** Passes everything on, to be overridden where a fault is. */
class ForwardingContext implements GraphContext {
  final GraphContext inner;

  ForwardingContext(GraphContext inner) {
    this.inner = inner;
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

  @Override
  public Tensor scope(String name, Supplier<Tensor> body) {
    return inner.scope(name, body);
  }
}

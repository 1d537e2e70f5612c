package org.smollm3.conformance.bounds;

import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;

/** What a body sees while the judge runs it with bounds. */
final class BoundedContext implements GraphContext {
  private final GraphContext judge;
  private final BoundedOps ops;
  private final Set<String> blocks;

  /**
   * @param blocks scopes whose result goes on rounded to its type and without an error
   */
  BoundedContext(GraphContext judge, Roundoffs roundoffs, Set<String> blocks) {
    this.judge = judge;
    this.ops = new BoundedOps(judge.ops(), roundoffs);
    this.blocks = blocks;
  }

  @Override
  public TensorOps ops() {
    return ops;
  }

  @Override
  public Collectives collectives() {
    return new BoundedCollectives(judge.collectives(), tensorParallelDegree(), ops.terms());
  }

  @Override
  public Tensor rank() {
    return BoundedTensor.exact(judge.rank());
  }

  @Override
  public int tensorParallelDegree() {
    return judge.tensorParallelDegree();
  }

  @Override
  public Tensor input(String name) {
    return BoundedTensor.exact(judge.input(name));
  }

  @Override
  public Tensor weight(String name) {
    return BoundedTensor.exact(judge.weight(name));
  }

  @Override
  public State state(String name) {
    return new BoundedState(judge.state(name), judge.state(Bounded.errorName(name)));
  }

  @Override
  public void tap(String name, Tensor tensor) {
    judge.tap(name, BoundedTensor.of(tensor).value());
    judge.tap(Bounded.errorName(name), error(tensor));
  }

  /** The bound alone. */
  Tensor error(Tensor tensor) {
    return ops.terms().errorOf(BoundedTensor.of(tensor));
  }

  /** The judge's own scope would let one tensor survive, and here two must: so there is none. */
  @Override
  public Tensor scope(String name, Supplier<Tensor> body) {
    Tensor result = body.get();
    if (!blocks.contains(name)) {
      return result;
    }
    tap(name, result);
    Tensor fed = ops.terms().nearest(BoundedTensor.of(result).value());
    judge.tap(FedBlocks.inputName(name), fed);
    return BoundedTensor.exact(fed);
  }
}

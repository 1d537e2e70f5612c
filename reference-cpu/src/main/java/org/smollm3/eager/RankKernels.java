package org.smollm3.eager;

import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * What a backend brings to run graph bodies: the operations and the memory of one rank in one
 * session. Used by one thread at a time.
 */
public interface RankKernels extends AutoCloseable {
  /** Makes the kernels of one rank of one session. */
  @FunctionalInterface
  interface Factory {
    /**
     * @param workspace to which the kernels give every tensor they make in operations
     */
    RankKernels open(int rank, Workspace workspace);
  }

  /**
   * The operations. Inputs come in by {@link TensorOps#constant}, so that must not outlive the run
   * with what it keeps. Each operation checks its operands by {@link org.smollm3.spi.ShapeRules},
   * which also finds tensors that have ended, and its states by {@link StateHandle#of}.
   */
  TensorOps ops();

  /**
   * A weight, for the whole session and not given to the workspace. Called once for every identity.
   */
  EagerTensor weight(WeightView view);

  /** Zeroed memory for a state. */
  StateStorage newState(TensorSpec spec);

  /** A run begins: what {@link #toHost} gave out before is not looked at any more. */
  default void startRun() {}

  /**
   * The value of an output or tap, as a copy that later operations of the run do not change.
   *
   * @param name of the output or tap
   */
  HostTensor toHost(String name, EagerTensor tensor);

  /** Frees what the session's memory holds; called once. */
  @Override
  void close();
}

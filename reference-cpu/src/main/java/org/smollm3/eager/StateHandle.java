package org.smollm3.eager;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.State;
import org.smollm3.tensor.TensorSpec;

/**
 * A state at one point of a run. Kernels get at the memory by {@link #storage}, update it in place
 * and return {@link #next}.
 */
public final class StateHandle implements State {
  private final StateCell cell;
  private final Workspace workspace;
  private String consumedBy = "the end of its run";

  StateHandle(StateCell cell, Workspace workspace) {
    this.cell = cell;
    this.workspace = workspace;
  }

  /**
   * The handle behind a state given to an operation.
   *
   * @throws InvalidRequestException if it is not of an eager session
   * @throws StateConsumedException if it has been consumed
   */
  public static StateHandle of(State state) {
    if (state instanceof StateHandle handle) {
      handle.requireLive();
      return handle;
    }
    throw new InvalidRequestException(
        "state '" + state.spec().name() + "' belongs to another backend");
  }

  @Override
  public TensorSpec spec() {
    return cell.spec();
  }

  /**
   * The memory, which {@link RankKernels#newState} made.
   *
   * @throws StateConsumedException if this handle has been consumed
   */
  public <S extends StateStorage> S storage(Class<S> type) {
    requireLive();
    return type.cast(cell.storage());
  }

  /**
   * Consumes this handle, and the tensors read from it.
   *
   * @param operation what consumes it, for the message of a later use
   * @return the handle that is valid from now on
   * @throws StateConsumedException if this handle has been consumed
   */
  public StateHandle next(String operation) {
    requireLive();
    consumedBy = operation + " in '" + workspace.scopeName() + "'";
    return cell.advance(workspace);
  }

  /**
   * @throws StateConsumedException if this handle has been consumed
   */
  public void requireLive() {
    if (!isLive()) {
      throw new StateConsumedException(
          "state '"
              + spec().name()
              + "' is used through a handle, or a tensor read from it, that was consumed by "
              + consumedBy
              + "; use the handle returned there");
    }
  }

  boolean isLive() {
    return cell.isCurrent(this);
  }

  boolean isOf(StateCell other) {
    return cell == other;
  }

  @Override
  public String toString() {
    return "state " + spec() + (isLive() ? "" : " (consumed)");
  }
}

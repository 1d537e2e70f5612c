package org.smollm3.eager;

import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.TensorSpec;

/** A state of a session on one rank, and the one handle that is valid at the moment, if any. */
final class StateCell {
  private final TensorSpec spec;
  private final StateStorage storage;
  private Optional<StateHandle> current = Optional.empty();
  private boolean opened;

  StateCell(TensorSpec spec, StateStorage storage) {
    this.spec = spec;
    this.storage = storage;
  }

  TensorSpec spec() {
    return spec;
  }

  StateStorage storage() {
    return storage;
  }

  /** The first handle of a run. */
  StateHandle open(Workspace workspace) {
    if (opened) {
      throw new InvalidRequestException(
          "state '" + spec.name() + "' is asked for twice; keep the handle of the first time");
    }
    opened = true;
    return advance(workspace);
  }

  /** Makes a new handle the valid one. */
  StateHandle advance(Workspace workspace) {
    StateHandle handle = new StateHandle(this, workspace);
    current = Optional.of(handle);
    return handle;
  }

  boolean isCurrent(StateHandle handle) {
    return current.isPresent() && current.get() == handle;
  }

  /** Ends a run, however it went: no handle of it stays valid. */
  void endRun() {
    current = Optional.empty();
    opened = false;
  }
}

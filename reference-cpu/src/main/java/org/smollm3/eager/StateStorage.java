package org.smollm3.eager;

import org.smollm3.tensor.HostTensor;

/** The memory of one state on one rank, as a backend keeps it; it lives as long as the session. */
public interface StateStorage {
  /** Sets all elements to zero. */
  void clear();

  /** A copy of the present value. */
  HostTensor copy();
}

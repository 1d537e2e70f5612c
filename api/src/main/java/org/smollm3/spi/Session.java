package org.smollm3.spi;

import java.util.Map;
import org.smollm3.tensor.HostTensor;

/**
 * A loaded program with its states. Runs are serialised; sessions are independent of each other.
 * Closing twice is harmless; any other call after close throws {@link IllegalStateException}.
 */
public interface Session extends AutoCloseable {
  /**
   * Runs a graph on all ranks.
   *
   * @param inputs by name, the same for every rank
   * @return outputs and taps, valid until the next run or close unless copied
   * @throws org.smollm3.error.InvalidRequestException if an input is missing, unknown or mis-shaped
   * @throws org.smollm3.error.BackendException if the run fails
   */
  Outputs run(String graph, Map<String, HostTensor> inputs);

  /** A copy of a state's current value on one rank. */
  HostTensor readState(String name, int rank);

  /** Sets all states to zero. */
  void resetStates();

  @Override
  void close();
}

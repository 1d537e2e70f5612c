package org.smollm3.spi;

import java.util.Map;
import org.smollm3.tensor.HostTensor;

/**
 * A loaded program with its states. Runs are serialised; sessions are independent of each other.
 * Closing twice is harmless; any other call after close throws {@link IllegalStateException}.
 */
public interface Session extends AutoCloseable {
  /**
   * Runs a graph on all ranks. What is refused as an invalid request before the body runs leaves
   * all states as they were.
   *
   * @param inputs by name, the same for every rank; neither written to nor looked at after the run
   * @return outputs and taps, valid until the next run or close unless copied; each has memory of
   *     its own, which is not that of an input, a state or another output
   * @throws org.smollm3.error.InvalidRequestException if there is no such graph, if an input is
   *     missing, unknown or mis-shaped, or if the body is wrong and loading has not found it
   * @throws org.smollm3.error.BackendException if the run fails
   */
  Outputs run(String graph, Map<String, HostTensor> inputs);

  /**
   * A copy of a state's current value on one rank.
   *
   * @throws org.smollm3.error.InvalidRequestException if there is no such state or rank
   */
  HostTensor readState(String name, int rank);

  /** Sets all states to zero. */
  void resetStates();

  @Override
  void close();
}

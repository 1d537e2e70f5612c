package org.smollm3.neuron.nrt;

import java.time.Duration;
import java.util.OptionalInt;
import org.smollm3.error.InvalidRequestException;

/**
 * What a session needs of the runtime.
 *
 * @param localRanks ranks of this process, one NeuronCore each
 * @param startRank global rank of the first of them
 * @param worldSize ranks of all processes
 * @param virtualCoreSize physical cores behind a logical one (LNC), where the model says it
 * @param execTimeout how long the runtime waits for a run, rounded up to seconds
 * @param lifeCycleLimit how long opening, and closing, may take before it is given up
 */
public record RuntimeOptions(
    int localRanks,
    int startRank,
    int worldSize,
    OptionalInt virtualCoreSize,
    Duration execTimeout,
    Duration lifeCycleLimit) {
  /** The documented default of trn1 and inf2, long enough for long contexts. */
  private static final Duration EXEC_TIMEOUT = Duration.ofMinutes(10);

  private static final Duration LIFE_CYCLE_LIMIT = Duration.ofMinutes(2);

  public RuntimeOptions {
    if (localRanks < 1 || startRank < 0 || startRank > worldSize - localRanks) {
      throw new InvalidRequestException(
          localRanks
              + " ranks from rank "
              + startRank
              + " do not lie within a world of "
              + worldSize
              + "; see start_rank_id, local_ranks_size and tp_degree");
    }
    if (execTimeout.isNegative() || execTimeout.isZero()) {
      throw new InvalidRequestException(
          "the time limit of a run is " + execTimeout + "; give one above zero");
    }
  }

  /** All ranks in this process. */
  public static RuntimeOptions ofRanks(int ranks) {
    return ofPart(0, ranks, ranks);
  }

  /** Some of the ranks of a world that other processes take part in. */
  public static RuntimeOptions ofPart(int startRank, int localRanks, int worldSize) {
    return new RuntimeOptions(
        localRanks, startRank, worldSize, OptionalInt.empty(), EXEC_TIMEOUT, LIFE_CYCLE_LIMIT);
  }

  public RuntimeOptions withVirtualCoreSize(int size) {
    return new RuntimeOptions(
        localRanks, startRank, worldSize, OptionalInt.of(size), execTimeout, lifeCycleLimit);
  }

  public RuntimeOptions withExecTimeout(Duration timeout) {
    return new RuntimeOptions(
        localRanks, startRank, worldSize, virtualCoreSize, timeout, lifeCycleLimit);
  }

  public RuntimeOptions withLifeCycleLimit(Duration limit) {
    return new RuntimeOptions(
        localRanks, startRank, worldSize, virtualCoreSize, execTimeout, limit);
  }
}

package org.smollm3.neuron.nrt;

/** What every rank does. */
@FunctionalInterface
public interface RankTask<T> {
  /**
   * Runs on the thread of a rank.
   *
   * @param localRank which is the index of the core too
   */
  T run(int localRank);
}

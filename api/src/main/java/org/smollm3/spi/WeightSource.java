package org.smollm3.spi;

/** Gives each rank its weights, described as pieces of mapped memory and not materialised. */
public interface WeightSource {
  /**
   * @param name of a weight spec of the program
   * @throws org.smollm3.error.InvalidModelException if there is no such weight for this rank
   */
  WeightView weight(String name, int rank);
}

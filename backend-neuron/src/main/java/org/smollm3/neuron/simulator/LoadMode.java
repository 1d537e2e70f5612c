package org.smollm3.neuron.simulator;

/** When nrt_load_collectives returns. Which of the two the real one does is not documented. */
public enum LoadMode {
  /** As soon as its own rank has been loaded. */
  ALONE,
  /** When all ranks of the world have been loaded as often as this one. */
  WITH_ALL_RANKS
}

package org.smollm3.neuron.evaluator;

/** How a module is made ready. The results are the same. */
enum Planning {
  /** Memory is used again, updates are in place, chains are computed at once, constants before. */
  SHARED,
  /** Each instruction by itself, in memory of its own. */
  SEPARATE
}

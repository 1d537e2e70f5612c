package org.smollm3.neuron.runner;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Warnings of runs in which a device met NaN: one for each program of a backend, since where one
 * run has them, the next ones mostly have them too, in other sessions as well.
 */
final class NanWarnings {
  private static final System.Logger LOG = System.getLogger(NanWarnings.class.getName());

  private final Set<String> told = ConcurrentHashMap.newKeySet();

  void warn(String program, String graph) {
    System.Logger.Level level =
        told.add(program) ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG;
    LOG.log(
        level,
        "graph {0} of program {1}: the device met values that are not numbers"
            + " (NRT_EXEC_COMPLETED_WITH_NUM_ERR); the results may hold NaN",
        graph,
        program);
  }
}

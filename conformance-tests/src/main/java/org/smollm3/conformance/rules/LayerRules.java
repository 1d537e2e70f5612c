package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on collectives, states, the cache, attention and parallel layers. */
final class LayerRules {
  private LayerRules() {}

  static final List<Rule> RULES =
      List.of(
          rule("COLL-01", "allReduce sums what all ranks bring, within the bound of the type of the reduction", "Collectives.allReduce"),
          rule("COLL-02", "allReduce gives every rank the same bits, and on every run, where the order of the sum shows in the last bits too", "Collectives"),
          rule("COLL-03", "allReduce gives the greatest or least of all ranks, of negative numbers too, and NaN where a rank brings one", "Collectives.allReduce"),
          rule("COLL-04", "allGather puts the parts one after the other in rank order along any axis, integers too", "Collectives.allGather"),
          rule("COLL-05", "reduceScatter leaves rank r the r-th slice of the sum along any axis", "Collectives.reduceScatter"),
          rule("COLL-06", "every collective of one rank is the identity, bit for bit, whatever the type of the reduction", "Collectives"),
          rule("COLL-07", "rank() is the rank's own number, and every rank knows how many there are", "GraphContext.rank"),
          rule("COLL-08", "collectives in a row each take what the last one gave, from every rank", "Collectives.barrier"),
          rule("STATE-01", "states start at zero on every rank", "ProgramSpec"),
          rule("STATE-02", "updateInto writes its block and nothing else; NaN, infinities and the sign of zero around it stay", "TensorOps.updateInto"),
          rule("STATE-03", "scatterInto writes along one axis or two, neighbours or not, and nothing else", "TensorOps.scatterInto"),
          rule("STATE-04", "scatterInto writes nothing for coordinates that are out of range, below zero too", "TensorOps.scatterInto"),
          rule("STATE-05", "states live on between runs, and graphs share them", "ProgramSpec"),
          rule("STATE-06", "resetStates sets all states of all ranks to zero, and the session goes on", "Session.resetStates"),
          rule("STATE-07", "readState gives each rank's own state, as a copy that no later run changes", "Session.readState"),
          rule("STATE-08", "a handle, or a tensor read from it, that is used after an update throws StateConsumedException", "State"),
          rule("STATE-09", "what is read after an update within a run is what was written", "TensorOps.read"));

  private static Rule rule(String id, String text, String source) {
    return new Rule(id, Level.LAYERS, text, source);
  }
}

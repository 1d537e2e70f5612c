package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on collectives, states, the cache, attention and parallel layers. */
final class LayerRules {
  private LayerRules() {}

  static final List<Rule> RULES =
      List.of(
          rule(
              "COLL-01",
              "allReduce sums what all ranks bring, within the bound of the type of the reduction",
              "Collectives.allReduce"),
          rule(
              "COLL-02",
              "allReduce gives every rank the same bits, and on every run, where the order of the sum shows in the last bits too",
              "Collectives"),
          rule(
              "COLL-03",
              "allReduce gives the greatest or least of all ranks, of negative numbers too, and NaN where a rank brings one",
              "Collectives.allReduce"),
          rule(
              "COLL-04",
              "allGather puts the parts one after the other in rank order along any axis, integers too",
              "Collectives.allGather"),
          rule(
              "COLL-05",
              "reduceScatter leaves rank r the r-th slice of the sum along any axis",
              "Collectives.reduceScatter"),
          rule(
              "COLL-06",
              "every collective of one rank is the identity, bit for bit, whatever the type of the reduction",
              "Collectives"),
          rule(
              "COLL-07",
              "rank() is the rank's own number, and every rank knows how many there are",
              "GraphContext.rank"),
          rule(
              "COLL-08",
              "collectives in a row each take what the last one gave, from every rank",
              "Collectives.barrier"),
          rule("STATE-01", "states start at zero on every rank", "ProgramSpec"),
          rule(
              "STATE-02",
              "updateInto writes its block and nothing else; NaN, infinities and the sign of zero around it stay",
              "TensorOps.updateInto"),
          rule(
              "STATE-03",
              "scatterInto writes along one axis or two, neighbours or not, and nothing else",
              "TensorOps.scatterInto"),
          rule(
              "STATE-04",
              "scatterInto writes nothing for coordinates that are out of range, below zero too",
              "TensorOps.scatterInto"),
          rule("STATE-05", "states live on between runs, and graphs share them", "ProgramSpec"),
          rule(
              "STATE-06",
              "resetStates sets all states of all ranks to zero, and the session goes on",
              "Session.resetStates"),
          rule(
              "STATE-07",
              "readState gives each rank's own state, as a copy that no later run changes",
              "Session.readState"),
          rule(
              "STATE-08",
              "a handle, or a tensor read from it, that is used after an update throws StateConsumedException",
              "State"),
          rule(
              "STATE-09",
              "what is read after an update within a run is what was written",
              "TensorOps.read"),
          rule(
              "KV-01",
              "updateCache of context encoding writes positions 0 to T - 1 of the slot, whatever positions it is given",
              "TensorOps.updateCache"),
          rule(
              "KV-02",
              "updateCache of the other kinds writes each token at its own position",
              "TensorOps.updateCache"),
          rule(
              "KV-03",
              "updateCache of several rows writes each into the slot of its seq_id, in any order",
              "TensorOps.updateCache"),
          rule(
              "KV-04",
              "updateCache rounds to the type of the cache once, and keeps what the type holds",
              "TensorOps.updateCache"),
          rule(
              "KV-05",
              "updateCache leaves every other place of its slots and all other slots as they are, NaN too",
              "TensorOps.updateCache"),
          rule(
              "KV-06",
              "updateCache writes nothing for positions outside of the cache",
              "TensorOps.updateCache, scatterInto"),
          rule(
              "KV-07",
              "updateCache writes nothing for rows whose slot there is not",
              "TensorOps.updateCache, scatterInto"),
          rule(
              "KV-08",
              "prompts, pieces and steps in a row leave in the cache what each has written",
              "TensorOps.updateCache"),
          rule(
              "ATTN-01",
              "attention of a prompt is within its bound at every position",
              "TensorOps.attend"),
          rule(
              "ATTN-02",
              "attention of a prompt does not read the cache, whatever it holds",
              "AttentionKind.CONTEXT_ENCODING"),
          rule(
              "ATTN-03",
              "attention of one new token a row is within its bound, rows being of any lengths",
              "TensorOps.attend"),
          rule(
              "ATTN-04",
              "attention of a piece of a prompt is within its bound at every position",
              "TensorOps.attend"),
          rule(
              "ATTN-05",
              "attention of several new tokens a row is within its bound at every position",
              "TensorOps.attend"),
          rule(
              "ATTN-06",
              "what the cache holds from a row's first position on has no effect, NaN and infinities neither",
              "TensorOps.attend"),
          rule("ATTN-07", "query head h uses key-value head h / (H/G)", "TensorOps.attend"),
          rule(
              "ATTN-08",
              "an active token sees those before it and itself, and none after it",
              "TensorOps.attend"),
          rule(
              "ATTN-09",
              "cache and active tokens share one softmax, wherever the weight lies",
              "TensorOps.attend"),
          rule(
              "ATTN-10",
              "scores in the thousands neither overflow nor lose more than their rounding",
              "TensorOps.attend"),
          rule("ATTN-11", "the scale of the scores is the one given", "AttentionSpec.scale"),
          rule(
              "ATTN-12",
              "a sliding window ends where it says, in the cache and among active tokens",
              "AttentionSpec.slidingWindow"),
          rule(
              "ATTN-13",
              "each row of a batch attends to the slot of its own seq_id",
              "TensorOps.attend"),
          rule(
              "ATTN-14",
              "attention over some hundred keys, of any head_dim, is within its bound",
              "TensorOps.attend"),
          rule(
              "ATTN-15",
              "a row's first position says what it sees of the cache, and the order of active tokens what they see of each other, where padding repeats positions too",
              "TensorOps.attend"),
          rule(
              "PAR-01",
              "a linear layer with its outputs split and gathered is within its bound, padding cut off",
              "ColumnParallelLinear"),
          rule(
              "PAR-02",
              "a linear layer with its outputs split leaves each rank its own part, padding zero",
              "ColumnParallelLinear"),
          rule(
              "PAR-03",
              "a linear layer with its inputs split is within the bound of the sum over ranks",
              "RowParallelLinear"),
          rule("PAR-04", "a bias that every rank holds whole is added once", "RowParallelLinear"),
          rule(
              "PAR-05",
              "an embedding split by columns or by rows gives the rows themselves",
              "ParallelEmbedding"),
          rule(
              "PAR-06",
              "over several ranks a result is no further from that over one than both bounds allow",
              "Collectives, derived"),
          rule(
              "PAR-07",
              "no token is one of the vocabulary's padding, and of equal logits on several ranks the lowest id wins",
              "DeviceSampler.greedy"),
          rule(
              "PAR-08",
              "a weight in pieces, rows apart and padding not in memory, is taken as described on every rank",
              "WeightView"),
          rule(
              "PAR-09",
              "one table as embedding and head is right in both uses, held once or cut two ways",
              "WeightView.identity"),
          rule(
              "PAR-10",
              "the feed-forward half of a layer is within its bound, widths that do not split too",
              "Mlp"),
          rule(
              "PAR-11",
              "the attention half of a layer is within its bound over prompt, piece and step, and so are all caches, with RoPE and without",
              "Attention, KvCacheManager"),
          rule(
              "PAR-12",
              "key-value heads repeated over ranks are repeated one by one, each beside its queries",
              "GqaSharding"));

  private static Rule rule(String id, String text, String source) {
    return new Rule(id, Level.LAYERS, text, source);
  }
}

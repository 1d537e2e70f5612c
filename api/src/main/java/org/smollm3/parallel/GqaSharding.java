package org.smollm3.parallel;

import org.smollm3.error.InvalidRequestException;

/**
 * Which query and key-value heads each rank holds. Queries are padded to a multiple of the degree.
 * Key-value heads that do not split evenly are replicated, by one of two strategies, chosen as
 * Optimum Neuron chooses. Heads are numbered after padding and replication; rank r holds the r-th
 * equal run of them.
 *
 * <pre>
 * REPLICATE_TO_TP_DEGREE, 6 heads, 2 kv heads, 4 ranks    CONVERT_TO_MHA, 6 heads, 3 kv heads, 4 ranks
 *   | K0    | K0     | K1    | K1     |                     | K0 K0 | K1 K1 | K2 K2 | -- -- |
 *   | Q0 Q1 | Q2 --  | Q3 Q4 | Q5 --  |                     | Q0 Q1 | Q2 Q3 | Q4 Q5 | -- -- |
 * </pre>
 */
public final class GqaSharding {
  /** Source head of a padding head, whose weights are zero. */
  public static final int PADDING = -1;

  /** How key-value heads come to every rank. */
  public enum Strategy {
    /** Each is repeated so that every rank has one; query padding lies at the end of each group. */
    REPLICATE_TO_TP_DEGREE,
    /** Each is repeated for every query head of its group; padding of both lies at the end. */
    CONVERT_TO_MHA
  }

  private final int degree;
  private final int heads;
  private final int kvHeads;
  private final Strategy strategy;
  private final int paddedHeads;
  private final int paddedKvHeads;

  private GqaSharding(
      int degree, int heads, int kvHeads, Strategy strategy, int paddedHeads, int paddedKvHeads) {
    this.degree = degree;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.strategy = strategy;
    this.paddedHeads = paddedHeads;
    this.paddedKvHeads = paddedKvHeads;
  }

  /**
   * The sharding of an attention.
   *
   * @throws InvalidRequestException if the key-value heads do not divide the heads
   */
  public static GqaSharding of(int heads, int kvHeads, TensorParallelGroup group) {
    if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
      throw new InvalidRequestException(
          heads + " heads do not group over " + kvHeads + " key-value heads");
    }
    int degree = group.degree();
    Strategy strategy =
        degree % kvHeads == 0 ? Strategy.REPLICATE_TO_TP_DEGREE : Strategy.CONVERT_TO_MHA;
    int paddedHeads = group.padded(heads);
    int paddedKvHeads = kvHeads;
    if (heads == kvHeads) {
      paddedKvHeads = paddedHeads;
    } else if (kvHeads % degree != 0) {
      paddedKvHeads = strategy == Strategy.REPLICATE_TO_TP_DEGREE ? degree : paddedHeads;
    }
    return new GqaSharding(degree, heads, kvHeads, strategy, paddedHeads, paddedKvHeads);
  }

  public Strategy strategy() {
    return strategy;
  }

  /** Query heads of all ranks, padding included. */
  public int paddedHeads() {
    return paddedHeads;
  }

  /** Key-value heads of all ranks, copies and padding included. */
  public int paddedKvHeads() {
    return paddedKvHeads;
  }

  /** Query heads of one rank. */
  public int localHeads() {
    return paddedHeads / degree;
  }

  /** Key-value heads of one rank. */
  public int localKvHeads() {
    return paddedKvHeads / degree;
  }

  /** The model's query head at a place, or {@link #PADDING}. */
  public int queryHead(int place) {
    if (strategy == Strategy.CONVERT_TO_MHA) {
      return place < heads ? place : PADDING;
    }
    int group = heads / kvHeads;
    int paddedGroup = paddedHeads / kvHeads;
    int within = place % paddedGroup;
    return within < group ? place / paddedGroup * group + within : PADDING;
  }

  /** The model's key-value head at a place, or {@link #PADDING}. */
  public int kvHead(int place) {
    if (paddedKvHeads == kvHeads) {
      return place;
    }
    int repeats =
        strategy == Strategy.REPLICATE_TO_TP_DEGREE ? paddedKvHeads / kvHeads : heads / kvHeads;
    int source = place / repeats;
    return source < kvHeads ? source : PADDING;
  }
}

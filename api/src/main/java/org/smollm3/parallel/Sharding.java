package org.smollm3.parallel;

/**
 * How a model is laid out over ranks.
 *
 * @param qkv whether a rank's query, key and value projections are one weight
 */
public record Sharding(TensorParallelGroup group, Qkv qkv) {
  /** How the projections before attention are stored. */
  public enum Qkv {
    /** {@code q_proj}, {@code k_proj}, {@code v_proj}. */
    SEPARATE,
    /** {@code Wqkv}, on each rank the rows of its queries, then its keys, then its values. */
    FUSED
  }

  /** One rank, separate projections: the checkpoint as it is. */
  public static final Sharding NONE = new Sharding(TensorParallelGroup.SINGLE, Qkv.SEPARATE);

  public static Sharding of(int degree, Qkv qkv) {
    return new Sharding(new TensorParallelGroup(degree), qkv);
  }

  public int degree() {
    return group.degree();
  }
}

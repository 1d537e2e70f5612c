package org.smollm3.generation;

import java.util.Arrays;

/** An immutable run of token ids. */
public final class TokenIds {
  private final int[] ids;

  private TokenIds(int[] ids) {
    this.ids = ids;
  }

  public static TokenIds of(int... ids) {
    return new TokenIds(ids.clone());
  }

  public int size() {
    return ids.length;
  }

  public int get(int index) {
    return ids[index];
  }

  /** Ids from one index up to, not including, another. */
  public TokenIds slice(int from, int to) {
    return new TokenIds(Arrays.copyOfRange(ids, from, to));
  }

  public int[] toArray() {
    return ids.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenIds that && Arrays.equals(ids, that.ids);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids);
  }

  @Override
  public String toString() {
    return Arrays.toString(ids);
  }
}

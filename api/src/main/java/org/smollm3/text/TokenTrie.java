package org.smollm3.text;

import java.util.Arrays;

/**
 * Finds the longest of a set of tokens at a place of a text. The first byte is looked up, the
 * children of a node are few and are searched in order.
 */
final class TokenTrie {
  static final int NONE = -1;

  private final int[] rootChildren = new int[256];
  private byte[] labels = new byte[64];
  private int[] firstChildren = new int[64];
  private int[] siblings = new int[64];
  private int[] ids = new int[64];
  private int[] depths = new int[64];
  private int nodes;

  TokenTrie() {
    Arrays.fill(rootChildren, NONE);
  }

  void add(byte[] token, int id) {
    int node = rootChildren[token[0] & 0xff];
    if (node == NONE) {
      node = newNode(token[0], NONE, 1);
      rootChildren[token[0] & 0xff] = node;
    }
    for (int i = 1; i < token.length; i++) {
      int child = child(node, token[i]);
      if (child == NONE) {
        child = newNode(token[i], firstChildren[node], i + 1);
        firstChildren[node] = child;
      }
      node = child;
    }
    ids[node] = id;
  }

  private int newNode(byte label, int sibling, int depth) {
    if (nodes == labels.length) {
      int capacity = Math.multiplyExact(nodes, 2);
      labels = Arrays.copyOf(labels, capacity);
      firstChildren = Arrays.copyOf(firstChildren, capacity);
      siblings = Arrays.copyOf(siblings, capacity);
      ids = Arrays.copyOf(ids, capacity);
      depths = Arrays.copyOf(depths, capacity);
    }
    labels[nodes] = label;
    firstChildren[nodes] = NONE;
    siblings[nodes] = sibling;
    ids[nodes] = NONE;
    depths[nodes] = depth;
    return nodes++;
  }

  private int child(int node, byte label) {
    int child = firstChildren[node];
    while (child != NONE && labels[child] != label) {
      child = siblings[child];
    }
    return child;
  }

  /** The first place from {@code from} on at which a token begins, or {@code to}. */
  int find(byte[] text, int from, int to) {
    if (nodes == 0) {
      return to;
    }
    for (int i = from; i < to; i++) {
      if (rootChildren[text[i] & 0xff] != NONE && match(text, i, to) != NONE) {
        return i;
      }
    }
    return to;
  }

  /** The node of the longest token that begins at {@code from} and ends by {@code to}, or NONE. */
  int match(byte[] text, int from, int to) {
    int longest = NONE;
    int node = rootChildren[text[from] & 0xff];
    for (int i = from + 1; node != NONE; i++) {
      if (ids[node] != NONE) {
        longest = node;
      }
      node = i < to ? child(node, text[i]) : NONE;
    }
    return longest;
  }

  /** The id of the token that ends at a node. */
  int id(int node) {
    return ids[node];
  }

  /** The bytes of the token that ends at a node. */
  int length(int node) {
    return depths[node];
  }
}

package org.smollm3.neuron.evaluator;

import java.util.ArrayList;
import java.util.List;

/** What one rank computes with, beside its values. One thread uses it at a time. */
final class Rank {
  final int number;
  final Lanes lanes = new Lanes(Block.SIZE);
  final Block block = new Block(Kind.FLOAT, Block.SIZE);
  final long[] longs = new long[Block.SIZE];

  /** Of the computations, by {@link ComputationPlan#index}. */
  final List<Frame> frames = new ArrayList<>();

  /** Where the ranks of the present run meet. */
  Meeting meeting = new Meeting(1);

  private double[] left = new double[0];
  private double[] right = new double[0];

  Rank(int number) {
    this.number = number;
  }

  /** Memory of at least so many elements, holding anything. */
  double[] left(int size) {
    if (left.length < size) {
      left = new double[size];
    }
    return left;
  }

  /** As {@link #left}, and not the same memory. */
  double[] right(int size) {
    if (right.length < size) {
      right = new double[size];
    }
    return right;
  }
}

package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.LANES;
import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.VectorColumns.PANEL;
import static org.smollm3.cpu.kernels.VectorColumns.STRIP;

import java.lang.foreign.MemorySegment;
import org.smollm3.tensor.DType;

/**
 * The work memory of a matrix product: the packed tokens, a block of zeros, then each worker's own.
 * A lane's elements follow each other: tokens stand as {@code [lane][block][panel][unit][64
 * tokens]}, the weights of a tile as {@code [lane][block][16 rows][unit][row]}. A unit is one step
 * of floats, or, where elements are bfloat16, two steps in pairs as they came: half the bytes to
 * write, to keep and to read again for every tile.
 */
final class MatrixPlan {
  /** Most panels of tokens of a tile: its partial sums, 256 KiB a level, stay in level 2. */
  static final int PANELS = 8;

  static final int PANEL_TOKENS = PANEL / 4;

  /** Bytes of four rows' sums with a panel. */
  static final int QUAD = 4 * PANEL;

  /** Partial sums of an output: one for each level of the tree. */
  static final int LEVELS = 5;

  /** Units of a block: a panel of them stays in level 1 while all rows of the tile pass by. */
  private static final int BLOCK_UNITS = 120;

  /** Keeps lanes from falling into the same sets of a cache. */
  private static final long PAD = 5L * STEP_BYTES;

  private static final int SPARE = 1024;

  final LinearTask task;

  /** Weight rows of a tile, and the same in sixteens. */
  final int height;

  final int groups;

  /** Whether tokens and weights are kept in pairs; then {@link #units} counts pairs. */
  final boolean tokenPairs;

  final boolean weightPairs;
  final int steps;
  final int units;
  final int weightUnits;
  final int block;
  final int panels;
  final long tokenLane;
  final long weightLane;
  final long zeros;
  private final long rawBytes;
  private final long levelBytes;
  MemorySegment memory = MemorySegment.NULL;

  MatrixPlan(LinearTask task, int height) {
    this.task = task;
    this.height = height;
    groups = ceil(height, LANES);
    // A row of nothing is a step of zeros.
    steps = task.k() == 0 ? 2 : task.layout().steps(task.k());
    weightPairs = task.w().dtype() == DType.BF16;
    tokenPairs = weightPairs && task.x().dtype() == DType.BF16;
    units = tokenPairs ? steps / 2 : steps;
    weightUnits = weightPairs ? steps / 2 : steps;
    // Blocks of about the same size; a block holds whole pairs of weights.
    int even = ceil(units, ceil(units, BLOCK_UNITS));
    block = units == weightUnits ? even : even + even % 2;
    panels = ceil(task.m(), PANEL_TOKENS);
    tokenLane = (long) units * panels * PANEL + PAD;
    weightLane = (long) weightUnits * groups * STRIP + PAD;
    zeros = LANES * tokenLane;
    rawBytes = Math.max(LANES * rawRow(Math.max(units, weightUnits)), LANES * outRow());
    levelBytes = (long) Math.min(panels, PANELS) * groups * 4 * QUAD;
  }

  static int ceil(int n, int parts) {
    return (n + parts - 1) / parts;
  }

  /** Bytes of a row before it is transposed, with some that keep rows from the same sets. */
  static long rawRow(int units) {
    return (units + 1L) * STEP_BYTES;
  }

  /** Bytes of a token's results in a tile, with room for whole pairs of steps. */
  long outRow() {
    return ceil(groups, 2) * 2L * STEP_BYTES;
  }

  /** Where a worker's own memory begins, and for one more than there are the end of all. */
  long own(int worker) {
    return zeros
        + QUAD
        + worker * (rawBytes + SPARE + QUAD + LEVELS * levelBytes + LANES * weightLane);
  }

  /** Rows before they are transposed, and results before they are rounded. */
  long raw(int worker) {
    return own(worker);
  }

  long spare(int worker) {
    return raw(worker) + rawBytes;
  }

  /** Sums of four rows with a panel that are added to older ones next; they stay in level 1. */
  long newest(int worker) {
    return spare(worker) + SPARE;
  }

  /** Partial sums {@code [panel][row][64 tokens]}. */
  long sums(int worker, int level) {
    return newest(worker) + QUAD + level * levelBytes;
  }

  /** Bytes from one level's sums to the next one's. */
  long level() {
    return levelBytes;
  }

  /** Units of the block from {@code unit}. */
  int count(int unit) {
    return Math.min(block, units - unit);
  }

  /** Units of weights in units of tokens. */
  int weightUnit(int unit) {
    return units == weightUnits ? unit : unit / 2;
  }

  /** Where a panel of tokens has the block from {@code unit}. */
  long tokens(int lane, int unit, int panel) {
    return lane * tokenLane + ((long) unit * panels + (long) panel * count(unit)) * PANEL;
  }

  /** Where 16 weight rows have the block from {@code unit}. */
  long weights(int worker, int lane, int unit, int group) {
    long first = (long) weightUnit(unit) * groups + (long) group * weightUnit(count(unit));
    return sums(worker, LEVELS) + lane * weightLane + first * STRIP;
  }
}

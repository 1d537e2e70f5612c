package org.smollm3.cpu.kernels;

/** Runs independent tiles of work, possibly on several threads. */
public interface Parallel {
  /** A piece of work. */
  @FunctionalInterface
  interface Tile {
    /**
     * @param worker from 0 to {@link #threads} - 1; no two tiles run with the same one at once
     * @param tile which piece
     */
    void run(int worker, int tile);
  }

  /** How many tiles may run at once. */
  int threads();

  /** Runs tiles 0 to tiles - 1 and returns when all have ended; rethrows the first failure. */
  void run(int tiles, Tile tile);
}

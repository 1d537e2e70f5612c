package org.smollm3.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * The innermost loops of matrix products: sums over 16 virtual lanes (see {@link Layout}), one
 * class for each vector width. Offsets are in bytes. Accumulators are 16 floats in memory, so that
 * a sum can be continued by another call; they are locals while a loop runs.
 */
interface Lanes {
  /** Bytes from the sums of a row of each stream to those of the next: of up to eight streams. */
  long ROW_SUMS = 8L * Layout.STEP_BYTES;

  /** Scales of a stream of int8 that are kept: a constant, so that all have one base in a loop. */
  int MOST_SCALES = 1024;

  /** Width of the vectors in bits; 0 for scalar. */
  int bits();

  /**
   * With how many weight rows of bfloat16 at once, and so streams from memory, one token is
   * computed fastest: up to 8.
   */
  default int rowsAtOnce() {
    return 4;
  }

  /**
   * Four rows of bfloat16 with one packed vector: for r in 0 to 3, acc[r] += w[r] * x over {@code
   * blocks} blocks of 32 elements.
   *
   * @param w holds the rows at {@code w0} to {@code w3}, unaligned
   * @param x packed {@link Layout#PAIRED} from offset {@code x0}
   * @param acc the accumulators at offsets {@code a}, {@code a + as}, {@code a + 2 as}, {@code a +
   *     3 as}
   */
  void rowsBf16(
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc,
      long a,
      long as);

  /**
   * As {@link #rowsBf16} from zero, for {@link #rowsAtOnce} streams of {@code rows} adjacent rows:
   * acc[i, s] = w[i, s] * x.
   *
   * @param w0 where the first stream begins, {@code ws} bytes from one to the next; its rows begin
   *     {@code rowBytes} apart
   * @param acc row i of stream s at {@code i * ROW_SUMS + 64 s}
   */
  default void evenRowsBf16(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      MemorySegment x,
      int blocks,
      MemorySegment acc) {
    for (int i = 0; i < rows; i++) {
      long r0 = w0 + i * rowBytes;
      long a = i * ROW_SUMS;
      VectorMath.clear(acc, a, 4 * 64);
      rowsBf16(w, r0, r0 + ws, r0 + 2 * ws, r0 + 3 * ws, x, 0, blocks, acc, a, 64);
    }
  }

  /**
   * As {@link #rowsBf16} for eight evenly spaced rows and some tokens: acc[t, s] += w[s] * x[t].
   *
   * @param w0 where the first row begins, {@code ws} bytes from one to the next
   * @param x0 where the first token begins, {@code xs} bytes from one to the next
   * @param acc row s and token t at {@code a + t as + 64 s}
   */
  default void eightRowsBf16(
      MemorySegment w,
      long w0,
      long ws,
      MemorySegment x,
      long x0,
      long xs,
      int tokens,
      int blocks,
      MemorySegment acc,
      long a,
      long as) {
    long w4 = w0 + 4 * ws;
    for (int t = 0; t < tokens; t++) {
      long from = x0 + t * xs;
      long to = a + t * as;
      rowsBf16(w, w0, w0 + ws, w0 + 2 * ws, w0 + 3 * ws, x, from, blocks, acc, to, 64);
      rowsBf16(w, w4, w4 + ws, w4 + 2 * ws, w4 + 3 * ws, x, from, blocks, acc, to + 256, 64);
    }
  }

  /** As {@link #rowsBf16} for rows of float32: {@code steps} steps of 16 elements. */
  void rowsF32(
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      MemorySegment x,
      long x0,
      int steps,
      MemorySegment acc,
      long a,
      long as);

  /**
   * Four streams of adjacent rows of int8 with a scale each: acc[i, s] += w[i, s] * x over {@code
   * blocks} blocks of 32 elements.
   *
   * @param w0 where the first stream begins, {@code ws} bytes from one to the next; its {@code
   *     rows} rows begin {@code rowBytes} apart
   * @param scales of row i of stream s at index {@code s * MOST_SCALES + i}
   * @param x in order, from offset {@code x0}
   * @param acc row i of stream s at {@code i * ROW_SUMS + 64 s}
   */
  void rowsInt8(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      float[] scales,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc);

  /**
   * As {@link #rowsInt8} with a scale for each block.
   *
   * @param scales of block h of row i of stream s at index {@code s * MOST_SCALES + i * perRow + h}
   */
  void rowsInt8Groups(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      float[] scales,
      int perRow,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc);

  /**
   * Four packed rows with four others: acc[4 i + j] = init[4 i + j] + x[i] * w[j] over {@code
   * steps} steps. Row i of a panel has its step s at {@code 256 s + 64 i}; accumulators are 64
   * bytes apart.
   *
   * @param work holds both panels and the accumulators, at offsets {@code x0}, {@code w0}, {@code
   *     init} and {@code a}: one segment has one base and one limit to keep in registers
   */
  void block(MemorySegment work, long x0, long w0, int steps, long init, long a);

  /**
   * Folds 16 accumulators, {@code as} bytes apart from {@code a}, into 16 floats, of which the
   * first four go to {@code o}, the next to {@code o + stride} and so on; what the accumulators
   * hold afterwards is undefined.
   */
  void fold(MemorySegment work, long a, long as, MemorySegment to, long o, long stride);
}

package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.smollm3.error.BackendException;
import org.smollm3.tensor.DType;

/**
 * Kernels on the Vector API. This class and those it uses may be loaded only where the module
 * {@code jdk.incubator.vector} is there.
 */
public final class VectorKernels implements Kernels {
  /** Elements of a tile of an element-wise operation: takes longer than to share it. */
  private static final int TILE = 8192;

  /** Elements that are packed at a time. */
  private static final int CHUNK = 1024;

  private static final int FIRST = 0;
  private static final int SECOND = 1;
  private static final int LANE_SUMS = 2;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing = new VectorPacking();
  private final VectorLinear linear;
  private final VectorAttention attention;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  /**
   * @param bits 128, 256 or 512; wider than the hardware is correct but very slow
   */
  public VectorKernels(Parallel parallel, int bits) {
    MixedProfile.show();
    this.parallel = parallel;
    lanes =
        switch (bits) {
          case 128 -> new Lanes128();
          case 256 -> new Lanes256();
          case 512 -> new Lanes512();
          default ->
              throw new BackendException("vectors of " + bits + " bits; give 128, 256 or 512");
        };
    linear = new VectorLinear(parallel, lanes, packing);
    attention = new VectorAttention(parallel, lanes, packing);
    own = new Scratch[parallel.threads()];
    Arrays.setAll(own, i -> new Scratch());
  }

  /** The widest vectors that this machine computes with, of those there are kernels for. */
  public static int preferredBits() {
    return Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
  }

  @Override
  public String description() {
    return lanes.bits() + "-bit vectors";
  }

  @Override
  public synchronized void linear(LinearTask task) {
    linear.linear(List.of(task));
  }

  @Override
  public synchronized void linearEach(List<LinearTask> tasks) {
    linear.linear(tasks);
  }

  @Override
  public synchronized void linearSwiGlu(LinearTask gate, LinearTask up, Operand y) {
    if (VectorLinear.canStream(gate, up)) {
      linear.stream(
          gate, up, (worker, first, n) -> gate(own[worker], gate.y(), up.y(), y, first, n));
    } else {
      linear.linear(List.of(gate, up));
      swiGlu(gate.y(), up.y(), y, (long) gate.m() * gate.n());
    }
  }

  @Override
  public synchronized void linearTopK(LinearTask task, Greatest greatest) {
    linear.greatest(task, greatest);
  }

  @Override
  public synchronized void attend(AttendTask task) {
    attention.attend(task);
  }

  @Override
  public synchronized void rmsNorm(
      Operand x, Operand weight, Operand y, int rows, int n, double epsilon) {
    Layout layout = Layout.of(x.dtype());
    long bytes = (long) layout.steps(n) * STEP_BYTES;
    MemorySegment gain = shared.get(FIRST, bytes);
    packing.pack(weight, 0, n, layout, gain, 0, STEP_BYTES);
    if (allBf16(x, y) && n % VectorBf16.BLOCK == 0) {
      parallel.run(
          rows,
          (worker, row) -> {
            MemorySegment sums = own[worker].get(LANE_SUMS, STEP_BYTES);
            long at = 2L * row * n;
            double mean = VectorBf16.sumOfSquares(x.segment(), at, n, sums) / (double) n;
            float factor = ScalarMath.rsqrt(mean + epsilon);
            VectorBf16.normalise(x.segment(), at, factor, gain, y.segment(), at, n);
          });
      return;
    }
    parallel.run(
        rows,
        (worker, row) -> {
          MemorySegment v = own[worker].get(FIRST, bytes);
          MemorySegment sums = own[worker].get(LANE_SUMS, STEP_BYTES);
          packing.pack(x, (long) row * n, n, layout, v, 0, STEP_BYTES);
          double mean = VectorMath.sumOfSquares(v, 0, bytes, sums) / (double) n;
          VectorMath.normalise(v, 0, gain, 0, bytes, ScalarMath.rsqrt(mean + epsilon));
          packing.unpack(v, 0, layout, y, (long) row * n, n);
        });
  }

  @Override
  public synchronized void softmax(Operand x, Operand y, int rows, int n) {
    Layout layout = Layout.of(x.dtype());
    long bytes = (long) layout.steps(n) * STEP_BYTES;
    parallel.run(
        rows,
        (worker, row) -> {
          MemorySegment v = own[worker].get(FIRST, bytes);
          MemorySegment sums = own[worker].get(LANE_SUMS, STEP_BYTES);
          packing.pack(x, (long) row * n, n, layout, v, 0, STEP_BYTES);
          hidePadding(v, layout, n);
          VectorMath.exp(v, 0, bytes, VectorMath.max(v, 0, bytes), sums, 0);
          VectorMath.divide(v, 0, bytes, VectorMath.fold(sums, 0));
          packing.unpack(v, 0, layout, y, (long) row * n, n);
        });
  }

  /** Makes the padding of a row minus infinity, whose exponential adds nothing. */
  private static void hidePadding(MemorySegment v, Layout layout, int n) {
    for (int k = n; k < layout.steps(n) * Layout.LANES; k++) {
      v.set(FLOAT, 4L * layout.index(k), Float.NEGATIVE_INFINITY);
    }
  }

  /** A piece of an element-wise operation: elements {@code first} to {@code first + n - 1}. */
  private interface Piece {
    void run(Scratch scratch, long first, int n);
  }

  /** All of it, in tiles that may run at once. */
  private void tiles(long n, Piece piece) {
    int tiles = Math.toIntExact((n + TILE - 1) / TILE);
    parallel.run(
        tiles,
        (worker, tile) -> {
          long first = (long) tile * TILE;
          piece.run(own[worker], first, (int) Math.min(TILE, n - first));
        });
  }

  /** As many elements at a time as work memory has room for. */
  private static void chunks(Scratch scratch, long first, int n, Piece piece) {
    for (int done = 0; done < n; done += CHUNK) {
      piece.run(scratch, first + done, Math.min(CHUNK, n - done));
    }
  }

  /** Whether {@link VectorBf16} can do it. */
  private static boolean allBf16(Operand... operands) {
    for (Operand operand : operands) {
      if (operand.dtype() != DType.BF16) {
        return false;
      }
    }
    return true;
  }

  /** How many of {@code n} elements {@link VectorBf16} takes: whole blocks, or none. */
  private static int direct(int n, Operand... operands) {
    return allBf16(operands) ? n - n % VectorBf16.BLOCK : 0;
  }

  @Override
  public synchronized void swiGlu(Operand gate, Operand up, Operand y, long n) {
    tiles(n, (scratch, first, count) -> gate(scratch, gate, up, y, first, count));
  }

  private void gate(Scratch scratch, Operand gate, Operand up, Operand y, long first, int n) {
    int direct = direct(n, gate, up, y);
    long at = 2 * first;
    VectorBf16.gate(gate.segment(), at, up.segment(), at, y.segment(), at, direct);
    chunks(
        scratch,
        first + direct,
        n - direct,
        (work, from, count) -> {
          MemorySegment g = work.get(FIRST, 4 * CHUNK);
          MemorySegment u = work.get(SECOND, 4 * CHUNK);
          packing.pack(gate, from, count, Layout.NATURAL, g, 0, STEP_BYTES);
          packing.pack(up, from, count, Layout.NATURAL, u, 0, STEP_BYTES);
          VectorMath.gate(g, 0, u, 0, (long) Layout.NATURAL.steps(count) * STEP_BYTES);
          packing.unpack(g, 0, Layout.NATURAL, y, from, count);
        });
  }

  @Override
  public synchronized void add(Operand a, Operand b, Operand y, long n) {
    tiles(n, (scratch, first, count) -> add(scratch, a, b, y, first, count));
  }

  private void add(Scratch scratch, Operand a, Operand b, Operand y, long first, int n) {
    int direct = direct(n, a, b, y);
    long at = 2 * first;
    VectorBf16.add(a.segment(), at, b.segment(), at, y.segment(), at, direct);
    chunks(
        scratch,
        first + direct,
        n - direct,
        (work, from, count) -> {
          MemorySegment p = work.get(FIRST, 4 * CHUNK);
          MemorySegment q = work.get(SECOND, 4 * CHUNK);
          packing.pack(a, from, count, Layout.NATURAL, p, 0, STEP_BYTES);
          packing.pack(b, from, count, Layout.NATURAL, q, 0, STEP_BYTES);
          VectorMath.add(p, 0, q, 0, (long) Layout.NATURAL.steps(count) * STEP_BYTES);
          packing.unpack(p, 0, Layout.NATURAL, y, from, count);
        });
  }

  @Override
  public synchronized void convert(Operand x, Operand y, long n) {
    // Between float32 and bfloat16 one side is paired, and its packing has a vector path.
    Layout layout = y.dtype() == DType.BF16 ? Layout.PAIRED : Layout.NATURAL;
    Piece piece =
        (work, first, count) -> {
          MemorySegment p = work.get(FIRST, 4 * CHUNK);
          packing.pack(x, first, count, layout, p, 0, STEP_BYTES);
          packing.unpack(p, 0, layout, y, first, count);
        };
    tiles(n, (scratch, first, count) -> chunks(scratch, first, count, piece));
  }

  @Override
  public synchronized void rotate(
      Operand x, Operand table, Operand y, int batch, int heads, int tokens, int dim) {
    int half = dim / 2;
    boolean direct = allBf16(x, y) && half % VectorBf16.BLOCK == 0;
    Layout layout = direct ? Layout.PAIRED : Layout.NATURAL;
    long bytes = (long) layout.steps(half) * STEP_BYTES;
    MemorySegment angles = shared.get(FIRST, 2L * batch * tokens * bytes);
    for (int i = 0; i < 2 * batch * tokens; i++) {
      packing.pack(table, (long) i * half, half, layout, angles, i * bytes, STEP_BYTES);
    }
    // A few rows take less time than it takes to share them.
    int rows = batch * heads * tokens;
    int height = Math.max(1, TILE / Math.max(1, dim));
    parallel.run(
        (rows + height - 1) / height,
        (worker, tile) -> {
          MemorySegment v = own[worker].get(FIRST, 2 * bytes);
          for (int row = tile * height; row < Math.min(rows, (tile + 1) * height); row++) {
            long at = (long) row * dim;
            long angle = 2 * bytes * ((long) (row / (heads * tokens)) * tokens + row % tokens);
            if (direct) {
              VectorBf16.rotate(x.segment(), 2 * at, angles, angle, y.segment(), 2 * at, half);
              continue;
            }
            packing.pack(x, at, half, layout, v, 0, STEP_BYTES);
            packing.pack(x, at + half, half, layout, v, bytes, STEP_BYTES);
            VectorMath.rotate(v, 0, bytes, angles, angle, angle + bytes, bytes);
            packing.unpack(v, 0, layout, y, at, half);
            packing.unpack(v, bytes, layout, y, at + half, half);
          }
        });
  }
}

package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.smollm3.tensor.DType;

/**
 * The matrix-vector product: a linear layer of one token goes straight over the weight in memory,
 * and is bound by reading it. A thread takes {@link Lanes#rowsAtOnce} rows of bfloat16 at once, an
 * equal part of its piece apart, and four of other types: as many sequential streams.
 *
 * <p>Whatever is not a load from the weight keeps loads from being on their way, since it takes
 * their places in the core's queues while it waits for the last of them. So the sums of many rows
 * are kept and folded together, and pieces are large.
 */
final class VectorStream {
  /** Rows of each stream whose sums are kept: 16 KiB for eight streams, half of level 1. */
  private static final int KEPT = 32;

  /** Most bytes from one stream to the next: with more, reading them lost some hundredths. */
  private static final int FARTHEST = 1 << 20;

  /** Bytes of weights of the smallest piece: the last thread may end as late as it takes. */
  private static final int LEAST = 128 << 10;

  /** Bytes of the sums of rows that are read together: where those stood apart it was slower. */
  private static final long GROUP = Lanes.ROW_SUMS;

  private static final int PANEL_X = 0;
  private static final int SUMS = 0;
  private static final int TAIL = 1;
  private static final int OUT = 2;
  private static final int BIAS = 3;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final VectorInt8 int8;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  VectorStream(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    int8 = new VectorInt8(lanes, parallel.threads());
    own = new Scratch[parallel.threads()];
    Arrays.setAll(own, i -> new Scratch());
  }

  /** Whether there is a loop for weights of this type. */
  static boolean takes(DType weight) {
    return weight != DType.F16;
  }

  /**
   * All rows of all weights are one work to be shared, so that threads meet once for all tasks.
   *
   * @param tasks of one token, the same for all, with rows, and weights of one type that it {@link
   *     #takes}
   */
  void linear(List<LinearTask> tasks) {
    MemorySegment x = packed(tasks.get(0));
    int rows = 0;
    for (LinearTask task : tasks) {
      rows = Math.addExact(rows, task.n());
    }
    Shares shares = shares(rows, tasks.get(0), 1);
    parallel.run(
        shares.count(),
        (worker, piece) -> {
          int first = shares.first(piece);
          int end = first + shares.rows(piece);
          for (LinearTask task : tasks) {
            int from = Math.max(0, first);
            int to = Math.min(task.n(), end);
            if (from < to) {
              new Piece(task, x, worker, from, to, stored(task)).run();
            }
            first -= task.n();
            end -= task.n();
          }
        });
  }

  /** What is to be done with rows of two results as soon as they are there. */
  interface Rows {
    void run(int worker, int first, int count);
  }

  /**
   * Two tasks of as many rows, and of each piece what comes after it.
   *
   * @param gate as of {@link #linear}, and so {@code up}
   */
  void linear(LinearTask gate, LinearTask up, Rows then) {
    MemorySegment x = packed(gate);
    Shares shares = shares(gate.n(), gate, 2);
    parallel.run(
        shares.count(),
        (worker, piece) -> {
          int first = shares.first(piece);
          int end = first + shares.rows(piece);
          new Piece(gate, x, worker, first, end, stored(gate)).run();
          new Piece(up, x, worker, first, end, stored(up)).run();
          then.run(worker, first, end - first);
        });
  }

  /** Offers the results of a task in float32 as they are made. */
  void greatest(LinearTask task, Greatest greatest) {
    MemorySegment x = packed(task);
    Shares shares = shares(task.n(), task, 1);
    Greatest[] own = greatest.parts(parallel.threads());
    parallel.run(
        shares.count(),
        (worker, piece) -> {
          int first = shares.first(piece);
          Results offered = (values, row, count) -> offer(own[worker], values, row, count);
          new Piece(task, x, worker, first, first + shares.rows(piece), offered).run();
        });
    greatest.offerAll(own);
  }

  private static void offer(Greatest greatest, MemorySegment values, int row, int count) {
    for (int i = 0; i < count; i++) {
      greatest.offer(values.get(FLOAT, 4L * i), row + i);
    }
  }

  /** Takes the results of adjacent rows, floats that are not yet rounded. */
  private interface Results {
    void take(MemorySegment values, int row, int count);
  }

  private Results stored(LinearTask task) {
    return (values, row, count) -> packing.unpack(values, 0, Layout.NATURAL, task.y(), row, count);
  }

  private MemorySegment packed(LinearTask task) {
    Layout layout = task.layout();
    long packed = (long) layout.steps(task.k()) * STEP_BYTES;
    long padded = Math.max(packed, VectorInt8.packedBytes(task.k()));
    MemorySegment x = shared.get(PANEL_X, padded);
    VectorMath.clear(x, packed, padded - packed);
    packing.pack(task.x(), 0, task.k(), layout, x, 0, STEP_BYTES);
    return x;
  }

  /**
   * @param task whose weight's rows they are
   * @param weights that have such a row
   */
  private Shares shares(int rows, LinearTask task, int weights) {
    long rowBytes = (long) weights * task.k() * task.w().dtype().byteSize();
    int streams = streamsOf(task);
    int least = streams * (int) Math.ceilDiv(LEAST, streams * Math.max(1, rowBytes));
    return Shares.of(rows, parallel.threads(), least);
  }

  private int streamsOf(LinearTask task) {
    return task.w().dtype() == DType.BF16 ? lanes.rowsAtOnce() : 4;
  }

  /** Some weight rows. */
  private final class Piece {
    private final LinearTask task;
    private final MemorySegment w;
    private final MemorySegment x;
    private final int worker;
    private final int streams;
    private final int first;
    private final int end;
    private final Results results;
    private final long rowBytes;

    /** Bytes of a row that are whole lines. */
    private final long whole;

    private final MemorySegment sums;

    private final MemorySegment tail;
    private final MemorySegment out;

    /**
     * @param end the row behind the last one
     */
    Piece(LinearTask task, MemorySegment x, int worker, int first, int end, Results results) {
      this.results = results;
      this.task = task;
      this.x = x;
      this.worker = worker;
      this.first = first;
      this.end = end;
      streams = streamsOf(task);
      w = task.w().segment();
      rowBytes = (long) task.k() * task.w().dtype().byteSize();
      whole = rowBytes / STEP_BYTES * STEP_BYTES;
      sums = own[worker].get(SUMS, KEPT * GROUP);
      tail = own[worker].get(TAIL, 4L * STEP_BYTES);
      out = own[worker].get(OUT, 4L * KEPT);
    }

    void run() {
      int most = (int) Math.max(1, FARTHEST / Math.max(1, rowBytes));
      int row = first;
      while (row + streams <= end) {
        int apart = Math.min(most, (end - row) / streams);
        block(row, apart);
        row += streams * apart;
      }
      for (int count; row < end; row += count) {
        VectorMath.clear(sums, 0, (long) Layout.LANES * STEP_BYTES);
        if (task.w().dtype() == DType.I8) {
          count = 1;
          int8.rows(task, worker, row, 0, count, x, sums);
        } else {
          count = Math.min(4, end - row);
          fourRows(row, 1, 0);
        }
        store(0, STEP_BYTES, row, count);
      }
    }

    /** As many rows of each stream as there are from one to the next. */
    private void block(int row, int apart) {
      for (int j = 0; j < apart; j += KEPT) {
        int count = Math.min(KEPT, apart - j);
        if (task.w().dtype() == DType.BF16) {
          evenRows(row + j, apart, count);
        } else if (task.w().dtype() == DType.I8) {
          int8.rows(task, worker, row + j, apart, count, x, sums);
        } else {
          VectorMath.clear(sums, 0, KEPT * GROUP);
          for (int i = 0; i < count; i++) {
            fourRows(row + j + i, apart, i * GROUP);
          }
        }
        for (int s = 0; s < streams; s++) {
          store((long) s * STEP_BYTES, GROUP, row + s * apart + j, count);
        }
      }
    }

    /** Rows of each stream. */
    private void evenRows(int row, int apart, int count) {
      long w0 = row * rowBytes;
      long ws = apart * rowBytes;
      lanes.evenRowsBf16(w, w0, ws, count, rowBytes, x, (int) (whole / STEP_BYTES), sums);
      for (int i = 0; i < count && whole < rowBytes; i++) {
        for (int s = 0; s < streams; s += 4) {
          // Past the last stream it is repeated; no other sums are where these then go.
          long w1 = w0 + i * rowBytes + s * ws;
          long w2 = w0 + i * rowBytes + Math.min(s + 1, streams - 1) * ws;
          long w3 = w0 + i * rowBytes + Math.min(s + 2, streams - 1) * ws;
          long w4 = w0 + i * rowBytes + Math.min(s + 3, streams - 1) * ws;
          ends(w1, w2, w3, w4, i * GROUP + (long) s * STEP_BYTES);
        }
      }
    }

    /** A row and the three that follow it at a distance; past the last one it is repeated. */
    private void fourRows(int row, int apart, long a) {
      long r0 = row;
      long r1 = Math.min(row + apart, end - 1);
      long r2 = Math.min(row + 2 * apart, end - 1);
      long r3 = Math.min(row + 3 * apart, end - 1);
      long w0 = r0 * rowBytes;
      long w1 = r1 * rowBytes;
      long w2 = r2 * rowBytes;
      long w3 = r3 * rowBytes;
      add(w, w0, w1, w2, w3, 0, (int) (whole / STEP_BYTES), a);
      ends(w0, w1, w2, w3, a);
    }

    /** What is behind the whole lines of four rows. */
    private void ends(long w0, long w1, long w2, long w3, long a) {
      long rest = rowBytes - whole;
      if (rest == 0) {
        return;
      }
      tail.fill((byte) 0);
      MemorySegment.copy(w, w0 + whole, tail, 0, rest);
      MemorySegment.copy(w, w1 + whole, tail, STEP_BYTES, rest);
      MemorySegment.copy(w, w2 + whole, tail, 2L * STEP_BYTES, rest);
      MemorySegment.copy(w, w3 + whole, tail, 3L * STEP_BYTES, rest);
      add(tail, 0, 64, 128, 192, whole * (4 / task.w().dtype().byteSize()), 1, a);
    }

    private void add(
        MemorySegment from, long w0, long w1, long w2, long w3, long x0, int lines, long a) {
      if (task.w().dtype() == DType.BF16) {
        lanes.rowsBf16(from, w0, w1, w2, w3, x, x0, lines, sums, a, STEP_BYTES);
      } else {
        lanes.rowsF32(from, w0, w1, w2, w3, x, x0, lines, sums, a, STEP_BYTES);
      }
    }

    /**
     * Folds the sums of adjacent rows, adds the bias and passes the results on.
     *
     * @param a where the first one's is, {@code apart} bytes from one to the next
     */
    private void store(long a, long apart, int row, int count) {
      for (int j = 0; j < count; j += Layout.LANES) {
        lanes.fold(sums, a + j * apart, apart, out, 4L * j, 16);
      }
      if (task.bias().isPresent()) {
        MemorySegment bias = own[worker].get(BIAS, 4L * KEPT);
        packing.pack(task.bias().get(), row, count, Layout.NATURAL, bias, 0, STEP_BYTES);
        VectorMath.add(out, 0, bias, 0, (long) Layout.NATURAL.steps(count) * STEP_BYTES);
      }
      results.take(out, row, count);
    }
  }
}

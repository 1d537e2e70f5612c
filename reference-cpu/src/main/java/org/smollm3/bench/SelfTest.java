package org.smollm3.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.cpu.kernels.AttendTask;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.LinearTask;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Probe;
import org.smollm3.tensor.DType;

/**
 * Whether the JVM has compiled the kernels: each runs on data that the caches hold until it is fast
 * enough, beside the multiply-adds that this machine can do. A JVM whose quick compiler gives up on
 * a method sometimes leaves it to its interpreter for ever, a hundred times slower.
 */
final class SelfTest implements AutoCloseable {
  private static final int TOKENS = 64;
  private static final int HIDDEN = 1024;

  // All that one kernel touches takes a quarter of one core's level 2 (1 MB with 8 ways): its pages
  // lie where they fall, and of more of them some would share their places in too many ways.

  /** Of linear layers. */
  private static final int OUTPUTS = 128;

  /** For work on single elements. */
  private static final int ROWS = 32;

  private static final int HEADS = 8;
  private static final int GROUPS = 2;
  private static final int DIM = 128;
  private static final int KEYS = 256;

  /** Time of one measurement: long beside a wake-up of the workers. */
  private static final long SAMPLE_NANOS = 10_000_000;

  /** Rounds that the machine's own loop gets to be compiled: against less all would look fast. */
  private static final int LEAST_ROUNDS = 4;

  /** For work on single elements: ten times what the interpreter reaches. */
  private static final double LEAST_ELEMENTS = 3e-4;

  private final Arena arena = Arena.ofShared();
  private final Kernels kernels;
  private final Optional<Probe> probe;
  private final List<Kernel> list = new ArrayList<>();

  /**
   * @param work multiply-adds, or elements where there are none to speak of
   * @param least share of the multiply-add peak below which it counts as not compiled: a sixth or
   *     less of what it reaches with 512-bit vectors
   */
  private record Kernel(String name, double work, double least, Runnable run) {}

  /**
   * What a kernel reached.
   *
   * @param share work a second over the machine's multiply-adds a second, the best so far
   * @param least what it must reach
   * @param seconds from the first call to the end of the measurement
   */
  record Result(String name, double share, double least, double seconds) {
    boolean isSlow() {
      return share < least;
    }

    /** What to tell a user about a slow one. */
    String warning() {
      return String.format(
          Locale.ROOT,
          "kernel '%s' stays slow: %.3f %% of this machine's multiply-add peak after %.1f s, at"
              + " least %.2f %% is expected; the JVM has not compiled it. Start again, and if it"
              + " stays so add the JVM option -XX:-TieredCompilation",
          name,
          100 * share,
          seconds,
          100 * least);
    }
  }

  SelfTest(MeasuredCpu cpu) {
    kernels = cpu.times();
    probe = cpu.probe();
    for (int m : new int[] {1, 8, 24, TOKENS}) {
      Operand x = bf16((long) m * HIDDEN);
      Operand w = bf16((long) OUTPUTS * HIDDEN);
      Operand y = bf16((long) m * OUTPUTS);
      LinearTask task = new LinearTask(x, w, Optional.empty(), y, m, OUTPUTS, HIDDEN);
      add("linear, " + tokens(m), (double) m * OUTPUTS * HIDDEN, 0.01, () -> kernels.linear(task));
    }
    for (int tokens : new int[] {1, TOKENS}) {
      AttendTask task = attention(tokens);
      double work = 2.0 * HEADS * tokens * (KEYS + tokens / 2.0) * DIM;
      add("attention, " + tokens(tokens), work, 0.003, () -> kernels.attend(task));
    }
    int n = ROWS * HIDDEN;
    Operand a = bf16(n);
    Operand b = bf16(n);
    Operand y = bf16(n);
    Operand gain = bf16(HIDDEN);
    Operand table = new Operand(pages(4L * ROWS * DIM), DType.F32);
    add("norm", n, LEAST_ELEMENTS, () -> kernels.rmsNorm(a, gain, y, ROWS, HIDDEN, 1e-6));
    add("rotation", n, LEAST_ELEMENTS, () -> kernels.rotate(a, table, y, 1, HEADS, ROWS, DIM));
    add("swiglu", n, LEAST_ELEMENTS / 2, () -> kernels.swiGlu(a, b, y, n));
    add("add", n, LEAST_ELEMENTS, () -> kernels.add(a, b, y, n));
  }

  private static String tokens(int count) {
    return count == 1 ? "1 token" : count + " tokens";
  }

  private void add(String name, double work, double least, Runnable run) {
    list.add(new Kernel(name, work, least, run));
  }

  private Operand bf16(long elements) {
    MemorySegment memory = pages(2 * elements);
    memory.fill((byte) 0x3c); // about 0.01
    return new Operand(memory, DType.BF16);
  }

  /**
   * From the start of a page, so that distances are the same in all JVMs: a core takes what it
   * loads for what it has just stored where their places in a page are the same.
   */
  private MemorySegment pages(long bytes) {
    return arena.allocate(bytes, 4096);
  }

  private AttendTask attention(int tokens) {
    int[] positions = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      positions[t] = KEYS + t;
    }
    return new AttendTask(
        bf16((long) HEADS * tokens * DIM),
        bf16((long) GROUPS * KEYS * DIM),
        bf16((long) GROUPS * KEYS * DIM),
        bf16((long) GROUPS * tokens * DIM),
        bf16((long) GROUPS * tokens * DIM),
        bf16((long) HEADS * tokens * DIM),
        1,
        HEADS,
        GROUPS,
        tokens,
        DIM,
        KEYS,
        new int[] {0},
        new int[] {KEYS},
        positions,
        Integer.MAX_VALUE,
        0.1f);
  }

  /** Until each is fast enough, or the time is over; nothing where there are no vectors. */
  List<Result> untilFast(double seconds) {
    return run(seconds, kernel -> kernel.least());
  }

  /** All kernels in turn until the time is over: the best that each reaches. */
  List<Result> best(double seconds) {
    return run(seconds, kernel -> Double.POSITIVE_INFINITY);
  }

  private interface Goal {
    double of(Kernel kernel);
  }

  private List<Result> run(double seconds, Goal goal) {
    double[] best = new double[list.size()];
    double[] at = new double[list.size()];
    if (probe.isEmpty()) {
      return List.of();
    }
    long start = System.nanoTime();
    double peak = 0;
    boolean wanting = true;
    for (int round = 0;
        round < LEAST_ROUNDS || (wanting && (System.nanoTime() - start) / 1e9 < seconds);
        round++) {
      // Others share the machine: the best so far, as of the kernels.
      peak = Math.max(peak, probe.get().fmaPeak() / 2);
      wanting = false;
      for (int i = 0; i < best.length; i++) {
        if (best[i] / peak < goal.of(list.get(i))) {
          best[i] = Math.max(best[i], sample(list.get(i)));
          at[i] = (System.nanoTime() - start) / 1e9;
          wanting |= best[i] / peak < goal.of(list.get(i));
        }
      }
    }
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < best.length; i++) {
      results.add(new Result(list.get(i).name(), best[i] / peak, list.get(i).least(), at[i]));
    }
    return results;
  }

  /** Work a second. */
  private static double sample(Kernel kernel) {
    long start = System.nanoTime();
    long nanos = 0;
    int calls = 0;
    while (nanos < SAMPLE_NANOS) {
      kernel.run().run();
      calls++;
      nanos = System.nanoTime() - start;
    }
    return calls * kernel.work() * 1e9 / nanos;
  }

  @Override
  public void close() {
    arena.close();
  }
}

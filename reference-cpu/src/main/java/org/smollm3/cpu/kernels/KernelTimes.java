package org.smollm3.cpu.kernels;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Passes every operation on, and adds up what each kind of them took and did. */
public final class KernelTimes implements Kernels {
  /** Kinds of operations. */
  public enum Family {
    LINEAR,
    ATTENTION,
    NORM,
    ROTATION,
    SWIGLU,
    ADD,
    OTHER
  }

  /**
   * What a kind of operations came to.
   *
   * @param nanos time in them
   * @param bytes of weights, keys and values that they had to read
   * @param flops additions and multiplications that they had to do
   */
  public record Total(long nanos, long bytes, long flops) {
    public static final Total NONE = new Total(0, 0, 0);

    Total plus(long moreNanos, long moreBytes, long moreFlops) {
      return new Total(nanos + moreNanos, bytes + moreBytes, flops + moreFlops);
    }
  }

  private final Kernels kernels;
  private final Map<Family, Total> totals = new EnumMap<>(Family.class);

  public KernelTimes(Kernels kernels) {
    this.kernels = kernels;
  }

  /** What came up since the last call. */
  public synchronized Map<Family, Total> take() {
    Map<Family, Total> taken = new EnumMap<>(Family.class);
    for (Family family : Family.values()) {
      taken.put(family, totals.getOrDefault(family, Total.NONE));
    }
    totals.clear();
    return taken;
  }

  private synchronized void time(Family family, long bytes, long flops, Runnable operation) {
    long start = System.nanoTime();
    operation.run();
    long nanos = System.nanoTime() - start;
    totals.put(family, totals.getOrDefault(family, Total.NONE).plus(nanos, bytes, flops));
  }

  @Override
  public String description() {
    return kernels.description();
  }

  @Override
  public void linear(LinearTask task) {
    timeLinear(List.of(task), () -> kernels.linear(task));
  }

  @Override
  public void linearEach(List<LinearTask> tasks) {
    timeLinear(tasks, () -> kernels.linearEach(tasks));
  }

  /** The product of gate and up counts as a part of the layers, which it takes a thousandth of. */
  @Override
  public void linearSwiGlu(LinearTask gate, LinearTask up, Operand y) {
    timeLinear(List.of(gate, up), () -> kernels.linearSwiGlu(gate, up, y));
  }

  @Override
  public void linearTopK(LinearTask task, Greatest greatest) {
    timeLinear(List.of(task), () -> kernels.linearTopK(task, greatest));
  }

  private void timeLinear(List<LinearTask> tasks, Runnable operation) {
    long bytes = 0;
    long flops = 0;
    for (LinearTask task : tasks) {
      long products = (long) task.n() * task.k();
      bytes += task.w().bytes(products);
      flops += 2 * products * task.m();
    }
    time(Family.LINEAR, bytes, flops, operation);
  }

  @Override
  public void attend(AttendTask task) {
    long seen = 0;
    long read = 0;
    for (int b = 0; b < task.batch(); b++) {
      for (int t = 0; t < task.tokens(); t++) {
        seen += task.endKey(b, t) - task.firstKey(b, t);
      }
      read += task.endKey(b, task.tokens() - 1) - task.firstKey(b, 0);
    }
    long bytes = 2 * read * task.groups() * task.dim() * task.kCache().dtype().byteSize();
    long flops = 4 * seen * task.heads() * task.dim();
    time(Family.ATTENTION, bytes, flops, () -> kernels.attend(task));
  }

  @Override
  public void rmsNorm(Operand x, Operand weight, Operand y, int rows, int n, double epsilon) {
    time(Family.NORM, 0, 0, () -> kernels.rmsNorm(x, weight, y, rows, n, epsilon));
  }

  @Override
  public void softmax(Operand x, Operand y, int rows, int n) {
    time(Family.OTHER, 0, 0, () -> kernels.softmax(x, y, rows, n));
  }

  @Override
  public void swiGlu(Operand gate, Operand up, Operand y, long n) {
    time(Family.SWIGLU, 0, 0, () -> kernels.swiGlu(gate, up, y, n));
  }

  @Override
  public void add(Operand a, Operand b, Operand y, long n) {
    time(Family.ADD, 0, 0, () -> kernels.add(a, b, y, n));
  }

  @Override
  public void convert(Operand x, Operand y, long n) {
    time(Family.OTHER, 0, 0, () -> kernels.convert(x, y, n));
  }

  @Override
  public void rotate(
      Operand x, Operand table, Operand y, int batch, int heads, int tokens, int dim) {
    time(Family.ROTATION, 0, 0, () -> kernels.rotate(x, table, y, batch, heads, tokens, dim));
  }
}

package org.smollm3.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Probe;
import org.smollm3.spi.BackendOptions;
import org.smollm3.tensor.DType;

/**
 * The kernels of {@code cpu} and what the machine does at most with the same threads, measured
 * before every iteration: on a shared machine only their ratio means anything.
 */
@State(Scope.Benchmark)
public class Machine {
  /** More than caches hold; a benchmark that wants memory goes round in it. */
  static final long FAR_BYTES = 512L << 20;

  private static final int PROBES = 3;

  /** Threads of the kernels; 0 for as many as there are processors. */
  @Param("0")
  int threads;

  private Arena arena;
  private MeasuredCpu cpu;
  private Probe probe;
  private MemorySegment far;
  private double bytesPerSecond;
  private double flopsPerSecond;

  @Setup(Level.Trial)
  public void open() {
    int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    BackendOptions options = BackendOptions.defaults().with("threads", Integer.toString(count));
    arena = Arena.ofShared();
    cpu = MeasuredCpu.open(options);
    probe =
        cpu.probe()
            .orElseThrow(() -> new IllegalStateException("add --add-modules jdk.incubator.vector"));
    far = arena.allocate(FAR_BYTES, 64);
    far.fill((byte) 0x3c); // about 0.01 in bfloat16 and in float32
    // Twice, because the first time both loops are still being compiled.
    for (int i = 0; i < 2; i++) {
      probe.chooseReading(List.of(far));
    }
  }

  @Setup(Level.Iteration)
  public void measure() {
    bytesPerSecond = 0;
    flopsPerSecond = 0;
    for (int i = 0; i < PROBES; i++) {
      bytesPerSecond = Math.max(bytesPerSecond, probe.readBandwidth(List.of(far)));
      flopsPerSecond = Math.max(flopsPerSecond, probe.fmaPeak());
    }
  }

  @TearDown(Level.Trial)
  public void close() {
    cpu.close();
    arena.close();
  }

  Kernels kernels() {
    return cpu.times();
  }

  /** Memory that was filled, for operands of several runs: no cache holds it. */
  MemorySegment far() {
    return far;
  }

  /** An operand of its own, all elements about 0.01. */
  Operand operand(DType dtype, long elements) {
    MemorySegment memory = arena.allocate(elements * dtype.byteSize(), 64);
    memory.fill((byte) 0x3c);
    return new Operand(memory, dtype);
  }

  /**
   * What is printed beside the runs a second: the share of the machine's read bandwidth and of its
   * multiply-add peak. A counter holds the time that the work would take at that limit; JMH divides
   * it by the time that it took.
   */
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  @State(Scope.Thread)
  public static class Shares {
    public double ofBandwidth;
    public double ofPeak;

    @Setup(Level.Iteration)
    public void reset() {
      ofBandwidth = 0;
      ofPeak = 0;
    }

    void add(Machine machine, double bytes, double flops) {
      ofBandwidth += bytes / machine.bytesPerSecond;
      ofPeak += flops / machine.flopsPerSecond;
    }
  }
}

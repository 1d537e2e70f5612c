package org.smollm3.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.smollm3.bench.Machine.Shares;
import org.smollm3.cpu.kernels.AttendTask;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.tensor.DType;

/** Grouped-query attention of the 3B width, a layer's cache after the other as in a model. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionBenchmark {
  private static final int HEADS = 16;
  private static final int GROUPS = 4;
  private static final int DIM = 128;
  private static final int LAYERS = 16;

  /** One is decoding. */
  @Param({"1", "256"})
  int tokens;

  /** What is in the cache before them. */
  @Param({"16", "512", "4096"})
  int positions;

  @Param({"BF16", "F32"})
  DType cache;

  private final List<AttendTask> tasks = new ArrayList<>();
  private int next;
  private double bytes;
  private double flops;

  @Setup
  public void prepare(Machine machine) {
    int[] at = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      at[t] = positions + t;
    }
    Operand q = machine.operand(DType.BF16, (long) HEADS * tokens * DIM);
    Operand y = machine.operand(DType.BF16, (long) HEADS * tokens * DIM);
    Operand active = machine.operand(cache, (long) GROUPS * tokens * DIM);
    for (int layer = 0; layer < LAYERS; layer++) {
      Operand keys = machine.operand(cache, (long) GROUPS * positions * DIM);
      Operand values = machine.operand(cache, (long) GROUPS * positions * DIM);
      tasks.add(
          new AttendTask(
              q,
              keys,
              values,
              active,
              active,
              y,
              1,
              HEADS,
              GROUPS,
              tokens,
              DIM,
              positions,
              new int[] {0},
              new int[] {positions},
              at,
              Integer.MAX_VALUE,
              0.088f));
    }
    bytes = 2.0 * GROUPS * (positions + tokens) * DIM * cache.byteSize();
    flops = 4.0 * HEADS * DIM * tokens * (positions + (tokens + 1) / 2.0);
  }

  @Benchmark
  public void attend(Machine machine, Shares shares) {
    machine.kernels().attend(tasks.get(next));
    next = (next + 1) % tasks.size();
    shares.add(machine, bytes, flops);
  }
}

package org.smollm3.bench;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
import org.smollm3.cpu.kernels.LinearTask;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/** Linear layers of the 3B width; the weights of a run are in no cache. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class LinearBenchmark {
  /** Rows of the weight, which are outputs, and columns, which are inputs. */
  @Param({"2048x2048", "512x2048", "11008x2048", "2048x11008"})
  String weight;

  /** One is decoding; the kernel depends on how many. */
  @Param({"1", "8", "40", "512"})
  int tokens;

  /** BF16, F32, or an int8 format. */
  @Param({"BF16", "F32", "int8", "int8-group32"})
  String stored;

  private final List<LinearTask> tasks = new ArrayList<>();
  private int next;
  private double bytes;
  private double flops;

  @Setup
  public void prepare(Machine machine) {
    int n = Integer.parseInt(weight.substring(0, weight.indexOf('x')));
    int k = Integer.parseInt(weight.substring(weight.indexOf('x') + 1));
    Optional<Int8Format> format = Int8Format.byLabel(stored);
    DType dtype = format.isPresent() ? DType.I8 : DType.valueOf(stored);
    Operand x = machine.operand(DType.BF16, (long) tokens * k);
    Operand y = machine.operand(DType.BF16, (long) tokens * n);
    long size = (long) n * k * dtype.byteSize();
    double scaleBytes = 0;
    Optional<Operand.Scales> scales = Optional.empty();
    if (format.isPresent()) {
      long count = n * format.get().scales((long) k);
      scales =
          Optional.of(
              new Operand.Scales(machine.operand(DType.F32, count).segment(), format.get(), k));
      scaleBytes = 4.0 * count;
    }
    for (long at = 0; at + size <= Machine.FAR_BYTES; at += size) {
      MemorySegment w = machine.far().asSlice(at, size);
      Operand rows = new Operand(w, dtype, scales);
      tasks.add(new LinearTask(x, rows, Optional.empty(), y, tokens, n, k));
    }
    bytes = size + scaleBytes;
    flops = 2.0 * tokens * n * k;
  }

  @Benchmark
  public void linear(Machine machine, Shares shares) {
    machine.kernels().linear(tasks.get(next));
    next = (next + 1) % tasks.size();
    shares.add(machine, bytes, flops);
  }
}

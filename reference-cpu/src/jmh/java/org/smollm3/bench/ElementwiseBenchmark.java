package org.smollm3.bench;

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
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.tensor.DType;

/** What runs between the matrices of a layer, on the 3B width; operands are in the caches. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class ElementwiseBenchmark {
  private static final int HIDDEN = 2048;
  private static final int INNER = 11008;
  private static final int HEADS = 16;
  private static final int DIM = 128;

  @Param({"1", "512"})
  int tokens;

  @Param({"BF16", "F32"})
  DType type;

  private Operand hidden;
  private Operand other;
  private Operand result;
  private Operand gain;
  private Operand table;
  private Operand gate;
  private Operand up;
  private Operand inner;

  @Setup
  public void prepare(Machine machine) {
    long elements = (long) tokens * HIDDEN;
    hidden = machine.operand(type, elements);
    other = machine.operand(type, elements);
    result = machine.operand(type, elements);
    gain = machine.operand(type, HIDDEN);
    table = machine.operand(DType.F32, (long) tokens * DIM);
    gate = machine.operand(type, (long) tokens * INNER);
    up = machine.operand(type, (long) tokens * INNER);
    inner = machine.operand(type, (long) tokens * INNER);
  }

  private double hiddenBytes(int operands) {
    return (double) operands * tokens * HIDDEN * type.byteSize();
  }

  @Benchmark
  public void rmsNorm(Machine machine, Shares shares) {
    machine.kernels().rmsNorm(hidden, gain, result, tokens, HIDDEN, 1e-6);
    shares.add(machine, hiddenBytes(2), 4.0 * tokens * HIDDEN);
  }

  @Benchmark
  public void rotate(Machine machine, Shares shares) {
    machine.kernels().rotate(hidden, table, result, 1, HEADS, tokens, DIM);
    shares.add(machine, hiddenBytes(2), 3.0 * tokens * HIDDEN);
  }

  @Benchmark
  public void add(Machine machine, Shares shares) {
    machine.kernels().add(hidden, other, result, (long) tokens * HIDDEN);
    shares.add(machine, hiddenBytes(3), (double) tokens * HIDDEN);
  }

  @Benchmark
  public void convert(Machine machine, Shares shares) {
    machine.kernels().convert(hidden, result, (long) tokens * HIDDEN);
    shares.add(machine, hiddenBytes(2), 0);
  }

  @Benchmark
  public void softmax(Machine machine, Shares shares) {
    machine.kernels().softmax(hidden, result, tokens, HIDDEN);
    shares.add(machine, hiddenBytes(2), 3.0 * tokens * HIDDEN);
  }

  /** Bytes only: how many operations an exponential counts for is a matter of taste. */
  @Benchmark
  public void swiGlu(Machine machine, Shares shares) {
    machine.kernels().swiGlu(gate, up, inner, (long) tokens * INNER);
    shares.add(machine, 3.0 * tokens * INNER * type.byteSize(), 0);
  }
}

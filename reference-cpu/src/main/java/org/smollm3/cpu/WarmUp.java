package org.smollm3.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.LinearTask;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.tensor.DType;

/**
 * Runs the linear kernels of a short prompt in bfloat16 on a few numbers of its own, from when a
 * backend is opened until the JVM has compiled them. One that is not compiled is some hundred times
 * slower, and all threads that run it so in a first layer keep the compiler from the cores.
 *
 * <p>The others are left to the first layers: to compile them too took longer than it saved.
 */
final class WarmUp implements AutoCloseable {
  /** A round takes a fifth of it when all is compiled, and some twenty times it at first. */
  private static final long COMPILED_NANOS = 500_000;

  /** After that a model is better off with the kernels as they are. */
  private static final long LONGEST_NANOS = 1_500_000_000;

  private static final int TOKENS = 2;

  /** The compiler counts calls more than what they do, and each iteration is slow till then. */
  private static final int HIDDEN = 768;

  /** A tile of a few tokens; half as many for one, two of each stream, since often it has more. */
  private static final int ROWS = 32;

  private final Thread thread;
  private volatile boolean closed;

  private WarmUp(Function<Parallel, Kernels> kernels) {
    thread =
        Thread.ofPlatform()
            .daemon(true)
            .name("smollm3-cpu-warm-up")
            .unstarted(() -> run(kernels.apply(new Alone())));
  }

  /**
   * Begins; empty where no kernel of bfloat16 will run.
   *
   * @param settings of the backend
   */
  static Optional<WarmUp> start(CpuSettings settings) {
    if (settings.vectorBits().isEmpty() || settings.weights().isPresent()) {
      return Optional.empty();
    }
    WarmUp warmUp = new WarmUp(settings::kernels);
    warmUp.thread.start();
    return Optional.of(warmUp);
  }

  /** The compiler needs the other cores. */
  private record Alone() implements Parallel {
    @Override
    public int threads() {
      return 1;
    }

    @Override
    public void run(int tiles, Tile tile) {
      for (int i = 0; i < tiles; i++) {
        tile.run(0, i);
      }
    }
  }

  private void run(Kernels kernels) {
    List<Runnable> round = round(kernels);
    long start = System.nanoTime();
    long began;
    do {
      began = System.nanoTime();
      for (Runnable kernel : round) {
        if (!closed) {
          kernel.run();
        }
      }
    } while (!closed
        && System.nanoTime() - began > COMPILED_NANOS
        && began - start < LONGEST_NANOS);
  }

  /** Two tokens for prompts, one for the logits: nearly all of a first token's work. */
  private static List<Runnable> round(Kernels kernels) {
    Operand x = bf16(TOKENS * HIDDEN);
    Operand w = bf16(ROWS * HIDDEN);
    Operand y = bf16(TOKENS * ROWS);
    return IntStream.rangeClosed(1, TOKENS)
        .mapToObj(tokens -> task(x, w, y, tokens, tokens == 1 ? ROWS / 2 : ROWS))
        .map(task -> (Runnable) () -> kernels.linear(task))
        .toList();
  }

  private static LinearTask task(Operand x, Operand w, Operand y, int tokens, int rows) {
    return new LinearTask(x, w, Optional.empty(), y, tokens, rows, HIDDEN);
  }

  private static Operand bf16(int elements) {
    MemorySegment memory = memory(2L * elements);
    memory.fill((byte) 0x3c); // about 0.01
    return new Operand(memory, DType.BF16);
  }

  /** Of the kind that kernels see later: to compile for another would be of no use. */
  private static MemorySegment memory(long bytes) {
    return Arena.ofAuto().allocate(bytes, 64);
  }

  /** Returns when it has ended, or the thread is interrupted. */
  void await() {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether it goes on. */
  boolean isRunning() {
    return thread.isAlive();
  }

  /** Ends it after the kernel that is running. */
  @Override
  public void close() {
    closed = true;
    await();
  }
}

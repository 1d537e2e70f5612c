package org.smollm3.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.error.BackendException;

/**
 * A fixed set of platform threads for the life of a backend. Work is cut into tiles that the caller
 * and the workers claim one by one, so the caller can finish alone when the machine is busy with
 * something else. Which thread runs a tile never changes what it computes.
 *
 * <p>Idle workers spin for longer than anything takes that a decode step does between two
 * operations, and then park: to wake one takes 15 to 50 microseconds, as long as a small matrix;
 * spinning for ever costs far more than it saves as soon as another process wants the cores.
 */
final class WorkerPool implements Parallel, AutoCloseable {
  /** System property with the number of threads, the caller included. */
  static final String PROPERTY = "smollm3.threads";

  private static final long SPIN_NANOS = 200_000;

  /** A few threads a core may be wanted to test that results do not depend on it; not more. */
  private static final int MAX_THREADS = 1024;

  private final Thread[] workers;
  private final boolean[] parked;
  private final ReentrantLock running = new ReentrantLock();
  private volatile @Nullable Job job;
  private volatile boolean closed;

  /**
   * @param threads how many, the caller included; at least 1
   */
  WorkerPool(int threads) {
    workers = new Thread[threads - 1];
    parked = new boolean[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      int index = i;
      workers[i] =
          Thread.ofPlatform().daemon(true).name("smollm3-cpu-" + (i + 1)).start(() -> work(index));
    }
  }

  /**
   * Reads a number of threads.
   *
   * @param source what to call the setting in a message
   */
  static int parseThreads(String text, String source) {
    int threads;
    try {
      threads = Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw new BackendException(
          source + " is '" + text + "', not a number of threads; give a whole number from 1", e);
    }
    if (threads < 1 || threads > MAX_THREADS) {
      throw new BackendException(
          source + " is " + threads + "; give a number of threads from 1 to " + MAX_THREADS);
    }
    return threads;
  }

  @Override
  public int threads() {
    return workers.length + 1;
  }

  @Override
  public void run(int tiles, Tile tile) {
    if (running.isHeldByCurrentThread()) {
      throw new IllegalStateException("a tile cannot start parallel work of its own");
    }
    running.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the cpu backend is closed");
      }
      if (workers.length == 0 || tiles <= 1) {
        for (int i = 0; i < tiles; i++) {
          tile.run(0, i);
        }
        return;
      }
      Job current = new Job(tiles, tile);
      job = current;
      wake(tiles - 1);
      current.claim(0);
      current.await();
      current.rethrow();
    } finally {
      job = null;
      running.unlock();
    }
  }

  private void wake(int wanted) {
    synchronized (parked) {
      for (int i = 0; i < workers.length && i < wanted; i++) {
        if (parked[i]) {
          parked[i] = false;
          LockSupport.unpark(workers[i]);
        }
      }
    }
  }

  private void work(int index) {
    Job last = null;
    while (!closed) {
      Job next = job;
      if (next == null || next == last) {
        next = awaitJob(index, last);
      }
      if (next != null) {
        last = next;
        try {
          next.claim(index + 1);
        } catch (InternalError e) {
          // A failed read of mapped memory is thrown when the JVM gets round to it, which may be
          // after its tile. It fails the job all the same, and the worker goes on.
          next.fail(e);
        }
      }
    }
  }

  private @Nullable Job awaitJob(int index, @Nullable Job last) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < SPIN_NANOS) {
      for (int i = 0; i < 32; i++) {
        Thread.onSpinWait();
      }
      Job next = job;
      if ((next != null && next != last) || closed) {
        return next;
      }
    }
    while (!closed) {
      // Before every look, not once: who wakes a worker takes the mark away, and a job that the
      // caller finished alone is gone before its worker comes to look.
      synchronized (parked) {
        parked[index] = true;
      }
      Job next = job;
      if ((next != null && next != last) || closed) {
        break;
      }
      LockSupport.park(this);
    }
    synchronized (parked) {
      parked[index] = false;
    }
    return job;
  }

  /** Ends the threads, after the work that is running; closing twice is harmless. */
  @Override
  public void close() {
    running.lock();
    try {
      closed = true;
    } finally {
      running.unlock();
    }
    boolean interrupted = false;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** One call of {@link #run}. */
  private static final class Job {
    private final int tiles;
    private final Tile tile;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread caller = Thread.currentThread();

    Job(int tiles, Tile tile) {
      this.tiles = tiles;
      this.tile = tile;
    }

    void claim(int worker) {
      for (int i = next.getAndIncrement(); i < tiles; i = next.getAndIncrement()) {
        try {
          if (failure.get() == null) {
            tile.run(worker, i);
          }
        } catch (Throwable e) { // whatever it is, the caller must hear of it
          failure.compareAndSet(null, e);
        } finally {
          if (done.incrementAndGet() == tiles && worker != 0) {
            LockSupport.unpark(caller);
          }
        }
      }
    }

    void fail(Throwable e) {
      failure.compareAndSet(null, e);
    }

    void await() {
      long start = System.nanoTime();
      while (done.get() < tiles) {
        if (System.nanoTime() - start < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
      }
    }

    void rethrow() {
      Throwable thrown = failure.get();
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown instanceof RuntimeException exception) {
        throw exception;
      }
    }
  }
}

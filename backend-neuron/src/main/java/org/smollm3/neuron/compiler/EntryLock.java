package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.smollm3.error.BackendException;

/**
 * The exclusive right to write an entry of the cache, among the threads of this JVM and among
 * processes. The system takes it back from a process that ends, however it ends; the lock file
 * stays, as deleting it would let a second process lock a file of the same name.
 */
final class EntryLock implements AutoCloseable {
  /**
   * The lock files that this JVM has open. POSIX gives a lock to the process and takes it back when
   * the process closes the file, even through another descriptor: a second thread that opens the
   * file and closes it would set free what the first one holds. So only one opens it, and who that
   * is can only be known JVM-wide, as the locks themselves are.
   */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  static final String FILE = NeuronCompiler.MODULE + ".lock";

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Path key;
  private final FileChannel channel;

  private EntryLock(Path key, FileChannel channel) {
    this.key = key;
    this.channel = channel;
  }

  /**
   * Waits until the lock is free and takes it.
   *
   * @param folder of the entry, which is there
   * @param waiting called while another has it, with the time since the call
   * @throws BackendException if another keeps it for longer than the time limit
   */
  static EntryLock acquire(Path folder, Duration timeout, Consumer<Duration> waiting)
      throws IOException, InterruptedException {
    Path key = folder.toRealPath().resolve(FILE);
    Deadline deadline = new Deadline(key, timeout, waiting);
    while (!OPEN.add(key)) {
      deadline.await();
    }
    try {
      FileChannel channel =
          FileChannel.open(key, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        while (channel.tryLock() == null) {
          deadline.await();
        }
        return new EntryLock(key, channel);
      } catch (Throwable e) {
        channel.close();
        throw e;
      }
    } catch (Throwable e) {
      OPEN.remove(key);
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      OPEN.remove(key);
    }
  }

  private static final class Deadline {
    private final long begun = System.nanoTime();
    private final Path file;
    private final Duration timeout;
    private final Consumer<Duration> waiting;

    Deadline(Path file, Duration timeout, Consumer<Duration> waiting) {
      this.file = file;
      this.timeout = timeout;
      this.waiting = waiting;
    }

    void await() throws InterruptedException {
      Duration elapsed = Duration.ofNanos(System.nanoTime() - begun);
      if (elapsed.compareTo(timeout) > 0) {
        throw new BackendException(
            "another thread or process has been compiling this module for more than %s: end the"
                    .formatted(Durations.text(timeout))
                + " one that holds "
                + file
                + ", or raise the time limit");
      }
      waiting.accept(elapsed);
      TimeUnit.NANOSECONDS.sleep(POLL_NANOS);
    }
  }
}

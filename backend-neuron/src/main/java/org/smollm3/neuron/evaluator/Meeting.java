package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.smollm3.error.BackendException;

/**
 * Where the ranks of one run wait for each other. When one fails, or leaves while others wait, all
 * that wait or come later are sent away, so that nobody waits for ever.
 */
final class Meeting {
  /** Ends a rank because of another one; never seen outside. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stopped() {
      super("another rank failed", null, false, false);
    }
  }

  private final int ranks;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final MemorySegment[] inputs;
  private final MemorySegment[] outputs;
  private String place = "";
  private int arrived;
  private int finished;
  private long round;
  private volatile boolean stopped;

  Meeting(int ranks) {
    this.ranks = ranks;
    inputs = new MemorySegment[ranks];
    outputs = new MemorySegment[ranks];
    Arrays.fill(inputs, MemorySegment.NULL);
    Arrays.fill(outputs, MemorySegment.NULL);
  }

  /** Waits until all ranks are at this place, and shows them this rank's memory. */
  void show(int rank, String where, MemorySegment input, MemorySegment output) {
    inputs[rank] = input;
    outputs[rank] = output;
    await(where);
  }

  /** What a rank has shown last. */
  MemorySegment input(int rank) {
    return inputs[rank];
  }

  MemorySegment output(int rank) {
    return outputs[rank];
  }

  /** Waits until all ranks are at this place. */
  void await(String where) {
    lock.lock();
    try {
      checkStopped();
      if (arrived == 0) {
        place = where;
      } else if (!place.equals(where)) {
        throw new BackendException("the ranks meet at " + place + " and at " + where);
      }
      if (finished > 0) {
        throw alone(where);
      }
      arrived++;
      if (arrived == ranks) {
        arrived = 0;
        round++;
        changed.signalAll();
        return;
      }
      long mine = round;
      while (mine == round) {
        changed.awaitUninterruptibly();
        checkStopped();
      }
    } finally {
      lock.unlock();
    }
  }

  private static BackendException alone(String where) {
    return new BackendException(
        "a rank has finished without " + where + ", which others wait at for it");
  }

  /** A rank is done. Ranks that still wait for it will not be met. */
  void finish() {
    lock.lock();
    try {
      finished++;
      if (arrived > 0) {
        throw alone(place);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Sends all ranks away. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * @throws Stopped if another rank has failed
   */
  void checkStopped() {
    if (stopped) {
      throw new Stopped();
    }
  }
}

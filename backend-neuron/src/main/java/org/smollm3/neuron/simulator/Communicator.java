package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.SimulatedProgram.Outcome;

/**
 * Ranks that run together. The last one to arrive runs the program for all; they leave together. A
 * rank that waits in vain leaves the communicator unusable, as a hanging collective does.
 */
final class Communicator {
  private final ReentrantLock lock;
  private final Condition changed;
  private final int world;
  private final Map<Integer, Arrival> waiting = new TreeMap<>();
  private final Map<Integer, Integer> loads = new TreeMap<>();
  private boolean stuck;
  private int users;

  /** A rank at the meeting point. */
  private static final class Arrival {
    final Visit visit;
    OptionalInt end = OptionalInt.empty();
    String message = "";

    Arrival(Visit visit) {
      this.visit = visit;
    }
  }

  /**
   * What a rank brings.
   *
   * @param key the same on all ranks that do the same
   */
  record Visit(
      int rank,
      String key,
      SimulatedProgram program,
      List<MemorySegment> inputs,
      List<MemorySegment> outputs) {}

  Communicator(ReentrantLock lock, Condition changed, int world) {
    this.lock = lock;
    this.changed = changed;
    this.world = world;
  }

  int world() {
    return world;
  }

  void addUser() {
    users++;
  }

  int removeUser() {
    return --users;
  }

  /**
   * Counts a load of a rank, and waits until all ranks have as many.
   *
   * @param released ends the waiting
   */
  void awaitLoads(int rank, BooleanSupplier released) {
    lock.lock();
    try {
      int mine = loads.merge(rank, 1, Integer::sum);
      changed.signalAll();
      while (!released.getAsBoolean() && !allHaveLoaded(mine)) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean allHaveLoaded(int times) {
    return loads.size() == world && loads.values().stream().allMatch(count -> count >= times);
  }

  /** Waits for all ranks, and runs. */
  Outcome meet(Visit visit, Duration timeout) {
    Arrival arrival = new Arrival(visit);
    boolean isLast;
    lock.lock();
    try {
      requireNotStuck();
      if (waiting.putIfAbsent(visit.rank(), arrival) != null) {
        throw new StatusException(NrtStatus.INVALID, "rank " + visit.rank() + " is there already");
      }
      isLast = waiting.size() == world;
    } finally {
      lock.unlock();
    }
    if (isLast) {
      runForAll();
    }
    awaitEnd(arrival, timeout);
    if (arrival.end.getAsInt() == NrtStatus.SUCCESS.code()) {
      return Outcome.COMPLETED;
    }
    if (arrival.end.getAsInt() == NrtStatus.EXEC_COMPLETED_WITH_NUM_ERR.code()) {
      return Outcome.PRODUCED_NAN;
    }
    throw new StatusException(NrtStatus.of(arrival.end.getAsInt()).orElseThrow(), arrival.message);
  }

  private void requireNotStuck() {
    if (stuck) {
      throw new StatusException(
          NrtStatus.EXEC_HW_ERR_COLLECTIVES, "an earlier collective of these ranks hangs");
    }
  }

  private void runForAll() {
    List<Arrival> all;
    lock.lock();
    try {
      all = List.copyOf(waiting.values());
      waiting.clear();
    } finally {
      lock.unlock();
    }
    NrtStatus end;
    String message = "";
    try {
      end = runTogether(all.stream().map(arrival -> arrival.visit).toList());
    } catch (StatusException e) {
      end = e.status();
      message = e.reason();
    }
    lock.lock();
    try {
      stuck = stuck || end == NrtStatus.EXEC_HW_ERR_COLLECTIVES;
      for (Arrival arrival : all) {
        arrival.end = OptionalInt.of(end.code());
        arrival.message = message;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static NrtStatus runTogether(List<Visit> visits) {
    Visit first = visits.getFirst();
    for (Visit visit : visits) {
      if (!visit.key().equals(first.key())) {
        throw new StatusException(
            NrtStatus.EXEC_HW_ERR_COLLECTIVES,
            "rank " + visit.rank() + " runs another program than rank " + first.rank());
      }
    }
    Outcome outcome =
        Programs.run(
            first.program(),
            visits.stream().map(Visit::inputs).toList(),
            visits.stream().map(Visit::outputs).toList());
    return outcome == Outcome.COMPLETED ? NrtStatus.SUCCESS : NrtStatus.EXEC_COMPLETED_WITH_NUM_ERR;
  }

  private void awaitEnd(Arrival arrival, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean interrupted = false;
    lock.lock();
    try {
      while (arrival.end.isEmpty()) {
        long left = deadline - System.nanoTime();
        boolean runs = waiting.get(arrival.visit.rank()) != arrival;
        if (!runs && (stuck || left <= 0)) {
          stuck = true;
          waiting.remove(arrival.visit.rank());
          changed.signalAll();
          throw new StatusException(
              NrtStatus.TIMEOUT,
              "rank " + arrival.visit.rank() + " waited in vain for the other " + (world - 1));
        }
        try {
          changed.awaitNanos(runs ? Long.MAX_VALUE : left);
        } catch (InterruptedException e) { // as native code, it takes no notice
          interrupted = true;
        }
      }
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

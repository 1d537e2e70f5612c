package org.smollm3.neuron.simulator;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.simulator.Fault.Effect;
import org.smollm3.neuron.simulator.Fault.When;

/** How far a plan has come, and the gate before which calls hang. */
final class FaultState {
  private final List<Fault> faults;
  private final int[] matches;
  private final CountDownLatch gate = new CountDownLatch(1);

  FaultState(FaultPlan plan) {
    this.faults = plan.faults();
    this.matches = new int[faults.size()];
  }

  /** What a call is to suffer; each call is counted. */
  synchronized Optional<Effect> of(NrtFunction function, int rank) {
    List<Fault> due =
        IntStream.range(0, faults.size())
            .filter(i -> counts(faults.get(i), function, rank))
            .filter(i -> isDue(faults.get(i), ++matches[i]))
            .mapToObj(faults::get)
            .toList();
    return due.stream().map(Fault::effect).findFirst();
  }

  private static boolean counts(Fault fault, NrtFunction function, int rank) {
    return fault.functions().contains(function)
        && (fault.rank().isEmpty() || fault.rank().getAsInt() == rank);
  }

  private static boolean isDue(Fault fault, int match) {
    return fault.when() == When.ONCE ? match == fault.nth() : match >= fault.nth();
  }

  /** Waits until all is released. */
  void hang() {
    boolean interrupted = false;
    while (gate.getCount() > 0) {
      try {
        gate.await();
      } catch (InterruptedException e) { // as native code, it takes no notice
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for a while, or until all is released. */
  void delay(Duration duration) {
    long deadline = System.nanoTime() + duration.toNanos();
    boolean interrupted = false;
    long left = duration.toNanos();
    while (left > 0) {
      try {
        if (gate.await(left, TimeUnit.NANOSECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = deadline - System.nanoTime();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  void release() {
    gate.countDown();
  }

  boolean isReleased() {
    return gate.getCount() == 0;
  }
}

package org.smollm3.neuron.simulator;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What joins processes: ranks with the same NEURON_RT_ROOT_COMM_ID meet. */
public final class SimulatedCluster {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Communicator> communicators = new HashMap<>();

  public SimulatedCluster() {}

  /** The communicator of a world, for one more model of it. */
  Communicator join(String rootCommId, int world) {
    lock.lock();
    try {
      Communicator communicator =
          communicators.computeIfAbsent(
              rootCommId + "/" + world, key -> new Communicator(lock, changed, world));
      communicator.addUser();
      return communicator;
    } finally {
      lock.unlock();
    }
  }

  /** One model less of it; a new one begins when all are gone. */
  void leave(Communicator communicator) {
    lock.lock();
    try {
      if (communicator.removeUser() == 0) {
        communicators.values().remove(communicator);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Lets those that wait look again. */
  void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}

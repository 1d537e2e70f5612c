package org.smollm3.neuron.compiler;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A process and all that it has started. Children whose parent has ended belong to no tree any
 * more, so the tree is looked at while the process runs and what was seen is remembered: only what
 * starts and loses its parent between two looks gets away.
 */
final class ProcessTree {
  private static final long DEATH_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final ProcessHandle root;
  private final Set<ProcessHandle> seen = new HashSet<>();

  ProcessTree(Process process) {
    root = process.toHandle();
    seen.add(root);
  }

  /** Remembers what there is now. */
  synchronized void look() {
    for (ProcessHandle each : List.copyOf(seen)) {
      each.descendants().forEach(seen::add);
    }
    seen.removeIf(each -> !each.isAlive());
  }

  /**
   * Ends whatever is left, the process included. A handle stands for the process it was made for,
   * not for a later one with the same id.
   */
  synchronized void kill() {
    long begun = System.nanoTime();
    look();
    while (!seen.isEmpty() && System.nanoTime() - begun < DEATH_NANOS) {
      // the first generation first, so that it cannot replace the ones below
      root.destroyForcibly();
      seen.forEach(ProcessHandle::destroyForcibly);
      Pause.uninterrupted(TimeUnit.MILLISECONDS.toNanos(5));
      look();
    }
  }
}

package org.smollm3.neuron.nrt;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.smollm3.error.InvalidRequestException;

/**
 * The one runtime of a library: initialised for the first session, closed after the last.
 *
 * <p>Once it is broken (a time limit passed, the device is lost) calls are refused, and nothing is
 * freed while a call is still within libnrt: the device may be using the memory, and libnrt may
 * hold its locks. The session's close frees what is left as soon as the last call has returned; if
 * it never does, the driver frees the device when the process ends.
 */
final class SharedRuntime {
  private static final Logger LOG = System.getLogger(SharedRuntime.class.getName());

  private final String library;
  private final Libnrt nrt;
  private final RuntimeEnvironment environment;

  /** Held while the runtime is initialised or closed. */
  private final ReentrantLock lifeCycle = new ReentrantLock();

  /** Held by the session whose ranks run: collectives of two must never interleave. */
  private final ReentrantLock turn = new ReentrantLock(true);

  /** Guards all below, and the fields of sessions and handles that say so; never held in calls. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private int sessions;
  private int calls;
  private Optional<RuntimeInfo> opened = Optional.empty();
  private Optional<NeuronRuntimeException> broken = Optional.empty();

  SharedRuntime(String library, Libnrt nrt, RuntimeEnvironment environment) {
    this.library = library;
    this.nrt = nrt;
    this.environment = environment;
  }

  Libnrt nrt() {
    return nrt;
  }

  ReentrantLock turn() {
    return turn;
  }

  /** Opens a session, and the runtime if it is the first. */
  NeuronRuntime open(RuntimeOptions options) {
    lifeCycle.lock();
    try {
      requireUsable();
      RuntimeInfo info = opened.isPresent() ? joined(opened.get(), options) : start(options);
      Duration timeout = environment.execTimeout(options);
      lock.lock();
      try {
        opened = Optional.of(info);
        sessions++;
      } finally {
        lock.unlock();
      }
      return new NeuronRuntime(this, options, info, timeout);
    } finally {
      lifeCycle.unlock();
    }
  }

  private RuntimeInfo joined(RuntimeInfo running, RuntimeOptions options) {
    environment.requireServes(options);
    if (running.visibleCores() < options.localRanks()) {
      throw tooFewCores(
          options, running.visibleCores(), "close the sessions that run, or use fewer ranks");
    }
    return running;
  }

  /** Initialises on a thread of its own, which may be left behind. */
  private RuntimeInfo start(RuntimeOptions options) {
    return Attempt.within(
            options.lifeCycleLimit(),
            "smollm3-neuron-open",
            () -> initialise(options),
            this::endLateStart)
        .orElseThrow(
            () ->
                breakBy(
                    NeuronRuntimeException.of(
                        Failure.HUNG,
                        "nrt_init",
                        "nrt_init has not returned within "
                            + Durations.text(options.lifeCycleLimit())
                            + "; check the Neuron driver by neuron-ls and dmesg, and start the"
                            + " program again")));
  }

  private void endLateStart(Optional<RuntimeInfo> started) {
    lifeCycle.lock();
    try {
      if (started.isPresent()) {
        end();
      } else {
        guarded(() -> broken = Optional.empty());
      }
    } finally {
      lifeCycle.unlock();
    }
  }

  private RuntimeInfo initialise(RuntimeOptions options) {
    try {
      environment.prepare(options);
      // Before the cores are taken: a number of cores that are not there fails less plainly.
      int before = NrtProbe.visibleCores(nrt);
      if (before < options.localRanks()) {
        throw tooFewCores(options, before, "use fewer ranks, or check neuron-ls");
      }
      environment.takeCores(options.localRanks());
      nrt.init(Libnrt.NO_FRAMEWORK, "", "");
    } catch (RuntimeException e) {
      environment.restore();
      throw e;
    }
    try {
      int cores = NrtProbe.visibleCores(nrt);
      if (cores < options.localRanks()) {
        throw tooFewCores(options, cores, "check NEURON_RT_VISIBLE_CORES, NEURON_RT_NUM_CORES");
      }
      return new RuntimeInfo(library, cores, nrt.version(), nrt.instanceInfo());
    } catch (RuntimeException e) {
      end();
      throw e;
    }
  }

  private static NeuronRuntimeException tooFewCores(
      RuntimeOptions options, int visible, String remedy) {
    return NeuronRuntimeException.of(
        Failure.NOT_ENOUGH_CORES,
        "nrt_init",
        options.localRanks()
            + " ranks need as many NeuronCores, but "
            + visible
            + (visible == 1 ? " is" : " are")
            + " visible; "
            + remedy);
  }

  private void end() {
    nrt.close();
    environment.restore();
    lock.lock();
    try {
      opened = Optional.empty();
      broken = Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private void requireUsable() {
    lock.lock();
    try {
      if (broken.isPresent()) {
        throw refusal(broken.get());
      }
    } finally {
      lock.unlock();
    }
  }

  private static NeuronRuntimeException refusal(NeuronRuntimeException cause) {
    NeuronRuntimeException refusal =
        NeuronRuntimeException.of(
            Failure.BROKEN,
            cause.function(),
            "the Neuron runtime of this process can do no more work; close its sessions and open"
                + " again, or start the program again (what broke it: "
                + cause.getMessage()
                + ")");
    refusal.initCause(cause);
    return refusal;
  }

  /** Marks the runtime as broken, unless it is already. */
  NeuronRuntimeException breakBy(NeuronRuntimeException cause) {
    lock.lock();
    try {
      if (broken.isEmpty()) {
        broken = Optional.of(cause);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    return cause;
  }

  Optional<NeuronRuntimeException> broken() {
    lock.lock();
    try {
      return broken;
    } finally {
      lock.unlock();
    }
  }

  /** Counts a call that is about to begin. */
  void enter(NeuronRuntime session, Collection<? extends NativeHandle> used) {
    if (Thread.currentThread().isVirtual()) {
      throw new InvalidRequestException(
          "the Neuron runtime was called from a virtual thread; its calls block and need a"
              + " platform thread");
    }
    lock.lock();
    try {
      session.requireOpen();
      requireUsable();
      used.forEach(handle -> handle.requireOpen(session));
      used.forEach(NativeHandle::addUse);
      count(session, 1);
    } finally {
      lock.unlock();
    }
  }

  /** Counts tasks of ranks that are about to begin. */
  void enterTasks(NeuronRuntime session, int tasks) {
    lock.lock();
    try {
      session.requireOpen();
      requireUsable();
      count(session, tasks);
    } finally {
      lock.unlock();
    }
  }

  private void count(NeuronRuntime session, int change) {
    session.countCalls(change);
    calls += change;
    changed.signalAll();
  }

  /** Ends what {@link #enter} began, and frees what was closed meanwhile. */
  void exit(NeuronRuntime session, Collection<? extends NativeHandle> used) {
    List<NativeHandle> free;
    lock.lock();
    try {
      free = dropUses(used);
    } finally {
      lock.unlock();
    }
    disposeAll(free);
    lock.lock();
    try {
      session.forget(free);
      count(session, -1);
    } finally {
      lock.unlock();
    }
  }

  /** Keeps a handle that libnrt gave out, so that it is freed with the session at the latest. */
  void keep(NeuronRuntime session, NativeHandle handle) {
    lock.lock();
    try {
      handle.heldHandles().forEach(NativeHandle::addUse);
      session.remember(handle);
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a set now uses a tensor under a name, in place of another one. */
  void replaceMember(
      NeuronRuntime session, Map<String, DeviceTensor> members, String name, DeviceTensor tensor) {
    List<NativeHandle> free;
    lock.lock();
    try {
      tensor.addUse();
      Optional<DeviceTensor> before = Optional.ofNullable(members.put(name, tensor));
      free = before.map(old -> dropUses(List.of(old))).orElse(List.of());
    } finally {
      lock.unlock();
    }
    disposeAll(free);
    guarded(() -> session.forget(free));
  }

  /** Runs something while no handle changes. */
  void guarded(Runnable action) {
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }

  /** Closes one handle: now, or when its last use ends, or with the session. */
  void close(NeuronRuntime session, NativeHandle handle) {
    List<NativeHandle> free;
    lock.lock();
    try {
      if (!handle.markClosed()) {
        return;
      }
      free = session.isClosing() ? List.of() : disposable(List.of(handle));
      count(session, 1);
    } finally {
      lock.unlock();
    }
    disposeAll(free);
    guarded(() -> session.forget(free));
    exit(session, List.of());
  }

  /** Handles that are to be freed now, and are: those they held on to follow them. */
  private List<NativeHandle> disposable(Collection<? extends NativeHandle> handles) {
    List<NativeHandle> free = new ArrayList<>();
    for (NativeHandle handle : handles) {
      // On a broken runtime, memory may still be in use: it is freed when all calls are back.
      if (broken.isEmpty() && handle.markDisposedIfUnused()) {
        free.add(handle);
        free.addAll(dropUses(handle.heldHandles()));
      }
    }
    return free;
  }

  private List<NativeHandle> dropUses(Collection<? extends NativeHandle> used) {
    used.forEach(NativeHandle::dropUse);
    return disposable(used);
  }

  private static void disposeAll(List<? extends NativeHandle> handles) {
    for (NativeHandle handle : handles) {
      try {
        handle.dispose();
      } catch (RuntimeException e) { // the others must be freed all the same
        LOG.log(Level.WARNING, "cannot free " + handle + ": " + e.getMessage());
      }
    }
  }

  /** Closes a session: waits for its calls, frees what is left, ends the runtime after the last. */
  void close(NeuronRuntime session) {
    lock.lock();
    try {
      if (!session.markClosing()) {
        return;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    Duration limit = session.options().lifeCycleLimit();
    Optional<Boolean> closed =
        Attempt.within(limit, "smollm3-neuron-close", () -> awaitAndFree(session), late -> {});
    if (closed.isEmpty()) {
      NeuronRuntimeException hung =
          NeuronRuntimeException.of(
              Failure.HUNG,
              "close",
              "a session of the Neuron runtime could not be closed within "
                  + Durations.text(limit)
                  + ": a call has not returned; its device memory stays taken until it does, or"
                  + " the process ends");
      LOG.log(Level.WARNING, hung.getMessage());
      breakBy(hung);
    }
  }

  private boolean awaitAndFree(NeuronRuntime session) {
    List<NativeHandle> left;
    lock.lock();
    try {
      while (session.calls() > 0 || (broken.isPresent() && calls > 0)) {
        changed.awaitUninterruptibly();
      }
      left = session.handlesInOrder();
    } finally {
      lock.unlock();
    }
    session.stopRanks();
    disposeAll(left);
    lifeCycle.lock();
    try {
      lock.lock();
      try {
        session.forget(left);
        sessions--;
      } finally {
        lock.unlock();
      }
      if (sessions == 0) {
        end();
      }
    } finally {
      lifeCycle.unlock();
    }
    return true;
  }
}

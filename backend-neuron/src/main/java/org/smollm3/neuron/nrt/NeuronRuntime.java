package org.smollm3.neuron.nrt;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.error.InvalidRequestException;

/**
 * A session of the Neuron runtime. The runtime itself is one per process: the first session
 * initialises it, the last one closes it. A session owns what it allocates and loads: its close
 * unloads models, then destroys sets, then frees tensors, whatever was closed before.
 *
 * <p>Calls from several threads are safe; they must be platform threads. Any call after close
 * throws {@link IllegalStateException}. After a failure whose {@link Failure#breaksRuntime} holds,
 * every call of every session is refused until all sessions are closed.
 */
public final class NeuronRuntime implements AutoCloseable {
  private static final Duration EXECUTE_MARGIN = Duration.ofSeconds(30);
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(10);

  private final SharedRuntime shared;
  private final RuntimeOptions options;
  private final RuntimeInfo info;
  private final Duration execTimeout;
  private final RankThreads ranks;

  // These are guarded by the lock of the shared runtime.
  private final Set<NativeHandle> handles = new LinkedHashSet<>();
  private final Set<Thread> inTask = new LinkedHashSet<>();
  private int calls;
  private boolean closing;

  NeuronRuntime(
      SharedRuntime shared, RuntimeOptions options, RuntimeInfo info, Duration execTimeout) {
    this.shared = shared;
    this.options = options;
    this.info = info;
    this.execTimeout = execTimeout;
    this.ranks = new RankThreads(this, options.localRanks(), options.startRank());
  }

  /**
   * Opens a session.
   *
   * @throws NeuronRuntimeException if the runtime cannot be initialised, has too few cores, or is
   *     broken
   */
  public static NeuronRuntime open(NrtLibrary library, RuntimeOptions options) {
    return library.runtime().open(options);
  }

  public RuntimeInfo info() {
    return info;
  }

  public RuntimeOptions options() {
    return options;
  }

  /** Threads of the ranks of this session, closed with it. */
  public RankThreads ranks() {
    return ranks;
  }

  /**
   * How long {@link RankThreads} should wait for runs: longer than libnrt itself waits, so that it
   * is the first to say why.
   */
  public RunLimit executeLimit() {
    return new RunLimit(execTimeout.plus(EXECUTE_MARGIN), AFTER_FAILURE);
  }

  /** What broke the runtime; empty while it works. */
  public Optional<NeuronRuntimeException> broken() {
    return shared.broken();
  }

  /**
   * Allocates device memory, whose contents are undefined.
   *
   * @param core index of the core among the visible ones, so the local rank
   * @param bytes at least 1
   * @param name for messages and tools
   */
  public DeviceTensor allocate(int core, long bytes, String name) {
    requireCore(core);
    NativeHandle.requireName(name);
    if (bytes < 1) {
      throw new InvalidRequestException(
          "tensor '" + name + "' has " + bytes + " bytes; there must be at least one");
    }
    return create(
        List.of(),
        () ->
            new DeviceTensor(
                this,
                shared.nrt().allocateTensor(Libnrt.ON_DEVICE, core, bytes, name),
                name,
                core,
                bytes,
                Optional.empty()));
  }

  /** An empty set. */
  public TensorSet newTensorSet() {
    return create(List.of(), () -> new TensorSet(this, shared.nrt().allocateTensorSet()));
  }

  /**
   * Loads a NEFF: by itself in a world of one rank, else as one rank of the world, in which case
   * all ranks should be loading at the same time ({@link RankThreads}).
   *
   * @param neff the file; memory of an automatic arena is best, because a load that is given up may
   *     go on reading it
   * @param localRank which is the index of the core too
   */
  public LoadedModel load(MemorySegment neff, int localRank) {
    requireCore(localRank);
    MemorySegment bytes = neff.isNative() ? neff : copied(neff);
    return create(
        List.of(),
        () -> {
          // -1 by the header; a version is known whose examples pass 1, so that is tried too.
          try {
            return new LoadedModel(this, load(bytes, localRank, -1), localRank);
          } catch (NeuronRuntimeException e) {
            if (!e.status().equals(Optional.of(NrtStatus.INVALID))) {
              throw e;
            }
            try {
              return new LoadedModel(this, load(bytes, localRank, 1), localRank);
            } catch (NeuronRuntimeException again) {
              e.addSuppressed(again);
              throw e;
            }
          }
        });
  }

  private MemorySegment load(MemorySegment neff, int localRank, int vncCount) {
    int world = options.worldSize();
    return world == 1
        ? shared.nrt().load(neff, localRank, vncCount)
        : shared
            .nrt()
            .loadCollectives(neff, localRank, vncCount, options.startRank() + localRank, world);
  }

  private static MemorySegment copied(MemorySegment heap) {
    return Arena.ofAuto().allocate(Math.max(1, heap.byteSize())).copyFrom(heap);
  }

  /** Memory of a core's device; empty if this libnrt cannot tell. */
  public Optional<MemoryStats> memory(int core) {
    requireCore(core);
    return compute(List.of(), () -> shared.nrt().memoryStats(core));
  }

  /** What this session holds; stays true after close, where it shows what could not be freed. */
  public Allocated allocated() {
    List<NativeHandle> held = new ArrayList<>();
    shared.guarded(() -> held.addAll(handles));
    int models = 0;
    int sets = 0;
    int tensors = 0;
    long bytes = 0;
    for (NativeHandle handle : held) {
      switch (handle) {
        case LoadedModel model -> models++;
        case TensorSet set -> sets++;
        case DeviceTensor tensor -> {
          tensors++;
          bytes += tensor.ownBytes();
        }
      }
    }
    return new Allocated(models, sets, tensors, bytes);
  }

  /**
   * Waits for the runs of this session, frees all it holds, and closes the runtime if it is the
   * last session. Where a call does not return within {@link RuntimeOptions#lifeCycleLimit()} the
   * runtime is broken, and the rest is freed if and when the call returns.
   */
  @Override
  public void close() {
    shared.close(this);
  }

  SharedRuntime shared() {
    return shared;
  }

  /** Makes a handle, and keeps it until it is freed. */
  <T extends NativeHandle> T create(List<? extends NativeHandle> used, Supplier<T> maker) {
    return compute(
        used,
        () -> {
          T handle = maker.get();
          shared.keep(this, handle);
          return handle;
        });
  }

  void call(List<? extends NativeHandle> used, Runnable body) {
    compute(
        used,
        () -> {
          body.run();
          return true;
        });
  }

  /** Runs calls of libnrt that use some handles. */
  <T> T compute(List<? extends NativeHandle> used, Supplier<T> body) {
    shared.enter(this, used);
    try {
      return body.get();
    } catch (NeuronRuntimeException e) {
      if (e.failure().breaksRuntime()) {
        shared.breakBy(e);
      }
      throw e;
    } finally {
      shared.exit(this, used);
    }
  }

  void stopRanks() {
    ranks.stop();
  }

  // The rest is called with the lock of the shared runtime held.

  void requireOpen() {
    // What ranks have begun they finish: one that stops half way would leave the others waiting.
    if (closing && !inTask.contains(Thread.currentThread())) {
      throw new IllegalStateException("the session of the Neuron runtime is closed");
    }
  }

  boolean markClosing() {
    boolean first = !closing;
    closing = true;
    return first;
  }

  boolean isClosing() {
    return closing;
  }

  void countCalls(int change) {
    calls += change;
  }

  int calls() {
    return calls;
  }

  void beginTask(Thread thread) {
    inTask.add(thread);
  }

  void endTask(Thread thread) {
    inTask.remove(thread);
  }

  void remember(NativeHandle handle) {
    handles.add(handle);
  }

  void forget(Collection<? extends NativeHandle> freed) {
    freed.forEach(handles::remove);
  }

  /** Models, then sets, then tensors, the youngest first: a part comes before its whole. */
  List<NativeHandle> handlesInOrder() {
    List<NativeHandle> ordered = new ArrayList<>(handles).reversed();
    return ordered.stream().sorted(Comparator.comparingInt(NeuronRuntime::turnToBeFreed)).toList();
  }

  private static int turnToBeFreed(NativeHandle handle) {
    return switch (handle) {
      case LoadedModel model -> 0;
      case TensorSet set -> 1;
      case DeviceTensor tensor -> 2;
    };
  }

  private void requireCore(int core) {
    if (core < 0 || core >= info.visibleCores()) {
      throw new InvalidRequestException(
          "core " + core + " is not one of the " + info.visibleCores() + " visible ones");
    }
  }
}

package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.compiler.NeuronCompiler.Outcome;

/**
 * NEFFs by what they were made of, in the layout that the Neuron frameworks use:
 *
 * <pre>
 * ROOT/neuronxcc-VERSION/MODULE_KEY+FLAGS/
 *   model.hlo_module.pb        the module
 *   compile_flags.json         the flags, as a JSON list
 *   model.neff, model.done     the result, and the mark that it is whole
 *   model.log                  instead of these: what the compiler printed when it refused
 *   attempt.log                what the last run printed otherwise
 *   log-neuron-cc.txt          the compiler's own log, if it left one
 *   model.hlo_module.pb.lock   held by the process that compiles
 *   work-*                     where the compiler runs
 * </pre>
 *
 * FLAGS is the frameworks' hash. KEY is our own, the SHA-256 of flags and module: theirs is that of
 * a Python text, so that entries are not shared with them, though the same tools can read and clean
 * up both. For the same reason the default root is not the one of the frameworks ({@code
 * /var/tmp/neuron-compile-cache}, writable for all) but in the user's own cache folder: {@code
 * $XDG_CACHE_HOME/smollm3/neuron-compile-cache}, in {@code ~/.cache} where that variable is not
 * set.
 *
 * <p>Any number of threads and processes can use one root. One compiles, the others wait for its
 * result. A NEFF is moved into place when it is whole and marked after that, so that a process that
 * dies leaves nothing that is taken for a result; whoever comes next clears it away. Once done, an
 * entry does not change any more.
 *
 * <p>A module that the compiler refused (an exit code, no output) stays refused without another
 * run, until {@link CachePolicy#RETRY_FAILED} asks for one. A run that was ended from outside (time
 * limit, signal, want of memory, interrupt) is not remembered.
 */
public final class CompileCache {
  private final Path root;
  private final CachePolicy policy;

  private CompileCache(Path root, CachePolicy policy) {
    this.root = root;
    this.policy = policy;
  }

  /**
   * The cache that the environment asks for: at {@code --cache_dir} of {@code NEURON_CC_FLAGS},
   * else at {@code NEURON_COMPILE_CACHE_URL}, else at the default. With {@code --no_cache} it is a
   * new temporary folder, which the caller may delete.
   *
   * @throws InvalidRequestException if the place named is not in the local file system
   */
  public static CompileCache of(NeuronCcFlags flags, Map<String, String> environment) {
    return new CompileCache(
        CacheRoot.of(flags, environment, System.getProperty("user.home", "")), flags.policy());
  }

  /** The cache in a folder, which is made when it is needed. */
  public static CompileCache in(Path root) {
    return new CompileCache(root.toAbsolutePath().normalize(), CachePolicy.REUSE);
  }

  /** The same cache, in which refused modules are given to the compiler once more. */
  public CompileCache retryingFailed() {
    return new CompileCache(root, CachePolicy.RETRY_FAILED);
  }

  /** Absolute path of the folder. */
  public Path root() {
    return root;
  }

  /**
   * The NEFF of a module, from the cache or by the compiler.
   *
   * @param module bytes of an {@code HloModuleProto}; the same bytes are the same module
   * @param options give the flags, those of {@code NEURON_CC_FLAGS} included
   * @throws BackendException if the compiler refuses the module or did before, writes no NEFF, or
   *     takes longer than the options allow, if another one keeps the entry for longer than that,
   *     or if the thread is interrupted: the message has the end of the log, and its path
   * @throws InvalidRequestException if the module is empty or the cache cannot be written
   */
  public CompiledModule compile(
      NeuronCompiler compiler, byte[] module, CompilerOptions options, CompileListener listener) {
    if (module.length == 0) {
      throw new InvalidRequestException("the module to compile has no bytes");
    }
    long begun = System.nanoTime();
    CacheEntry entry = CacheEntry.of(root, compiler, module, options);
    try {
      CompilePhase phase =
          entry.isDone() ? CompilePhase.CACHED : locked(entry, compiler, module, options, listener);
      listener.progress(phase, Duration.ofNanos(System.nanoTime() - begun));
      return new CompiledModule(entry.neff(), phase);
    } catch (InterruptedException | ClosedByInterruptException | FileLockInterruptionException e) {
      throw NeuronCompiler.interrupted(e);
    } catch (IOException e) {
      throw Folders.unwritable("compile cache", root, e);
    }
  }

  private CompilePhase locked(
      CacheEntry entry,
      NeuronCompiler compiler,
      byte[] module,
      CompilerOptions options,
      CompileListener listener)
      throws IOException, InterruptedException {
    Files.createDirectories(entry.folder());
    Optional<FileTime> before = entry.failedAt();
    EntryLock lock =
        EntryLock.acquire(
            entry.folder(),
            options.timeout(),
            waited -> listener.progress(CompilePhase.WAITING, waited));
    try {
      if (entry.isDone()) {
        return CompilePhase.CACHED;
      }
      Optional<FileTime> failed = entry.failedAt();
      // A failure that came about while this call waited is an answer to it as well.
      boolean retry = policy != CachePolicy.REUSE && failed.equals(before);
      if (failed.isPresent() && !retry) {
        throw refusedBefore(entry);
      }
      run(entry, compiler, module, options, listener);
      return CompilePhase.COMPILED;
    } finally {
      lock.close();
    }
  }

  private static void run(
      CacheEntry entry,
      NeuronCompiler compiler,
      byte[] module,
      CompilerOptions options,
      CompileListener listener)
      throws IOException, InterruptedException {
    Path work = entry.begin(module, options);
    try {
      switch (compiler.run(module, options, work, listener)) {
        case Outcome.Written written -> entry.succeed(work, written.neff(), written.log());
        case Outcome.Refused refused -> {
          entry.fail(work, refused.log(), entry.failure());
          throw new BackendException(NeuronCompiler.withLog(refused.message(), entry.failure()));
        }
        case Outcome.Stopped stopped -> {
          entry.fail(work, stopped.log(), entry.attempt());
          throw new BackendException(NeuronCompiler.withLog(stopped.message(), entry.attempt()));
        }
      }
    } finally {
      discard(work);
    }
  }

  private static void discard(Path work) {
    try {
      Folders.delete(work);
    } catch (IOException e) {
      // Whoever compiles this entry next clears it away; the outcome of this run matters more.
    }
  }

  private static BackendException refusedBefore(CacheEntry entry) {
    return new BackendException(
        NeuronCompiler.withLog(
            "neuronx-cc refused this module before; to try again put --retry_failed_compilation into "
                + NeuronCcFlags.VARIABLE,
            entry.failure()));
  }
}

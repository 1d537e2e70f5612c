package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;

/** The cache shared by processes, some of which come to an untimely end. */
@Timeout(120)
class CompileCacheProcessesTest {
  private static final CompilerOptions OPTIONS = CompilerOptions.of(CompilerTarget.TRN1);

  @TempDir Path folder;

  private final List<CacheProgram> programs = new ArrayList<>();
  private StandIn standIn;
  private CompileCache cache;

  @BeforeEach
  void prepare() throws IOException {
    standIn = new StandIn(folder, StandIn.WAITS + "\n" + StandIn.WRITES);
    cache = CompileCache.in(folder.resolve("cache"));
  }

  @AfterEach
  void endPrograms() throws InterruptedException {
    standIn.go();
    for (CacheProgram program : programs) {
      program.kill();
    }
  }

  private CacheProgram start() throws IOException {
    CacheProgram program = CacheProgram.start(cache.root(), standIn);
    programs.add(program);
    return program;
  }

  private CompiledModule compile(CompilerOptions options, CompileListener listener) {
    return cache.compile(standIn.compiler(), StandIn.MODULE, options, listener);
  }

  @Test
  void twoProcessesCompileAModuleOnce() throws Exception {
    CacheProgram first = start();
    first.awaitLine("COMPILING");
    CacheProgram second = start();
    second.awaitLine("WAITING");

    standIn.go();

    first.awaitLine("COMPILED");
    second.awaitLine("CACHED");
    assertThat(standIn.runs()).isEqualTo(1);
  }

  @Test
  void aProcessWaitsForThisOne() throws Exception {
    CacheProgram[] other = new CacheProgram[1];

    CompiledModule module =
        compile(
            OPTIONS,
            (phase, elapsed) -> {
              if (other[0] == null && phase == CompilePhase.COMPILING) {
                try {
                  // A second thread here that gives up must not set the entry free.
                  assertThatThrownBy(() -> impatient()).isInstanceOf(BackendException.class);
                  other[0] = start();
                  other[0].awaitLine("WAITING");
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
                standIn.go();
              }
            });

    assertThat(module.phase()).isEqualTo(CompilePhase.COMPILED);
    other[0].awaitLine("CACHED");
    assertThat(standIn.runs()).isEqualTo(1);
  }

  /** Waits for the entry on another thread, but not for long. */
  private void impatient() throws InterruptedException {
    List<RuntimeException> thrown = new ArrayList<>();
    CompilerOptions little =
        new CompilerOptions(CompilerTarget.TRN1, 1, 2, List.of(), Duration.ofMillis(1));
    Thread thread =
        new Thread(
            () -> {
              try {
                compile(little, CompileListener.none());
              } catch (RuntimeException e) {
                thrown.add(e);
              }
            });
    thread.start();
    thread.join();
    thrown.forEach(
        e -> {
          throw e;
        });
  }

  @Test
  void whoWaitsForAnotherProcessDoesNotWaitLongerThanItsTimeLimit() throws Exception {
    CacheProgram other = start();
    other.awaitLine("COMPILING");
    StandIn.await(() -> standIn.hasNote("runs"));

    assertThatThrownBy(
            () ->
                compile(
                    new CompilerOptions(
                        CompilerTarget.TRN1, 1, 2, List.of(), Duration.ofMillis(250)),
                    CompileListener.none()))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith(
            "another thread or process has been compiling this module for more than 250 ms: end the"
                + " one that holds "
                + cache.root())
        .hasMessageEndingWith("model.hlo_module.pb.lock, or raise the time limit");

    other.kill();
    standIn.go();
    assertThat(compile(OPTIONS, CompileListener.none()).phase()).isEqualTo(CompilePhase.COMPILED);
  }

  @Test
  void anInterruptEndsTheWaitForAnotherProcess() throws Exception {
    start().awaitLine("COMPILING");

    assertThatThrownBy(
            () ->
                compile(
                    OPTIONS,
                    (phase, elapsed) -> {
                      if (phase == CompilePhase.WAITING) {
                        Thread.currentThread().interrupt();
                      }
                    }))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith("interrupted while compiling");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aKilledWriterLeavesTheEntryToTheNext() throws Exception {
    CacheProgram writer = start();
    writer.awaitLine("COMPILING");
    StandIn.await(() -> standIn.hasNote("runs"));
    List<CompilePhase> phases = new ArrayList<>();

    CompiledModule module =
        compile(
            OPTIONS,
            (phase, elapsed) -> {
              try {
                if (phase == CompilePhase.WAITING) {
                  writer.kill();
                } else if (phase == CompilePhase.COMPILING && standIn.runs() == 2) {
                  standIn.go();
                }
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
              if (!phases.contains(phase)) {
                phases.add(phase);
              }
            });

    assertThat(phases)
        .containsExactly(CompilePhase.WAITING, CompilePhase.COMPILING, CompilePhase.COMPILED);
    assertThat(module.neff()).hasBinaryContent(StandIn.neff(100));
    assertThat(module.neff().getParent().toFile().list())
        .noneMatch(name -> name.startsWith("work-"));
  }

  @Test
  void aProcessThatIsAskedToEndTakesTheCompilerWithIt() throws Exception {
    CacheProgram program = start();
    program.awaitLine("COMPILING");
    StandIn.await(() -> standIn.hasNote("runs"));

    program.terminate();

    assertThat(standIn.isRunning("runs")).isFalse();
    standIn.go();
    assertThat(compile(OPTIONS, CompileListener.none()).phase()).isEqualTo(CompilePhase.COMPILED);
  }
}

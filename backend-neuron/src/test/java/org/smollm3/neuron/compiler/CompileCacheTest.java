package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;

@Timeout(120)
class CompileCacheTest {
  private static final CompilerOptions OPTIONS = CompilerOptions.of(CompilerTarget.TRN1);

  @TempDir Path folder;

  private CompileCache cache;

  @BeforeEach
  void openCache() {
    cache = CompileCache.in(folder.resolve("the cache"));
  }

  private CompiledModule compile(StandIn standIn) {
    return compile(cache, standIn, OPTIONS);
  }

  private static CompiledModule compile(
      CompileCache cache, StandIn standIn, CompilerOptions options) {
    return cache.compile(standIn.compiler(), StandIn.MODULE, options, CompileListener.none());
  }

  /** The only entry. */
  private Path entry() throws IOException {
    try (Stream<Path> entries = Files.list(cache.root().resolve("neuronxcc-" + StandIn.VERSION))) {
      return entries.reduce((a, b) -> a.resolve("is not alone")).orElseThrow();
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theSecondTimeTheCompilerDoesNotRun() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);

    CompiledModule first = compile(standIn);
    CompiledModule second = compile(standIn);

    assertThat(first.phase()).isEqualTo(CompilePhase.COMPILED);
    assertThat(second.phase()).isEqualTo(CompilePhase.CACHED);
    assertThat(second.neff()).isEqualTo(first.neff()).hasBinaryContent(StandIn.neff(100));
    assertThat(standIn.runs()).isEqualTo(1);
  }

  @Test
  void anEntryHasTheLayoutOfTheFrameworks() throws IOException {
    StandIn standIn =
        new StandIn(folder, "echo hello; echo own > log-neuron-cc.txt\n" + StandIn.WRITES);

    compile(standIn);

    // both hashes as a Python program computes them
    assertThat(entry().getFileName())
        .hasToString(
            "MODULE_3a85117ff1d4c91d3e09b652cc6b386c62a05882ac8c9d1d6ff3f0bb5ebc2822+046f7360");
    assertThat(names(entry()))
        .containsExactly(
            "attempt.log",
            "compile_flags.json",
            "log-neuron-cc.txt",
            "model.done",
            "model.hlo_module.pb",
            "model.hlo_module.pb.lock",
            "model.neff");
    assertThat(entry().resolve("model.hlo_module.pb")).hasBinaryContent(StandIn.MODULE);
    assertThat(entry().resolve("compile_flags.json")).hasContent(FlagsHash.json(OPTIONS.flags()));
    assertThat(entry().resolve("model.done")).isEmptyFile();
    assertThat(entry().resolve("attempt.log")).hasContent("hello");
    assertThat(entry().resolve("log-neuron-cc.txt")).hasContent("own");
  }

  @Test
  void anotherModuleOtherFlagsAndAnotherCompilerAreOtherEntries() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);
    byte[] other = "another module".getBytes(StandardCharsets.UTF_8);
    List<Path> neffs = new ArrayList<>();

    neffs.add(compile(standIn).neff());
    neffs.add(compile(cache, standIn, CompilerOptions.of(CompilerTarget.TRN2)).neff());
    neffs.add(cache.compile(standIn.compiler(), other, OPTIONS, CompileListener.none()).neff());
    NeuronCompiler newer = new NeuronCompiler(standIn.executable(), "3.0");
    neffs.add(cache.compile(newer, StandIn.MODULE, OPTIONS, CompileListener.none()).neff());
    CompilerOptions verbose = OPTIONS.with(NeuronCcFlags.parse("--verbose=debug"));
    neffs.add(compile(cache, standIn, verbose).neff());

    assertThat(neffs.subList(0, 4)).doesNotHaveDuplicates();
    assertThat(neffs.getLast()).isEqualTo(neffs.getFirst());
    assertThat(standIn.runs()).isEqualTo(4);
  }

  @Test
  void aRefusedModuleStaysRefusedUntilARetryIsAskedFor() throws IOException {
    StandIn standIn =
        new StandIn(
            folder, "[ -e \"$state/go\" ] || { echo 'bad op'; exit 70; }\n" + StandIn.WRITES);

    assertThatThrownBy(() -> compile(standIn))
        .isInstanceOf(BackendException.class)
        .hasMessage("neuronx-cc failed with exit code 70: bad op (log: %s/model.log)", entry());
    assertThatThrownBy(() -> compile(standIn))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "neuronx-cc refused this module before; to try again put --retry_failed_compilation"
                + " into NEURON_CC_FLAGS: bad op (log: %s/model.log)",
            entry());
    assertThat(standIn.runs()).isEqualTo(1);
    assertThatThrownBy(() -> compile(cache.retryingFailed(), standIn, OPTIONS))
        .hasMessageContaining("exit code 70");
    assertThat(standIn.runs()).isEqualTo(2);

    standIn.go();
    NeuronCcFlags flags =
        NeuronCcFlags.parse("--retry_failed_compilation --cache_dir='" + cache.root() + "'");
    CompiledModule module = compile(CompileCache.of(flags, Map.of()), standIn, OPTIONS);

    assertThat(module.phase()).isEqualTo(CompilePhase.COMPILED);
    assertThat(entry().resolve("model.log")).doesNotExist();
    assertThat(compile(standIn).phase()).isEqualTo(CompilePhase.CACHED);
  }

  @Test
  void aRunThatWritesNothingIsARefusal() throws IOException {
    StandIn standIn = new StandIn(folder, "true");

    assertThatThrownBy(() -> compile(standIn))
        .hasMessageContaining("its output model.neff is not there: (it printed nothing)");
    assertThatThrownBy(() -> compile(standIn)).hasMessageContaining("refused this module before");
    assertThat(names(entry())).contains("model.log").doesNotContain("model.neff", "model.done");
  }

  @Test
  void whatEndsARunFromOutsideIsNotRemembered() throws IOException {
    String first = "[ $(wc -l < \"$state/runs\") -gt 1 ] || ";
    List<String> ends =
        List.of(
            "{ echo thinking; kill -9 $$; }",
            "{ echo thinking; exec sleep 300; }",
            "{ echo '[F137] thinking'; exit 70; }");
    for (String end : ends) {
      StandIn standIn =
          new StandIn(Files.createTempDirectory(folder, "s"), first + end + "\n" + StandIn.WRITES);
      cache = CompileCache.in(Files.createTempDirectory(folder, "cache"));
      CompilerOptions options =
          new CompilerOptions(CompilerTarget.TRN1, 1, 2, List.of(), Duration.ofSeconds(3));

      assertThatThrownBy(() -> compile(cache, standIn, options))
          .isInstanceOf(BackendException.class)
          .hasMessageEndingWith("thinking (log: " + entry().resolve("attempt.log") + ")");
      assertThat(entry().resolve("attempt.log")).content().endsWith("thinking\n");
      assertThat(names(entry())).noneMatch(name -> name.startsWith("work-"));

      assertThat(compile(cache, standIn, options).phase()).isEqualTo(CompilePhase.COMPILED);
    }
  }

  @Test
  void anInterruptEndsTheCompilerAndLeavesNothing() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WAITS + "\n" + StandIn.WRITES);

    assertThatThrownBy(
            () ->
                cache.compile(
                    standIn.compiler(),
                    StandIn.MODULE,
                    OPTIONS,
                    (phase, elapsed) -> {
                      if (standIn.hasNote("runs")) {
                        Thread.currentThread().interrupt();
                      }
                    }))
        .isInstanceOf(BackendException.class)
        .hasMessage("interrupted while compiling; the compiler was ended");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(standIn.isRunning("runs")).isFalse();
    assertThat(names(entry()))
        .containsExactly("compile_flags.json", "model.hlo_module.pb", "model.hlo_module.pb.lock");

    standIn.go();
    assertThat(compile(standIn).phase()).isEqualTo(CompilePhase.COMPILED);
  }

  @Test
  void anInterruptedThreadDoesNotBegin() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);

    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> compile(standIn)).hasMessageStartingWith("interrupted while");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(compile(standIn).phase()).isEqualTo(CompilePhase.COMPILED);
  }

  @Test
  void whatACutOffWriterLeftIsNoResult() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);
    compile(standIn);
    Path cutOff = Files.createDirectories(entry().resolve("work-123/deep"));
    Files.writeString(cutOff.resolve("file"), "x");

    for (String what : List.of("no mark", "no neff", "half a neff", "an empty neff")) {
      switch (what) {
        case "no mark" -> Files.delete(entry().resolve("model.done"));
        case "no neff" -> Files.delete(entry().resolve("model.neff"));
        case "half a neff" -> Files.write(entry().resolve("model.neff"), cutOff(StandIn.neff(9)));
        default -> Files.write(entry().resolve("model.neff"), new byte[0]);
      }
      assertThat(compile(standIn).phase()).as(what).isEqualTo(CompilePhase.COMPILED);
      assertThat(entry().resolve("model.neff")).hasBinaryContent(StandIn.neff(100));
    }
    assertThat(cutOff.getParent()).doesNotExist();
    assertThat(standIn.runs()).isEqualTo(5);
  }

  private static byte[] cutOff(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length - 1);
  }

  /** Compiles; a call that has to wait for another, or fails, lets the stand-in go on. */
  private static CompiledModule lettingGo(StandIn standIn, CompileCache cache) {
    CompileListener listener =
        (phase, elapsed) -> {
          if (phase == CompilePhase.WAITING) {
            standIn.go();
          }
        };
    try {
      return cache.compile(standIn.compiler(), StandIn.MODULE, OPTIONS, listener);
    } catch (RuntimeException e) {
      standIn.go();
      throw e;
    }
  }

  @Test
  void threadsCompileAModuleOnceAndTheOthersWait() throws Exception {
    StandIn standIn = new StandIn(folder, StandIn.WAITS + "\n" + StandIn.WRITES);
    int threads = 6;
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<CompiledModule>> results = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        // each its own cache over the same folder
        CompileCache own = CompileCache.in(cache.root());
        results.add(executor.submit(() -> lettingGo(standIn, own)));
      }
      List<CompilePhase> phases = new ArrayList<>();
      for (Future<CompiledModule> result : results) {
        phases.add(result.get().phase());
      }
      assertThat(phases).containsOnlyOnce(CompilePhase.COMPILED).contains(CompilePhase.CACHED);
    }
    assertThat(standIn.runs()).isEqualTo(1);
  }

  @Test
  void aFailureIsTheAnswerForThoseWhoWaitedEvenIfTheyWouldRetry() throws Exception {
    StandIn standIn = new StandIn(folder, StandIn.WAITS + "\necho no; exit 70");
    try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
      List<Future<CompiledModule>> results = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        results.add(executor.submit(() -> lettingGo(standIn, cache.retryingFailed())));
      }
      for (Future<CompiledModule> result : results) {
        assertThatThrownBy(result::get)
            .isInstanceOf(ExecutionException.class)
            .hasMessageContaining(": no (log: ");
      }
    }
    assertThat(standIn.runs()).isEqualTo(1);
  }

  @Test
  void aPlaceThatCannotBeWrittenIsABadRequest() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);
    Path file = Files.writeString(folder.resolve("file"), "x");

    assertThatThrownBy(() -> compile(CompileCache.in(file), standIn, OPTIONS))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("cannot write to the compile cache " + file + ": ");
    assertThatThrownBy(() -> compile(CompileCache.in(file.resolve("below")), standIn, OPTIONS))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("cannot write to the compile cache " + file + "/below: ");
    assertThat(standIn.runs()).isZero();
  }

  @Test
  void aModuleWithoutBytesIsABadRequest() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);

    assertThatThrownBy(
            () -> cache.compile(standIn.compiler(), new byte[0], OPTIONS, CompileListener.none()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("the module to compile has no bytes");
  }
}

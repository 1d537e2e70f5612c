package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;

@Timeout(120)
class NeuronCompilerTest {
  private static final CompilerOptions OPTIONS = CompilerOptions.of(CompilerTarget.TRN1);

  @TempDir Path folder;

  private Path work;

  private Path compile(StandIn standIn, CompilerOptions options, CompileListener listener) {
    work = folder.resolve("work");
    return standIn.compiler().compile(StandIn.MODULE, options, work, listener);
  }

  private Path compile(StandIn standIn) {
    return compile(standIn, OPTIONS, CompileListener.none());
  }

  @Test
  void runsWithTheFlagsOfOptimumAndAbsolutePathsInItsOwnFolder() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);

    Path neff = compile(standIn);

    assertThat(neff).isEqualTo(work.resolve("model.neff")).hasBinaryContent(StandIn.neff(100));
    assertThat(work.resolve("model.hlo_module.pb")).hasBinaryContent(StandIn.MODULE);
    assertThat(standIn.note("arguments"))
        .containsExactly(
            "compile",
            "--framework=XLA",
            work.resolve("model.hlo_module.pb").toString(),
            "--output=" + work.resolve("model.neff"),
            "--verbose=35",
            "--target=trn1",
            "--auto-cast=none",
            "--model-type=transformer",
            "--tensorizer-options=--enable-ccop-compute-overlap --cc-pipeline-tiling-factor=2"
                + " --vectorize-strided-dma",
            "-O2",
            "--lnc=1");
    assertThat(standIn.note("folder")).containsExactly(work.toRealPath().toString());
  }

  @Test
  void itsToolsAreInThePathAndTheVariableOfTheFrameworksIsNotInTheEnvironment() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);

    compile(standIn);

    assertThat(standIn.note("flags")).containsExactly("unset");
    assertThat(standIn.note("path").getFirst()).startsWith(folder + ":");
  }

  @Test
  void relativeFoldersAndFoldersWithSpacesAndQuotesDo() throws IOException {
    Path strange = Files.createDirectories(folder.resolve("it's a $HOME \"folder\" of ours"));
    StandIn standIn = new StandIn(strange, StandIn.WRITES);
    Path relative = Path.of("").toAbsolutePath().relativize(strange.resolve("the work"));

    Path neff =
        standIn.compiler().compile(StandIn.MODULE, OPTIONS, relative, CompileListener.none());

    assertThat(neff).isAbsolute().hasBinaryContent(StandIn.neff(100));
    assertThat(standIn.note("arguments")).contains("--output=" + neff);
  }

  @Test
  void tellsThatItCompilesAndThatItIsDone() throws IOException {
    List<CompilePhase> phases = new ArrayList<>();

    compile(new StandIn(folder, StandIn.WRITES), OPTIONS, (phase, elapsed) -> phases.add(phase));

    assertThat(phases).startsWith(CompilePhase.COMPILING).endsWith(CompilePhase.COMPILED);
  }

  @Test
  void aFailureHasTheExitCodeTheEndOfTheLogAndItsPath() throws IOException {
    StandIn standIn =
        new StandIn(
            folder,
            """
            echo first; echo second; echo
            printf 'ERROR: [EVRF001]\\tunsupported op\\n' >&2
            echo 'see the manual'; echo
            exit 70""");

    assertThatThrownBy(() -> compile(standIn))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "neuronx-cc failed with exit code 70: second | ERROR: [EVRF001] unsupported op | see"
                + " the manual (log: "
                + folder.resolve("work/console.log")
                + ")");
    assertThat(work.resolve("console.log")).content().startsWith("first\nsecond\n");
  }

  @Test
  void aFailureWithoutAWordSaysSo() throws IOException {
    StandIn standIn = new StandIn(folder, "exit 3");

    assertThatThrownBy(() -> compile(standIn))
        .hasMessageStartingWith("neuronx-cc failed with exit code 3: (it printed nothing) (log: ");
  }

  @Test
  void aSignalIsNamed() throws IOException {
    StandIn standIn = new StandIn(folder, "kill -9 $$");

    assertThatThrownBy(() -> compile(standIn))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith("neuronx-cc was ended by signal 9 (9: often for want of memory): ");
  }

  @Test
  void anOutputThatIsMissingEmptyShortForeignOrCutOffIsAFailure() throws IOException {
    assertOutput("true", "is not there");
    assertOutput("ln -s \"$state/template.neff\" \"$out\"", "is no file");
    assertOutput(": > \"$out\"", "is empty");
    assertOutput("echo short > \"$out\"", "is no NEFF: it has 6 bytes, less than a header");
    assertOutput(
        "head -c 2000 /dev/zero > \"$out\"",
        "is no NEFF: the size of its header is given as 0, not 1024");
    assertOutput(
        "head -c 1100 \"$state/template.neff\" > \"$out\"",
        "is incomplete: 100 bytes of data announced, 76 there");
  }

  private void assertOutput(String body, String problem) throws IOException {
    StandIn standIn = new StandIn(folder, body);

    assertThatThrownBy(() -> compile(standIn))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith(
            "neuronx-cc ended with exit code 0, but its output model.neff " + problem + ": ");
    Folders.delete(work);
  }

  @Test
  void aFloodOfOutputDoesNotBlockIt() throws IOException {
    StandIn standIn =
        new StandIn(folder, "head -c 20000000 /dev/zero | tr '\\0' x\n" + StandIn.WRITES);

    assertThat(compile(standIn)).hasBinaryContent(StandIn.neff(100));
    assertThat(work.resolve("console.log")).hasSize(20_000_000);
  }

  @Test
  void aHangEndsWithTheTimeLimit() throws IOException {
    StandIn standIn = new StandIn(folder, "echo thinking; exec sleep 300");
    CompilerOptions options =
        new CompilerOptions(CompilerTarget.TRN1, 1, 2, List.of(), Duration.ofSeconds(3));

    assertThatThrownBy(() -> compile(standIn, options, CompileListener.none()))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith(
            "neuronx-cc was ended after the time limit of 3 s; raise it: thinking (log: ");
    assertThat(standIn.isRunning("runs")).isFalse();
  }

  @Test
  void anInterruptEndsTheWholeTreeOfProcesses() throws IOException {
    StandIn standIn =
        new StandIn(
            folder,
            """
            sh -c 'sleep 300 & echo $! > "$0/grandchild"; wait' "$state" &
            echo $! > "$state/child"
            wait""");

    assertThatThrownBy(
            () ->
                compile(
                    standIn,
                    OPTIONS,
                    (phase, elapsed) -> {
                      if (standIn.hasNote("child") && standIn.hasNote("grandchild")) {
                        Thread.currentThread().interrupt();
                      }
                    }))
        .isInstanceOf(BackendException.class)
        .hasMessage("interrupted while compiling; the compiler was ended");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(standIn.isRunning("runs")).isFalse();
    assertThat(standIn.isRunning("child")).isFalse();
    assertThat(standIn.isRunning("grandchild")).isFalse();
  }

  @Test
  void whatItLeavesBehindWhenItEndsIsEndedToo() throws IOException {
    StandIn standIn =
        new StandIn(
            folder,
            "sleep 300 & echo $! > \"$state/child\"\n" + StandIn.WAITS + "\n" + StandIn.WRITES);
    AtomicInteger seen = new AtomicInteger();

    compile(
        standIn,
        OPTIONS,
        (phase, elapsed) -> {
          // between the first and the second call the tree is looked at
          if (standIn.hasNote("child") && seen.incrementAndGet() == 2) {
            standIn.go();
          }
        });

    assertThat(standIn.isRunning("child")).isFalse();
  }

  @Test
  void whatAListenerThrowsEndsTheCompiler() throws IOException {
    StandIn standIn = new StandIn(folder, "exec sleep 300");

    assertThatThrownBy(
            () ->
                compile(
                    standIn,
                    OPTIONS,
                    (phase, elapsed) -> {
                      if (standIn.hasNote("runs")) {
                        throw new IllegalStateException("enough");
                      }
                    }))
        .hasMessage("enough");
    assertThat(standIn.isRunning("runs")).isFalse();
  }

  @Test
  void aCompilerThatIsGoneIsNamed() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);
    Files.delete(standIn.executable());

    assertThatThrownBy(() -> compile(standIn))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith("cannot run " + standIn.executable() + ": ");
  }

  @Test
  void aFolderInUseOrNoFolderOrNoModuleIsABadRequest() throws IOException {
    StandIn standIn = new StandIn(folder, StandIn.WRITES);
    Path file = Files.writeString(folder.resolve("file"), "x");

    assertThatThrownBy(
            () ->
                standIn.compiler().compile(StandIn.MODULE, OPTIONS, folder, CompileListener.none()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("the compiler's working folder " + folder + " is not empty: name a new one");
    assertThatThrownBy(
            () -> standIn.compiler().compile(StandIn.MODULE, OPTIONS, file, CompileListener.none()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "cannot write to the compiler's working folder %s: %s is there and no folder"
                .formatted(file, file));
    assertThatThrownBy(
            () ->
                standIn
                    .compiler()
                    .compile(new byte[0], OPTIONS, folder.resolve("new"), CompileListener.none()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("the module to compile has no bytes");
  }

  @Test
  void aLogOverItsBoundEndsTheProcess() throws IOException, InterruptedException {
    Path endless =
        StandIn.script(
            folder.resolve("stand-in-endless"), "#!/bin/sh\necho $$ >> runs\nexec yes\n");
    CompilerProcess process =
        new CompilerProcess(
            List.of(endless.toString()), folder, folder.resolve("log"), Duration.ofHours(1), 1000);

    assertThat(process.run(elapsed -> {})).isInstanceOf(CompilerProcess.End.LogFull.class);
    long pid = Long.parseLong(Files.readString(folder.resolve("runs")).strip());
    StandIn.await(() -> ProcessHandle.of(pid).isEmpty());
  }
}

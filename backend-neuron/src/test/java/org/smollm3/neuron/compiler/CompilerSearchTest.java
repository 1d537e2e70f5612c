package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.neuron.compiler.CompilerSearch.Found;
import org.smollm3.neuron.compiler.CompilerSearch.NotFound;

@Timeout(120)
class CompilerSearchTest {
  private static final String INSTALL =
      "install the package neuronx-cc of AWS Neuron's pip repository (Linux on x86-64; no Neuron"
          + " device is needed), or give its path";

  @TempDir Path folder;

  private StandIn inFolder(String name) throws IOException {
    return new StandIn(Files.createDirectories(folder.resolve(name)), "neuronx-cc", StandIn.WRITES);
  }

  private static CompilerSearch find(Optional<String> option, Optional<String> property, String p) {
    return CompilerSearch.find(option, property, Map.of("PATH", p));
  }

  private static String message(CompilerSearch search) {
    return ((NotFound) search).message();
  }

  @Test
  void theFirstInThePathIsFoundWithItsVersion() throws IOException {
    StandIn first = inFolder("a b");
    inFolder("second");
    String path = "::/no/such:%s/a b:%s/second".formatted(folder, folder);

    assertThat(find(Optional.empty(), Optional.empty(), path))
        .isEqualTo(new Found(new NeuronCompiler(first.executable(), "2.99.1.0+0123abcd")));
  }

  @Test
  void theOptionComesBeforeThePropertyBeforeThePath() throws IOException {
    Optional<String> option = Optional.of(inFolder("option").executable().toString());
    Optional<String> property = Optional.of(inFolder("property").executable().toString());
    String path = inFolder("path").executable().getParent().toString();

    assertThat(((Found) find(option, property, path)).compiler().executable())
        .isEqualTo(folder.resolve("option/neuronx-cc"));
    assertThat(((Found) find(Optional.empty(), property, path)).compiler().executable())
        .isEqualTo(folder.resolve("property/neuronx-cc"));
    assertThat(((Found) find(Optional.empty(), Optional.empty(), path)).compiler().executable())
        .isEqualTo(folder.resolve("path/neuronx-cc"));
  }

  @Test
  void whatIsNamedButNotThereIsNotLookedForElsewhere() throws IOException {
    String path = inFolder("path").executable().getParent().toString();

    assertThat(message(find(Optional.of("/no/such"), Optional.empty(), path)))
        .isEqualTo(
            "neuronx-cc not found: the path given, '/no/such', is no executable file; " + INSTALL);
    assertThat(message(find(Optional.empty(), Optional.of(folder.toString()), path)))
        .isEqualTo(
            "neuronx-cc not found: the path in -Dsmollm3.neuronxcc, '%s', is no executable file; %s"
                .formatted(folder, INSTALL));
    assertThat(message(find(Optional.of("a\0b"), Optional.empty(), path)))
        .contains("is no executable file");
  }

  @Test
  void withoutItTheMessageSaysWhereItLookedAndWhatToInstall() throws IOException {
    Path dull = Files.writeString(folder.resolve("neuronx-cc"), "no program");

    assertThat(message(find(Optional.empty(), Optional.empty(), "/no/such:" + folder)))
        .isEqualTo(
            "neuronx-cc not found in PATH (/no/such:%s); %s is not executable: %s"
                .formatted(folder, dull, INSTALL));
    assertThat(message(CompilerSearch.find(Optional.empty(), Optional.empty(), Map.of())))
        .isEqualTo("neuronx-cc not found in PATH (which is empty): " + INSTALL);
  }

  @Test
  void whatDoesNotAnswerAsTheCompilerIsNotIt() throws IOException {
    assertAnswer("echo some other program", "exit code 0, some other program");
    assertAnswer("echo NeuronX Compiler version 2.1; exit 5", "exit code 5, NeuronX Compiler");
    assertAnswer("echo NeuronX Compiler version ../../etc", "exit code 0, NeuronX Compiler");
    assertAnswer("exit 0", "exit code 0, (it printed nothing)");
    assertAnswer("exec yes", "answers --version without an end");
  }

  private void assertAnswer(String body, String what) throws IOException {
    Path program = StandIn.script(folder.resolve("stand-in"), "#!/bin/sh\n" + body + "\n");

    assertThat(message(find(Optional.of(program.toString()), Optional.empty(), "")))
        .startsWith(program + " ")
        .contains(what)
        .endsWith("; " + INSTALL);
  }

  @Test
  void whatDoesNotAnswerAtAllIsNotIt() throws IOException {
    Path program =
        StandIn.script(folder.resolve("stand-in"), "#!/bin/sh\necho $$ > \"$0.pid\"\nsleep 300\n");

    assertThat(message(VersionQuery.ask(program, Duration.ofSeconds(1))))
        .isEqualTo(program + " did not answer --version within 1 s; " + INSTALL);
  }

  @Test
  void whatCannotBeStartedIsNotIt() throws IOException {
    Path program = StandIn.script(folder.resolve("stand-in"), "#!/no/such/interpreter\n");

    assertThat(message(find(Optional.of(program.toString()), Optional.empty(), "")))
        .startsWith(program + " cannot be asked for its version: ");
  }
}

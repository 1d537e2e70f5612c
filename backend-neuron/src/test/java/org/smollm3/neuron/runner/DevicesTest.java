package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.NeuronConfigWriter;
import org.smollm3.neuron.SimulatedBackendProvider;
import org.smollm3.neuron.artifacts.CompiledGraph;
import org.smollm3.neuron.metaneff.MetaNeffWriter;
import org.smollm3.neuron.nrt.Failure;
import org.smollm3.neuron.runner.CompiledSamples.Layout;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;

/** Options of the backends, and graphs in folders. */
@Timeout(120)
class DevicesTest {
  @TempDir private Path temp;

  private static Backend open(String... options) {
    Map<String, String> values = new java.util.HashMap<>();
    for (int i = 0; i < options.length; i += 2) {
      values.put(options[i], options[i + 1]);
    }
    return new SimulatedBackendProvider().open(new BackendOptions(values));
  }

  private static void assertRuns(Backend backend, int ranks) {
    try (backend;
        Session ours =
            backend.load(SmallProgram.of(ranks), SmallProgram.WEIGHTS, LoadOptions.defaults());
        Session theirs = Simulation.lowered(ranks, LoadOptions.defaults())) {
      Simulation.assertSameRun(ours, theirs, SmallProgram.STEP, 2);
    }
    assertThat(Simulation.threads()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"trn1", "inf2", "trn2"})
  void everySimulatedDeviceRunsPrograms(String device) {
    Backend backend = open("device", device, "cores", "2", "load", "sequential");
    assertThat(backend.description()).startsWith("neuron-sim (simulated device; simulated NEFFs");
    assertRuns(backend, 2);
  }

  @Test
  void coresAreAsManyAsAsked() {
    try (Backend backend = open("cores", "1")) {
      Simulation.assertFails(
          Failure.NOT_ENOUGH_CORES,
          () -> backend.load(SmallProgram.of(2), SmallProgram.WEIGHTS, LoadOptions.defaults()));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "device | trn9 | device is 'trn9'; the simulated device can be trn1, inf2 or trn2",
        "cores | 0 | cores is '0'; give a whole number from 1 to 128",
        "cores | 129 | cores is '129'; give a whole number from 1 to 128",
        "cores | many | cores is 'many'; give a whole number from 1 to 128",
        "load | both | load is 'both'; give parallel or sequential",
        "load-limit | soon | load-limit is 'soon'; give a number of seconds",
        "load-limit | 0 | load-limit is 0.0 s; give more than 0 and at most a day",
        "load-limit | -1 | load-limit is -1.0 s; give more than 0 and at most a day",
        "load-limit | NaN | load-limit is 0.0 s; give more than 0 and at most a day",
        "exec-timeout | 1e6 | exec-timeout is 1000000.0 s; give more than 0 and at most a day",
        "exec-timeout | | exec-timeout is ''; give a number of seconds",
        "life-cycle-limit | x | life-cycle-limit is 'x'; give a number of seconds",
      })
  void aBadValueIsOneLine(String option, String value, String message) {
    assertThatThrownBy(() -> open(option, value == null ? "" : value))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource({"0", "-3", "1.5", "99999999999"})
  void aBadTileIsOneLine(String tile) {
    assertThatThrownBy(() -> open("attention-tile", tile))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("attention-tile is '" + tile + "'; give a whole number from 1 to 2147483647");
  }

  @Test
  void limitsAreInSeconds() {
    RunnerOptions read =
        RunnerOptions.of(
            new BackendOptions(
                Map.of(
                    "load",
                    "sequential",
                    "load-limit",
                    "1.5",
                    "exec-timeout",
                    "20",
                    "life-cycle-limit",
                    "0.25")));
    assertThat(read)
        .isEqualTo(
            new RunnerOptions(
                RunnerOptions.Loading.SEQUENTIAL,
                Duration.ofMillis(1500),
                Duration.ofSeconds(20),
                Duration.ofMillis(250)));
    assertThat(RunnerOptions.of(BackendOptions.defaults())).isEqualTo(RunnerOptions.defaults());
  }

  @Test
  void aFolderThatIsNoneIsRefused() {
    assertThatThrownBy(() -> open("compiled", temp.resolve("nowhere").toString()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("nowhere");
    assertThatThrownBy(() -> open("compiled", temp.toString()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("holds no compiled graphs");
    assertThatThrownBy(() -> open("compiled", "a\0b"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("is no path");
  }

  private Path folder(Layout layout) throws IOException {
    var transformation =
        layout == Layout.AS_STORED
            ? java.util.Optional.<CompiledGraph>empty()
            : java.util.Optional.of(CompiledSamples.transposing(2, CompiledSamples.SQUARE, 4));
    var artifacts = CompiledSamples.artifacts(2, layout, transformation);
    Files.writeString(
        temp.resolve("neuron_config.json"), NeuronConfigWriter.write(artifacts.config()));
    for (CompiledGraph graph : artifacts.graphs().values()) {
      write(graph);
    }
    if (transformation.isPresent()) {
      write(transformation.get());
    } else {
      Files.createFile(temp.resolve("no_layout_transformation"));
    }
    return temp;
  }

  private void write(CompiledGraph graph) throws IOException {
    Path folder = Files.createDirectories(temp.resolve(graph.key()));
    Files.write(
        folder.resolve("graph.neff"),
        graph.neff().bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
    Files.write(folder.resolve("metaneff.pb"), MetaNeffWriter.write(graph.metaneff()));
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.EnumSource(Layout.class)
  void aFolderOfCompiledGraphsRuns(Layout layout) throws IOException {
    String graph = CompiledSamples.GRAPHS.getFirst();
    try (Backend backend = open("compiled", folder(layout).toString());
        Session session =
            backend.load(
                CompiledSamples.program(2, Layout.AS_STORED),
                CompiledSamples.WEIGHTS,
                LoadOptions.defaults());
        Session wanted =
            org.smollm3.neuron.lowered.LoweredBackend.open(TraceOptions.defaults())
                .load(
                    CompiledSamples.program(2, Layout.AS_STORED),
                    CompiledSamples.WEIGHTS,
                    LoadOptions.defaults())) {
      assertThat(backend.description()).contains("graphs compiled in " + temp);
      Outputs ours = session.run(graph, CompiledSamples.inputs(graph, 1));
      Outputs theirs = wanted.run(graph, CompiledSamples.inputs(graph, 1));
      Simulation.assertSame(ours.get("logits"), theirs.get("logits"), "logits");
    }
  }

  @Test
  void aTruncatedOrForeignNeffIsRefusedWhenOpened() throws IOException {
    Path neff = folder(Layout.AS_STORED).resolve("token_generation/graph.neff");
    byte[] whole = Files.readAllBytes(neff);
    for (int length : new int[] {0, 10, 1023, 1024, whole.length / 2, whole.length - 1}) {
      Files.write(neff, java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> open("compiled", temp.toString()))
          .as("%d bytes", length)
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("graph.neff")
          .hasMessageNotContaining("\n");
    }
    Files.writeString(neff, "PK\3\4" + "foreign".repeat(400));
    assertThatThrownBy(() -> open("compiled", temp.toString()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("graph.neff");
  }

  @Test
  void withoutACompilerARealDeviceSaysWhatToDo() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    NeuronBackend backend =
        Devices.real(
            "neuron",
            device.library(),
            new BackendOptions(Map.of("neuronx-cc", temp.resolve("none").toString())));
    assertThat(backend.description()).isEqualTo("neuron (no compiler; simulated libnrt)");
    assertThatThrownBy(
            () -> backend.load(SmallProgram.of(2), SmallProgram.WEIGHTS, LoadOptions.defaults()))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith("graph 'step' cannot be compiled: neuronx-cc not found")
        .hasMessageEndingWith("; or run graphs that were compiled elsewhere (--compiled DIR)")
        .hasMessageNotContaining("\n");
    Simulation.assertNothingLeft(device);
  }
}

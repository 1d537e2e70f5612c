package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.neuron.artifacts.Artifacts;
import org.smollm3.neuron.artifacts.CompiledGraph;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.neff.SimulatedNeff;
import org.smollm3.neuron.nrt.Failure;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.runner.CompiledSamples.Layout;
import org.smollm3.neuron.simulator.Call;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;

/** Graphs that were compiled before, in memory. */
@Timeout(120)
class CompiledFolderTest {
  private static Session load(SimulatedNrt device, Artifacts artifacts, int ranks) {
    return load(device, artifacts, ranks, LoadOptions.defaults());
  }

  private static Session load(
      SimulatedNrt device, Artifacts artifacts, int ranks, LoadOptions load) {
    return Devices.simulated("neuron-sim", device, CompiledFolder.of(artifacts), Simulation.PATIENT)
        .load(CompiledSamples.program(ranks, Layout.AS_STORED), CompiledSamples.WEIGHTS, load);
  }

  private static Artifacts plain(int ranks) {
    return CompiledSamples.artifacts(ranks, Layout.AS_STORED, Optional.empty());
  }

  private static Artifacts transposed(int ranks) {
    return CompiledSamples.artifacts(
        ranks,
        Layout.TRANSPOSED,
        Optional.of(CompiledSamples.transposing(ranks, CompiledSamples.SQUARE, 4)));
  }

  private static void assertRight(Session session, int ranks) {
    try (Session wanted =
        LoweredBackend.open(TraceOptions.defaults())
            .load(
                CompiledSamples.program(ranks, Layout.AS_STORED),
                CompiledSamples.WEIGHTS,
                LoadOptions.defaults())) {
      for (int i = 0; i < 6; i++) {
        String graph = CompiledSamples.GRAPHS.get(i % 2);
        Outputs ours = session.run(graph, CompiledSamples.inputs(graph, i));
        Outputs theirs = wanted.run(graph, CompiledSamples.inputs(graph, i));
        for (int rank = 0; rank < ranks; rank++) {
          Simulation.assertSame(
              ours.outputsByRank().get(rank).get("logits"),
              theirs.outputsByRank().get(rank).get("logits"),
              graph + " of rank " + rank);
          Simulation.assertSame(
              session.readState(CompiledSamples.STATE, rank),
              wanted.readState(CompiledSamples.STATE, rank),
              "state of rank " + rank);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void compiledGraphsGiveWhatTheLoweredOnesGive(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    try (Session session = load(device, plain(ranks), ranks)) {
      assertRight(session, ranks);
    }
    Simulation.assertNothingLeft(device);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void theLayoutIsTransformedOncePerRankBeforeAnyGraph(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    NrtFunction loads = ranks == 1 ? NrtFunction.NRT_LOAD : NrtFunction.NRT_LOAD_COLLECTIVES;
    try (Session session = load(device, transposed(ranks), ranks)) {
      List<NrtFunction> order =
          device.calls().latest().stream()
              .map(Call::function)
              .filter(
                  function ->
                      function == loads
                          || function == NrtFunction.NRT_EXECUTE
                          || function == NrtFunction.NRT_UNLOAD)
              .toList();
      assertThat(order.subList(0, ranks)).containsOnly(loads);
      assertThat(order.subList(ranks, 2 * ranks)).containsOnly(NrtFunction.NRT_EXECUTE);
      assertThat(order.subList(2 * ranks, 3 * ranks)).containsOnly(NrtFunction.NRT_UNLOAD);
      assertThat(order.subList(3 * ranks, order.size())).hasSize(2 * ranks).containsOnly(loads);
      assertThat(device.allocations().models()).isEqualTo(2 * ranks);
      assertThat(device.allocations().sets()).isEqualTo(4 * ranks);
      assertRight(session, ranks);
    }
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aTransformationThatFailsFreesAll() {
    SimulatedNrt device =
        Simulation.device(1, FaultPlan.none().executionFails(0, 1, NrtStatus.EXEC_BAD_INPUT));
    Simulation.assertFails(Failure.BAD_INPUT, () -> load(device, transposed(1), 1));
    Simulation.assertNothingLeft(device);
    try (Session session = load(device, transposed(1), 1)) {
      assertRight(session, 1);
    }
    Simulation.assertNothingLeft(device);
  }

  private static void assertRefused(
      Class<? extends Throwable> type, String message, Artifacts artifacts, int ranks) {
    SimulatedNrt device = Simulation.device(4, FaultPlan.none());
    assertThatThrownBy(() -> load(device, artifacts, ranks))
        .isInstanceOf(type)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
    Simulation.assertNothingLeft(device);
    assertThat(device.environment()).isEmpty();
  }

  @Test
  void aTransformationOfForeignWeightsIsRefused() {
    assertRefused(
        InvalidModelException.class,
        "transforms the weight 'foreign.weight' that the program lacks",
        CompiledSamples.artifacts(
            1, Layout.TRANSPOSED, Optional.of(CompiledSamples.transposing(1, "foreign.weight", 4))),
        1);
    assertRefused(
        InvalidModelException.class,
        "transforms the weight square.weight as F32[5, 5], but the program has it as F32[4, 4]",
        CompiledSamples.artifacts(
            1,
            Layout.TRANSPOSED,
            Optional.of(CompiledSamples.transposing(1, CompiledSamples.SQUARE, 5))),
        1);
  }

  @Test
  void anotherDegreeIsRefused() {
    assertRefused(
        InvalidRequestException.class,
        "was compiled for tensor-parallel degree 2, not 4; ask for 2 or compile again",
        plain(2),
        4);
  }

  @Test
  void tapsAreRefusedByName() {
    SimulatedNrt device = Simulation.device(1, FaultPlan.none());
    assertThatThrownBy(() -> load(device, plain(1), 1, LoadOptions.defaults().withTaps("layers.*")))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessageContaining("TAPS")
        .hasMessageContaining("the export");
    Simulation.assertNothingLeft(device);
  }

  @Test
  void moreRanksThanCoresAreRefused() {
    SimulatedNrt device = Simulation.device(1, FaultPlan.none());
    Simulation.assertFails(Failure.NOT_ENOUGH_CORES, () -> load(device, plain(2), 2));
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aGraphWithAnotherSizeOfAWeightIsRefused() {
    Port small = port(4);
    Port large = port(5);
    Neff neff = plain(1).graphs().get(CompiledSamples.GRAPHS.getFirst()).neff();
    RunnableProgram program =
        new RunnableProgram(
            List.of(
                new RunnableGraph("a", neff, List.of(small), List.of()),
                new RunnableGraph("b", neff, List.of(large), List.of())),
            Optional.empty(),
            1);
    assertThatThrownBy(program::weights)
        .isInstanceOf(InvalidModelException.class)
        .hasMessageEndingWith(
            "has 'w' of 20 bytes, but another graph has it of 16; the graphs are not of one"
                + " compilation");
  }

  private static Port port(long size) {
    return new Port(
        "input0",
        Port.Role.WEIGHT,
        new org.smollm3.tensor.TensorSpec(
            "w", org.smollm3.tensor.DType.F32, org.smollm3.tensor.Shape.of(size)));
  }

  @Test
  void aMissingWeightIsNamed() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    assertThatThrownBy(
            () ->
                Devices.simulated(
                        "neuron-sim", device, CompiledFolder.of(plain(2)), Simulation.PATIENT)
                    .load(
                        CompiledSamples.program(2, Layout.AS_STORED),
                        (name, rank) -> {
                          throw new InvalidModelException("no weight '" + name + "'");
                        },
                        LoadOptions.defaults()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("no weight 'square.weight'");
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aSimulatedNeffIsRefusedByARealDevice() {
    SimulatedNrt device = Simulation.device(1, FaultPlan.none());
    NeuronBackend backend = device(NeuronBackend.Device.NEURON, device, plain(1));
    assertThatThrownBy(() -> loadOn(backend))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("is a simulated NEFF, which no NeuronCore can run; use the backend");
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aRealNeffIsRefusedByTheSimulatedDeviceAndRunsIntoLibnrtOnARealOne() {
    SimulatedNrt device = Simulation.device(1, FaultPlan.none());
    Map<String, CompiledGraph> real = new LinkedHashMap<>();
    Artifacts artifacts = plain(1);
    artifacts
        .graphs()
        .forEach(
            (key, graph) ->
                real.put(key, new CompiledGraph(key, real(graph.neff()), graph.metaneff())));
    Artifacts ofReal = new Artifacts("the export", artifacts.config(), real, Optional.empty());

    assertThatThrownBy(() -> loadOn(device(NeuronBackend.Device.SIMULATED, device, ofReal)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("is for NeuronCores, the simulated device runs simulated NEFFs only");
    // What libnrt does not take is an error with the rank.
    assertThat(
            Simulation.assertFails(
                    Failure.BAD_INPUT,
                    () -> loadOn(device(NeuronBackend.Device.NEURON, device, ofReal)))
                .rank())
        .hasValue(0);
    Simulation.assertNothingLeft(device);
  }

  private static NeuronBackend device(
      NeuronBackend.Device kind, SimulatedNrt device, Artifacts artifacts) {
    return new NeuronBackend(
        "neuron",
        kind,
        device.library(),
        CompiledFolder.of(artifacts),
        Simulation.PATIENT,
        LoweredBackend.open(TraceOptions.defaults()).numerics());
  }

  private static void loadOn(NeuronBackend backend) {
    backend
        .load(
            CompiledSamples.program(1, Layout.AS_STORED),
            CompiledSamples.WEIGHTS,
            LoadOptions.defaults())
        .close();
  }

  /** The graph's member under another name of the same letters, so that checksums stay right. */
  private static Neff real(Neff neff) {
    byte[] file = neff.bytes().toArray(ValueLayout.JAVA_BYTE);
    String text = new String(file, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(SimulatedNeff.GRAPH_MEMBER);
    byte first = file[at];
    file[at] = file[at + 1];
    file[at + 1] = first;
    return Neff.read(MemorySegment.ofArray(file), neff.location());
  }

  @Test
  void graphsForPairsOfCoresRunOnTrn2AndNeedTheSettingFree() {
    Artifacts pairs =
        CompiledSamples.artifacts(
            CompiledSamples.config(2, "trn2"),
            NeuronArchitecture.ofFamily("trn2").orElseThrow(),
            Layout.AS_STORED,
            Optional.empty());
    SimulatedNrt trn2 = Simulation.device(SimulatedDevice.trn2(2), Map.of(), FaultPlan.none());
    try (Session session = load(trn2, pairs, 2)) {
      assertRight(session, 2);
    }
    Simulation.assertNothingLeft(trn2);

    Map<String, String> users = Map.of("NEURON_RT_VIRTUAL_CORE_SIZE", "1");
    SimulatedNrt set = Simulation.device(SimulatedDevice.trn2(2), users, FaultPlan.none());
    assertThatThrownBy(() -> load(set, pairs, 2))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "NEURON_RT_VIRTUAL_CORE_SIZE is 1, but the model was compiled for 2 physical cores in a"
                + " logical one; unset it, or compile again");
    Simulation.assertNothingLeft(set);

    SimulatedNrt trn1 = Simulation.device(SimulatedDevice.trn1(4), Map.of(), FaultPlan.none());
    assertThatThrownBy(() -> load(trn1, pairs, 2))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            "context_encoding.neff was compiled for trn2, but this is a trn1.32xlarge; run it there,"
                + " or compile again");
    Simulation.assertNothingLeft(trn1);
  }
}

package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.simulator.Allocations;
import org.smollm3.neuron.simulator.Call;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

@Timeout(120)
class NeuronSessionTest {
  /** Of one rank: the number of it, two weights, two states, three inputs, three outputs. */
  private static final int TENSORS = 1 + 2 + 2 + 3 + 3;

  private static final LoadOptions TAPS = LoadOptions.defaults().withTaps("*");

  private static Session load(SimulatedNrt device, int ranks, LoadOptions load) {
    return Simulation.backend(device, Simulation.PATIENT)
        .load(SmallProgram.of(ranks), SmallProgram.WEIGHTS, load);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void givesWhatTheLoweredGraphsGiveBitForBit(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    try (Session ours = load(device, ranks, TAPS);
        Session theirs = Simulation.lowered(ranks, TAPS)) {
      for (int n = 0; n < 8; n++) {
        Simulation.assertSameRun(ours, theirs, SmallProgram.STEP, n);
        if (n % 3 == 1) {
          Simulation.assertSameRun(ours, theirs, SmallProgram.FOLD, n);
        }
        Simulation.assertSameStates(ours, theirs, ranks);
      }
      ours.resetStates();
      theirs.resetStates();
      Simulation.assertSameStates(ours, theirs, ranks);
      Simulation.assertSameRun(ours, theirs, SmallProgram.FOLD, 9);
      Simulation.assertSameRun(ours, theirs, SmallProgram.STEP, 2);
    }
    Simulation.assertNothingLeft(device);
  }

  @Test
  void ranksAreToldApartByTheirTaps() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    List<String> told = new ArrayList<>();
    LoadOptions listening =
        TAPS.withListener((name, rank, value) -> told.add(name + " " + rank + " " + value.shape()));
    try (Session session = load(device, 2, listening)) {
      List<Map<String, HostTensor>> taps =
          session.run(SmallProgram.STEP, SmallProgram.step(1)).tapsByRank();
      assertThat(taps.get(0).get(SmallProgram.TAP).toFloatArray())
          .isNotEqualTo(taps.get(1).get(SmallProgram.TAP).toFloatArray());
    }
    assertThat(told).hasSize(2);
    assertThat(told.get(0)).startsWith("product 0 ");
    assertThat(told.get(1)).startsWith("product 1 ");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void whatStaysIsAllocatedOnceForAllGraphs(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    try (Session session = load(device, ranks, LoadOptions.defaults())) {
      Allocations held = device.allocations();
      assertThat(held.tensors()).isEqualTo(ranks * TENSORS);
      assertThat(held.models()).isEqualTo(ranks * 2);
      assertThat(held.sets()).isEqualTo(ranks * 4);
      session.run(SmallProgram.STEP, SmallProgram.step(0));
      session.run(SmallProgram.FOLD, SmallProgram.fold(1));
      session.resetStates();
      assertThat(device.allocations()).isEqualTo(held);
    }
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aRunWritesExecutesAndReadsAndDoesNothingElse() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    try (Session session = load(device, 2, LoadOptions.defaults())) {
      int before = device.calls().latest().size();
      session.run(SmallProgram.STEP, SmallProgram.step(0));

      List<Call> calls = device.calls().latest();
      List<NrtFunction> called =
          calls.subList(before, calls.size()).stream().map(Call::function).toList();
      // Two inputs and one output on two ranks.
      assertThat(called.subList(0, 4)).containsOnly(NrtFunction.NRT_TENSOR_WRITE);
      assertThat(called.subList(4, 8))
          .containsExactlyInAnyOrder(
              NrtFunction.NRT_EXECUTE,
              NrtFunction.NRT_EXECUTE,
              NrtFunction.NRT_TENSOR_READ,
              NrtFunction.NRT_TENSOR_READ);
      assertThat(called).hasSize(8);
    }
  }

  @Test
  void closeUnloadsThenDestroysSetsThenFreesTensorsThenEndsTheRuntime() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    Session session = load(device, 2, LoadOptions.defaults());
    session.run(SmallProgram.STEP, SmallProgram.step(0));
    int before = device.calls().latest().size();
    session.close();

    List<NrtFunction> expected = new ArrayList<>();
    add(expected, NrtFunction.NRT_UNLOAD, 4);
    add(expected, NrtFunction.NRT_DESTROY_TENSOR_SET, 8);
    add(expected, NrtFunction.NRT_TENSOR_FREE, 2 * TENSORS);
    add(expected, NrtFunction.NRT_CLOSE, 1);
    List<Call> calls = device.calls().latest();
    assertThat(calls.subList(before, calls.size()).stream().map(Call::function).toList())
        .isEqualTo(expected);
    session.close();
    assertThat(device.calls().latest()).hasSameSizeAs(calls);
    Simulation.assertNothingLeft(device);
  }

  private static void add(List<NrtFunction> list, NrtFunction function, int times) {
    for (int i = 0; i < times; i++) {
      list.add(function);
    }
  }

  @Test
  void theEnvironmentIsAsItWasAfterwardsAndWhatTheUserSetStays() {
    Map<String, String> users = Map.of("NEURON_RT_EXEC_TIMEOUT", "7", "NEURON_RT_NUM_CORES", "3");
    SimulatedNrt device = Simulation.device(SimulatedDevice.trn1(4), users, FaultPlan.none());
    try (Session session = load(device, 2, LoadOptions.defaults())) {
      assertThat(session.readState(SmallProgram.COUNT, 1).toFloatArray()).containsExactly(0);
      assertThat(device.environment())
          .containsAllEntriesOf(users)
          .containsKeys("NEURON_RT_ROOT_COMM_ID", "NEURON_RT_VIRTUAL_CORE_SIZE");
    }
    assertThat(device.environment()).isEqualTo(users);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void loadsRankByRankWhereAskedTo(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, FaultPlan.none());
    RunnerOptions oneByOne = Simulation.PATIENT.withLoading(RunnerOptions.Loading.SEQUENTIAL);
    try (Session ours = Simulation.load(device, oneByOne, ranks);
        Session theirs = Simulation.lowered(ranks, LoadOptions.defaults())) {
      Simulation.assertSameRun(ours, theirs, SmallProgram.STEP, 3);
      Simulation.assertSameRun(ours, theirs, SmallProgram.FOLD, 3);
    }
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aStateIsACopyAndOnlyOfARankAndANameThatAreThere() {
    SimulatedNrt device = Simulation.device(2, FaultPlan.none());
    try (Session session = load(device, 2, LoadOptions.defaults())) {
      HostTensor before = session.readState(SmallProgram.CACHE, 0);
      session.run(SmallProgram.STEP, SmallProgram.step(1));
      assertThat(before.toFloatArray()).containsOnly(0);
      assertThat(session.readState(SmallProgram.CACHE, 0).getFloat(3)).isNotZero();

      assertThatThrownBy(() -> session.readState(SmallProgram.CACHE, 2))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("state 'cache': rank 2 is not one of the ranks 0 to 1 of this session");
      assertThatThrownBy(() -> session.readState("cash", 0))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("no state 'cash'; there are [cache, count]");
    }
  }

  @Test
  void wrongInputsAreRefusedBeforeAnythingIsWritten() {
    SimulatedNrt device = Simulation.device(1, FaultPlan.none());
    try (Session session = load(device, 1, LoadOptions.defaults())) {
      long writes = device.calls().count(NrtFunction.NRT_TENSOR_WRITE);
      assertThatThrownBy(() -> session.run(SmallProgram.STEP, SmallProgram.fold(1)))
          .isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> session.run("stop", Map.of()))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("has no graph 'stop'");
      assertThat(device.calls().count(NrtFunction.NRT_TENSOR_WRITE)).isEqualTo(writes);
    }
  }
}

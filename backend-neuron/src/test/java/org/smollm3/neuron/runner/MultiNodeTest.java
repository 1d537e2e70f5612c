package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.LoadMode;
import org.smollm3.neuron.simulator.SimulatedCluster;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedMachine;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.spi.TapPattern;

/** Four ranks on two machines. */
@Timeout(120)
class MultiNodeTest {
  private static final Map<String, String> ROOT = Map.of("NEURON_RT_ROOT_COMM_ID", "10.0.0.1:4");

  private static LoadOptions ranks(Integer... ranks) {
    return new LoadOptions(TapPattern.of("*"), Optional.empty(), List.of(ranks));
  }

  private static SimulatedNrt machine(
      SimulatedCluster cluster, Map<String, String> variables, LoadMode mode) {
    return new SimulatedNrt(
        new SimulatedMachine(SimulatedDevice.trn1(2).withLoadMode(mode)),
        cluster,
        variables,
        new EvaluatedPrograms(),
        FaultPlan.none());
  }

  private static Session load(SimulatedNrt machine, Integer... ranks) {
    return Simulation.backend(machine, Simulation.PATIENT)
        .load(SmallProgram.of(4), SmallProgram.WEIGHTS, ranks(ranks));
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void twoProcessesGiveWhatOneGives(LoadMode mode) throws InterruptedException, ExecutionException {
    SimulatedCluster cluster = new SimulatedCluster();
    SimulatedNrt left = machine(cluster, ROOT, mode);
    SimulatedNrt right = machine(cluster, ROOT, mode);
    try (ExecutorService processes = Executors.newFixedThreadPool(2)) {
      Future<Session> leftLoads = processes.submit(() -> load(left, 0, 1));
      Future<Session> rightLoads = processes.submit(() -> load(right, 2, 3));
      try (Session first = leftLoads.get();
          Session second = rightLoads.get();
          Session wanted = Simulation.lowered(4, LoadOptions.defaults().withTaps("*"))) {
        for (int i = 0; i < 6; i++) {
          int n = i;
          String graph = n % 3 == 2 ? SmallProgram.FOLD : SmallProgram.STEP;
          Future<Outputs> other =
              processes.submit(() -> second.run(graph, SmallProgram.inputs(graph, n)));
          Outputs ours = first.run(graph, SmallProgram.inputs(graph, n));
          Outputs theirs = wanted.run(graph, SmallProgram.inputs(graph, n));
          assertSameRanks(ours, theirs, 0);
          assertSameRanks(other.get(), theirs, 2);
        }
        assertStates(first, wanted, 0);
        assertStates(second, wanted, 2);
        assertThatThrownBy(() -> first.readState(SmallProgram.CACHE, 2))
            .isInstanceOf(InvalidRequestException.class)
            .hasMessageContaining("rank 2 is not one of the ranks 0 to 1");
        assertThatThrownBy(() -> second.readState(SmallProgram.CACHE, 0))
            .isInstanceOf(InvalidRequestException.class)
            .hasMessageContaining("rank 0 is not one of the ranks 2 to 3");
      }
    }
    Simulation.assertNothingLeft(left);
    Simulation.assertNothingLeft(right);
    assertThat(left.environment()).isEqualTo(ROOT);
  }

  private static void assertSameRanks(Outputs ours, Outputs theirs, int first) {
    assertThat(ours.outputsByRank()).hasSize(2);
    for (int i = 0; i < 2; i++) {
      int rank = first + i;
      theirs
          .outputsByRank()
          .get(rank)
          .forEach(
              (name, value) ->
                  Simulation.assertSame(
                      ours.outputsByRank().get(rank - first).get(name), value, name));
      theirs
          .tapsByRank()
          .get(rank)
          .forEach(
              (name, value) ->
                  Simulation.assertSame(
                      ours.tapsByRank().get(rank - first).get(name), value, name));
    }
  }

  private static void assertStates(Session ours, Session theirs, int first) {
    for (int rank = first; rank < first + 2; rank++) {
      for (String name : List.of(SmallProgram.CACHE, SmallProgram.COUNT)) {
        Simulation.assertSame(ours.readState(name, rank), theirs.readState(name, rank), name);
      }
    }
  }

  @Test
  void withoutAPlaceToMeetItIsRefused() {
    SimulatedNrt machine = machine(new SimulatedCluster(), Map.of(), LoadMode.ALONE);
    assertThatThrownBy(() -> load(machine, 0, 1))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "NEURON_RT_ROOT_COMM_ID is not set, and the ranks are spread over processes; set it to"
                + " ADDRESS:PORT of the first machine, the same on all of them");
    Simulation.assertNothingLeft(machine);
    assertThat(machine.environment()).isEmpty();
  }

  @Test
  void ranksWithAGapOrOutOfOrderOrOutOfRangeAreRefused() {
    SimulatedNrt machine = machine(new SimulatedCluster(), ROOT, LoadMode.ALONE);
    assertThatThrownBy(() -> load(machine, 0, 2))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "the local ranks are [0, 2]; a process serves ranks that follow each other, in order");
    assertThatThrownBy(() -> load(machine, 1, 0)).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> load(machine, 3, 4))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("local rank 4");
    Simulation.assertNothingLeft(machine);
  }
}

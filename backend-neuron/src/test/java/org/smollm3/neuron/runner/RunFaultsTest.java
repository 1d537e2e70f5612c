package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.neuron.nrt.Failure;
import org.smollm3.neuron.nrt.NeuronRuntimeException;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Session;

/** What goes wrong while graphs run. */
@Timeout(120)
class RunFaultsTest {
  private static final FaultPlan NONE = FaultPlan.none();

  private static void step(Session session, int n) {
    session.run(SmallProgram.STEP, SmallProgram.step(n));
  }

  private static void assertRight(Session session, int ranks) {
    session.resetStates();
    try (Session theirs = Simulation.lowered(ranks, LoadOptions.defaults())) {
      Simulation.assertSameStates(session, theirs, ranks);
      for (int n = 0; n < 3; n++) {
        Simulation.assertSameRun(session, theirs, SmallProgram.STEP, n);
        Simulation.assertSameRun(session, theirs, SmallProgram.FOLD, n);
      }
    }
  }

  private static void assertLoadsAndRuns(SimulatedNrt device, int ranks) {
    try (Session session = Simulation.load(device, Simulation.PATIENT, ranks)) {
      assertRight(session, ranks);
    }
    Simulation.assertNothingLeft(device);
  }

  private static void assertRefusesAll(Session session) {
    Simulation.assertFails(Failure.BROKEN, () -> step(session, 1));
    Simulation.assertFails(Failure.BROKEN, () -> session.readState(SmallProgram.COUNT, 0));
    Simulation.assertFails(Failure.BROKEN, session::resetStates);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void afterAnExecutionErrorTheSessionIsOfUse(int ranks) {
    FaultPlan plan = NONE;
    for (int rank = 0; rank < ranks; rank++) {
      plan = plan.executionFails(rank, 2, NrtStatus.EXEC_COMPLETED_WITH_ERR);
    }
    SimulatedNrt device = Simulation.device(ranks, plan);
    try (Session session = Simulation.load(device, Simulation.PATIENT, ranks)) {
      step(session, 1);
      NeuronRuntimeException failure =
          Simulation.assertFails(Failure.EXECUTION, () -> step(session, 2));
      assertThat(failure.rank()).isNotEmpty();
      assertThat(failure.getSuppressed()).hasSize(ranks - 1);
      assertRight(session, ranks);
    }
    Simulation.assertNothingLeft(device);
  }

  /** The others wait in a collective, which nothing but a new start ends well. */
  @Test
  void anExecutionErrorOfOneRankOfTwoBreaksTheRuntime() {
    SimulatedNrt device = Simulation.device(2, NONE.executionFails(1, 1, NrtStatus.EXEC_BAD_INPUT));
    try (Session session = Simulation.load(device, Simulation.PATIENT, 2)) {
      NeuronRuntimeException failure =
          Simulation.assertFails(Failure.BAD_INPUT, () -> step(session, 1));
      assertThat(failure.rank()).hasValue(1);
      assertThat(failure.getSuppressed())
          .singleElement()
          .isInstanceOfSatisfying(
              NeuronRuntimeException.class,
              other -> assertThat(other.failure()).isEqualTo(Failure.TIMEOUT));
      assertRefusesAll(session);
    }
    Simulation.assertNothingLeft(device);
    assertLoadsAndRuns(device, 2);
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "2, 4", "4, 8"})
  void whereInputsCannotBeWrittenNoRankExecutes(int ranks, int inputs) {
    SimulatedNrt quiet = Simulation.device(ranks, NONE);
    Simulation.load(quiet, Simulation.PATIENT, ranks).close();
    long before = quiet.calls().count(NrtFunction.NRT_TENSOR_WRITE);
    for (int n = 1; n <= inputs; n++) {
      SimulatedNrt device =
          Simulation.device(
              ranks, NONE.fails(NrtFunction.NRT_TENSOR_WRITE, (int) before + n, NrtStatus.FAILURE));
      try (Session session = Simulation.load(device, Simulation.PATIENT, ranks)) {
        NeuronRuntimeException failure =
            Simulation.assertFails(Failure.OTHER, () -> step(session, 1));
        assertThat(failure.rank()).isNotEmpty();
        assertThat(failure.function()).isEqualTo("nrt_tensor_write");
        assertThat(device.calls().count(NrtFunction.NRT_EXECUTE)).isZero();
        assertRight(session, ranks);
      }
      Simulation.assertNothingLeft(device);
    }
  }

  @Test
  void aReadThatFailsIsToldAndTheSessionIsOfUse() {
    SimulatedNrt device =
        Simulation.device(2, NONE.fails(NrtFunction.NRT_TENSOR_READ, 1, NrtStatus.FAILURE));
    try (Session session = Simulation.load(device, Simulation.PATIENT, 2)) {
      Simulation.assertFails(Failure.OTHER, () -> step(session, 1));
      assertRight(session, 2);
    }
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aResetThatFailsIsTold() {
    SimulatedNrt quiet = Simulation.device(2, NONE);
    Simulation.load(quiet, Simulation.PATIENT, 2).close();
    int before = (int) quiet.calls().count(NrtFunction.NRT_TENSOR_MEMSET);
    SimulatedNrt device =
        Simulation.device(
            2, NONE.fails(NrtFunction.NRT_TENSOR_MEMSET, before + 1, NrtStatus.FAILURE));
    try (Session session = Simulation.load(device, Simulation.PATIENT, 2)) {
      Simulation.assertFails(Failure.OTHER, session::resetStates);
      assertRight(session, 2);
    }
    Simulation.assertNothingLeft(device);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "2, 0", "2, 1", "4, 3"})
  void aLostDeviceRefusesEverythingUntilAllSessionsAreClosed(int ranks, int rank) {
    SimulatedNrt device =
        Simulation.device(ranks, NONE.deviceLost(rank, 2, NrtStatus.EXEC_HW_ERR_HBM_UE));
    NeuronBackend backend = Simulation.backend(device, Simulation.PATIENT);
    try (Session other =
        backend.load(SmallProgram.of(ranks), SmallProgram.WEIGHTS, LoadOptions.defaults())) {
      Session session =
          backend.load(SmallProgram.of(ranks), SmallProgram.WEIGHTS, LoadOptions.defaults());
      step(session, 1);
      NeuronRuntimeException failure =
          Simulation.assertFails(Failure.DEVICE_LOST, () -> step(session, 2));
      assertThat(failure.rank()).isNotEmpty();
      assertRefusesAll(session);
      assertRefusesAll(other);
      Simulation.assertFails(
          Failure.BROKEN, () -> Simulation.load(device, Simulation.PATIENT, ranks));
      session.close();
      Simulation.assertFails(
          Failure.BROKEN, () -> Simulation.load(device, Simulation.PATIENT, ranks));
    }
    Simulation.assertNothingLeft(device);
    assertLoadsAndRuns(device, ranks);
  }

  @Test
  void aRunThatTimesOutBreaksTheRuntime() {
    SimulatedNrt device = Simulation.device(1, NONE.executionFails(0, 1, NrtStatus.TIMEOUT));
    try (Session session = Simulation.load(device, Simulation.PATIENT, 1)) {
      NeuronRuntimeException failure =
          Simulation.assertFails(Failure.TIMEOUT, () -> step(session, 1));
      assertThat(failure.rank()).hasValue(0);
      assertRefusesAll(session);
    }
    Simulation.assertNothingLeft(device);
    assertLoadsAndRuns(device, 1);
  }

  /** The other rank times out first; then the missing one has ten seconds left. */
  @Test
  void aRankThatNeverArrivesIsGivenUpInTime() throws InterruptedException {
    SimulatedNrt device = Simulation.device(2, NONE.rankNeverArrives(1, 1));
    Session session = Simulation.load(device, Simulation.IMPATIENT, 2);
    long start = System.nanoTime();
    NeuronRuntimeException failure =
        Simulation.assertFails(Failure.TIMEOUT, () -> step(session, 1));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
    assertThat(failure.rank()).hasValue(0);
    assertThat(List.of(failure.getSuppressed()))
        .singleElement()
        .satisfies(
            other ->
                assertThat(other).hasMessageStartingWith("running graph 'step' has not ended on"));
    assertRefusesAll(session);
    session.close();
    Simulation.assertNothingLeftAfterRelease(device);
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void slowTransfersWithinTheLimitGiveTheSame() {
    SimulatedNrt device = Simulation.device(2, NONE.slowTransfers(6, Duration.ofMillis(5)));
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void theTimeoutOfTheUserWinsOverTheOption() {
    SimulatedNrt device =
        Simulation.device(
            org.smollm3.neuron.simulator.SimulatedDevice.trn1(2),
            Map.of("NEURON_RT_EXEC_TIMEOUT", "2"),
            NONE.executionFails(1, 1, NrtStatus.EXEC_BAD_INPUT));
    RunnerOptions hours = RunnerOptions.defaults().withExecTimeout(Duration.ofHours(5));
    try (Session session = Simulation.load(device, hours, 2)) {
      Simulation.assertFails(Failure.BAD_INPUT, () -> step(session, 1));
    }
    Simulation.assertNothingLeft(device);
  }
}

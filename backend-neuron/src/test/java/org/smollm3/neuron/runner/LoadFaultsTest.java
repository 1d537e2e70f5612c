package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.nrt.Failure;
import org.smollm3.neuron.nrt.NeuronRuntimeException;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.LoadMode;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Session;

/** What goes wrong while a program is loaded. */
@Timeout(120)
class LoadFaultsTest {
  private static final FaultPlan NONE = FaultPlan.none();

  /** More than a load of two ranks needs, however often it is tried. */
  private static final int MOST = 200;

  private static void assertLoadsAndRuns(SimulatedNrt device, int ranks) {
    try (Session ours = Simulation.load(device, Simulation.PATIENT, ranks);
        Session theirs = Simulation.lowered(ranks, LoadOptions.defaults())) {
      Simulation.assertSameRun(ours, theirs, SmallProgram.STEP, 1);
      Simulation.assertSameRun(ours, theirs, SmallProgram.FOLD, 2);
    }
    Simulation.assertNothingLeft(device);
  }

  @ParameterizedTest
  @CsvSource({
    "NRT_TENSOR_ALLOCATE, 1",
    "NRT_TENSOR_ALLOCATE, 2",
    "NRT_ALLOCATE_TENSOR_SET, 1",
    "NRT_ALLOCATE_TENSOR_SET, 2",
    "NRT_ADD_TENSOR_TO_TENSOR_SET, 1",
    "NRT_ADD_TENSOR_TO_TENSOR_SET, 2",
    "NRT_TENSOR_WRITE, 2",
    "NRT_TENSOR_MEMSET, 2",
    "NRT_LOAD, 1",
    "NRT_LOAD_COLLECTIVES, 2"
  })
  void whicheverCallOfALoadFailsAllIsFreedAndTheNextLoadIsWhole(NrtFunction function, int ranks) {
    int failed = 0;
    for (int n = 1; n < MOST; n++) {
      SimulatedNrt device = Simulation.device(ranks, NONE.fails(function, n, NrtStatus.RESOURCE));
      Throwable thrown =
          catchThrowable(() -> Simulation.load(device, Simulation.PATIENT, ranks).close());
      Simulation.assertNothingLeft(device);
      if (thrown == null) {
        break;
      }
      failed++;
      assertThat(thrown).isInstanceOf(NeuronRuntimeException.class);
      NeuronRuntimeException typed = (NeuronRuntimeException) thrown;
      assertThat(typed.failure()).isEqualTo(Failure.OUT_OF_MEMORY);
      assertThat(typed.function()).isEqualTo(function.symbol());
      assertThat(typed.rank()).isNotEmpty();
      assertThat(typed.getMessage()).startsWith("rank ").doesNotContain("\n");
      if (n == 1) {
        assertLoadsAndRuns(device, ranks);
      }
    }
    assertThat(failed).as("calls that failed").isBetween(ranks, MOST - 2);
    SimulatedNrt whole = Simulation.device(ranks, NONE);
    assertLoadsAndRuns(whole, ranks);
    assertThat((long) failed).isLessThanOrEqualTo(whole.calls().count(function));
  }

  @Test
  void aDeviceThatIsTooSmallSaysSo() {
    SimulatedNrt device =
        Simulation.device(SimulatedDevice.trn1(1).withBytesPerCore(100), java.util.Map.of(), NONE);
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.OUT_OF_MEMORY, () -> Simulation.load(device, Simulation.PATIENT, 1));
    assertThat(failure.rank()).hasValue(0);
    Simulation.assertNothingLeft(device);
  }

  @ParameterizedTest
  @EnumSource(RunnerOptions.Loading.class)
  void aLoadThatFailsOnOneRankNamesIt(RunnerOptions.Loading loading) {
    SimulatedNrt device =
        Simulation.device(2, NONE.loadFails(1, 2, NrtStatus.UNSUPPORTED_NEFF_VERSION));
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.BAD_INPUT,
            () -> Simulation.load(device, Simulation.PATIENT.withLoading(loading), 2));
    assertThat(failure.rank()).hasValue(1);
    assertThat(failure.status()).hasValue(NrtStatus.UNSUPPORTED_NEFF_VERSION);
    Simulation.assertNothingLeft(device);
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void ranksThatWaitInTheirLoadForOneThatFailedAreGivenUp() throws InterruptedException {
    SimulatedNrt device =
        Simulation.device(
            SimulatedDevice.trn1(2).withLoadMode(LoadMode.WITH_ALL_RANKS),
            java.util.Map.of(),
            NONE.loadFails(1, 1, NrtStatus.FAILURE));
    long start = System.nanoTime();
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.OTHER, () -> Simulation.load(device, Simulation.IMPATIENT, 2));
    assertWithin(Duration.ofSeconds(10), start);
    assertThat(failure.rank()).hasValue(1);
    assertThat(failure.getSuppressed()).hasSize(1);
    assertThat(((NeuronRuntimeException) failure.getSuppressed()[0]).failure())
        .isEqualTo(Failure.HUNG);
    Simulation.assertNothingLeftAfterRelease(device);
  }

  @ParameterizedTest
  @CsvSource({"PARALLEL, 0", "PARALLEL, 1", "SEQUENTIAL, 0", "SEQUENTIAL, 1"})
  void aLoadThatHangsIsGivenUpInTimeAndFreedWhenItReturns(RunnerOptions.Loading loading, int rank)
      throws InterruptedException {
    SimulatedNrt device = Simulation.device(2, NONE.loadHangs(rank, 2));
    long start = System.nanoTime();
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.HUNG,
            () -> Simulation.load(device, Simulation.IMPATIENT.withLoading(loading), 2));
    assertWithin(Duration.ofSeconds(10), start);
    assertThat(failure)
        .hasMessageStartingWith(
            "loading graph 'fold' has not ended on rank " + rank + " within 400 ms");

    Simulation.assertFails(Failure.BROKEN, () -> Simulation.load(device, Simulation.IMPATIENT, 2));
    Simulation.assertNothingLeftAfterRelease(device);
    assertLoadsAndRuns(device, 2);
  }

  private static void assertWithin(Duration limit, long start) {
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(limit);
  }

  @Test
  void loadsOneByOneOnARuntimeThatWaitsForAllAreGivenUp() throws InterruptedException {
    SimulatedNrt device =
        Simulation.device(
            SimulatedDevice.trn1(2).withLoadMode(LoadMode.WITH_ALL_RANKS),
            java.util.Map.of(),
            NONE);
    Simulation.assertFails(
        Failure.HUNG,
        () ->
            Simulation.load(
                device, Simulation.IMPATIENT.withLoading(RunnerOptions.Loading.SEQUENTIAL), 2));
    Simulation.assertNothingLeftAfterRelease(device);
  }

  @Test
  void loadsTogetherOnARuntimeThatWaitsForAllSucceed() {
    SimulatedNrt device =
        Simulation.device(
            SimulatedDevice.trn1(2).withLoadMode(LoadMode.WITH_ALL_RANKS),
            java.util.Map.of(),
            NONE);
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void anInitThatHangsIsGivenUpInTimeAndClosedWhenItReturns() throws InterruptedException {
    SimulatedNrt device = Simulation.device(2, NONE.initHangs());
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.HUNG, () -> Simulation.load(device, Simulation.IMPATIENT, 2));
    assertThat(failure).hasMessageStartingWith("nrt_init has not returned within 400 ms");
    Simulation.assertFails(Failure.BROKEN, () -> Simulation.load(device, Simulation.IMPATIENT, 2));
    Simulation.assertNothingLeftAfterRelease(device);
    assertThat(device.environment()).isEmpty();
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void anInitThatFailsLeavesTheEnvironmentAsItWas() {
    SimulatedNrt device =
        Simulation.device(2, NONE.fails(NrtFunction.NRT_INIT, 1, NrtStatus.HW_ERROR));
    Simulation.assertFails(
        Failure.DEVICE_LOST, () -> Simulation.load(device, Simulation.PATIENT, 2));
    Simulation.assertNothingLeft(device);
    assertThat(device.environment()).isEmpty();
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void slowTransfersWithinTheLimitAreWaitedFor() {
    SimulatedNrt device = Simulation.device(2, NONE.slowTransfers(1, Duration.ofMillis(20)));
    assertLoadsAndRuns(device, 2);
  }

  @Test
  void slowTransfersBeyondTheLimitAreGivenUp() throws InterruptedException {
    SimulatedNrt device = Simulation.device(2, NONE.slowTransfers(1, Duration.ofSeconds(30)));
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.HUNG, () -> Simulation.load(device, Simulation.IMPATIENT, 2));
    assertThat(failure).hasMessageStartingWith("writing the weights has not ended on rank 0, 1");
    Simulation.assertNothingLeftAfterRelease(device);
  }

  @Test
  void moreRanksThanCoresAreRefused() {
    SimulatedNrt device = Simulation.device(2, NONE);
    NeuronRuntimeException failure =
        Simulation.assertFails(
            Failure.NOT_ENOUGH_CORES, () -> Simulation.load(device, Simulation.PATIENT, 4));
    assertThat(failure).hasMessageStartingWith("4 ranks need as many NeuronCores, but 2 are");
    Simulation.assertNothingLeft(device);
    assertThat(device.environment()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aMissingWeightIsNamedAndAllIsFreed(int ranks) {
    SimulatedNrt device = Simulation.device(ranks, NONE);
    assertThatThrownBy(
            () ->
                Simulation.backend(device, Simulation.PATIENT)
                    .load(
                        SmallProgram.of(ranks),
                        (name, rank) -> {
                          if (name.equals("tied.again") && rank == ranks - 1) {
                            throw new InvalidModelException("no weight '" + name + "'");
                          }
                          return SmallProgram.WEIGHTS.weight(name, rank);
                        },
                        LoadOptions.defaults()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("no weight 'tied.again'");
    Simulation.assertNothingLeft(device);
  }
}

package org.smollm3.neuron.nrt;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.simulator.Allocations;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.LoadMode;
import org.smollm3.neuron.simulator.SimulatedCluster;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedMachine;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.simulator.TestPrograms;

/** Ranks that load and run together, and all that can go wrong with one of them. */
@Timeout(60)
class RankThreadsTest {
  private static final int RANKS = 3;

  /** Long enough for whatever does not hang. */
  private static final RunLimit PATIENT = RunLimit.of(Duration.ofSeconds(30));

  private static final RunLimit HASTY = new RunLimit(Duration.ofSeconds(1), Duration.ofSeconds(1));

  private final List<SimulatedNrt> devices = new ArrayList<>();

  private SimulatedNrt device(FaultPlan plan, LoadMode mode) {
    SimulatedNrt device =
        new SimulatedNrt(
            new SimulatedMachine(
                SimulatedDevice.trn1(RANKS).withLoadMode(mode).withSecond(Duration.ofMillis(20))),
            new SimulatedCluster(),
            Map.of("NEURON_RT_EXEC_TIMEOUT", "50"),
            new TestPrograms(),
            plan);
    devices.add(device);
    return device;
  }

  private SimulatedNrt device(FaultPlan plan) {
    return device(plan, LoadMode.ALONE);
  }

  private static NeuronRuntime open(SimulatedNrt device) {
    return NeuronRuntime.open(device.library(), RuntimeOptions.ofRanks(RANKS));
  }

  /** What the ranks need to run. */
  private record Loaded(
      List<LoadedModel> models,
      List<DeviceTensor> inputs,
      List<DeviceTensor> states,
      List<TensorSet> inputSets,
      List<TensorSet> outputSets,
      List<DeviceTensor> outputs) {
    static Loaded on(NeuronRuntime runtime, RunLimit limit) {
      RankThreads ranks = runtime.ranks();
      List<DeviceTensor> inputs =
          ranks.onAll("allocate", limit, r -> runtime.allocate(r, TestPrograms.BYTES, "in"));
      List<DeviceTensor> states =
          ranks.onAll("allocate", limit, r -> runtime.allocate(r, TestPrograms.BYTES, "state"));
      List<DeviceTensor> outputs =
          ranks.onAll("allocate", limit, r -> runtime.allocate(r, TestPrograms.BYTES, "out"));
      List<TensorSet> inputSets = new ArrayList<>();
      List<TensorSet> outputSets = new ArrayList<>();
      for (int rank = 0; rank < ranks.count(); rank++) {
        states.get(rank).clear();
        TensorSet in = runtime.newTensorSet();
        in.add("input0", inputs.get(rank));
        in.add("input1", states.get(rank));
        TensorSet out = runtime.newTensorSet();
        out.add("output0", outputs.get(rank));
        out.add("output1", states.get(rank));
        inputSets.add(in);
        outputSets.add(out);
      }
      MemorySegment neff = TestPrograms.neff(TestPrograms.ACCUMULATE);
      List<LoadedModel> models =
          ranks.onAll("nrt_load_collectives", limit, r -> runtime.load(neff, r));
      return new Loaded(models, inputs, states, inputSets, outputSets, outputs);
    }

    List<ExecutionStatus> run(NeuronRuntime runtime, float value, RunLimit limit) {
      MemorySegment data = MemorySegment.ofArray(new float[] {value, value, value, value});
      return runtime
          .ranks()
          .onAll(
              "nrt_execute",
              limit,
              rank -> {
                inputs.get(rank).write(0, data);
                return models.get(rank).execute(inputSets.get(rank), outputSets.get(rank));
              });
    }

    float result(int rank) {
      float[] values = new float[TestPrograms.COUNT];
      outputs.get(rank).read(0, MemorySegment.ofArray(values));
      return MemorySegment.ofArray(values).get(JAVA_FLOAT, 4);
    }
  }

  @AfterEach
  void nothingIsLeft() throws InterruptedException {
    devices.forEach(SimulatedNrt::release);
    List<Thread> threads = RuntimeThreads.named("smollm3-neuron").toList();
    for (Thread thread : threads) {
      thread.join();
    }
    for (SimulatedNrt device : devices) {
      assertThat(device.isOpen()).isFalse();
      assertThat(device.allocations()).isEqualTo(Allocations.NOTHING);
      assertThat(device.misuse()).isEmpty();
      assertThat(device.calls().inside()).isZero();
    }
  }

  private static NeuronRuntimeException failure(Runnable call) {
    try {
      call.run();
    } catch (NeuronRuntimeException e) {
      return e;
    }
    throw new AssertionError("nothing was thrown");
  }

  @Test
  void ranksRunTogetherAndKeepTheirStates() {
    SimulatedNrt device = device(FaultPlan.none(), LoadMode.WITH_ALL_RANKS);
    try (NeuronRuntime runtime = open(device)) {
      Loaded loaded = Loaded.on(runtime, PATIENT);

      assertThat(loaded.run(runtime, 2, PATIENT)).containsOnly(ExecutionStatus.COMPLETED);
      assertThat(loaded.result(0)).isEqualTo(6);
      loaded.run(runtime, 1, PATIENT);
      for (int rank = 0; rank < RANKS; rank++) {
        assertThat(loaded.result(rank)).isEqualTo(9);
      }
    }
  }

  @Test
  void eachRankHasAThreadOfItsOwnAndResultsComeByRank() {
    try (NeuronRuntime runtime = open(device(FaultPlan.none()))) {
      assertThat(runtime.ranks().onAll("name", PATIENT, r -> Thread.currentThread().getName() + r))
          .containsExactly(
              "smollm3-neuron-rank-00", "smollm3-neuron-rank-11", "smollm3-neuron-rank-22");
    }
  }

  @Test
  void aRankCannotAskAllRanks() {
    try (NeuronRuntime runtime = open(device(FaultPlan.none()))) {
      assertThatThrownBy(
              () ->
                  runtime
                      .ranks()
                      .onAll(
                          "outer",
                          PATIENT,
                          r -> runtime.ranks().onAll("inner", PATIENT, other -> other)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageStartingWith("inner on all ranks was asked for by one of them");
    }
  }

  @Test
  void anAllocationThatFailsNamesTheRankAndLeavesTheRuntimeUsable() {
    SimulatedNrt device = device(FaultPlan.none().allocationFails(2));
    try (NeuronRuntime runtime = open(device)) {
      NeuronRuntimeException e = failure(() -> Loaded.on(runtime, PATIENT));

      assertThat(e.failure()).isEqualTo(Failure.OUT_OF_MEMORY);
      assertThat(e.rank()).isPresent();
      assertThat(e)
          .hasMessageMatching(
              "rank \\d: nrt_tensor_allocate of 'in' \\(16 bytes\\) on core \\d failed:"
                  + " NRT_RESOURCE \\(4\\), device memory .*; use more ranks, .*");
      assertThat(runtime.broken()).isEmpty();
      // What the other ranks had allocated was given back.
      assertThat(device.allocations()).isEqualTo(Allocations.NOTHING);
      Loaded.on(runtime, PATIENT).run(runtime, 1, PATIENT);
    }
  }

  @Test
  void aLoadThatFailsIsUndoneOnTheOtherRanks() {
    SimulatedNrt device = device(FaultPlan.none().loadFails(1, 1, NrtStatus.RESOURCE));
    try (NeuronRuntime runtime = open(device)) {
      NeuronRuntimeException e = failure(() -> Loaded.on(runtime, PATIENT));

      assertThat(e.rank()).hasValue(1);
      assertThat(e.failure()).isEqualTo(Failure.OUT_OF_MEMORY);
      assertThat(device.allocations().models()).isZero();
      assertThat(runtime.broken()).isEmpty();
    }
  }

  @Test
  void aLoadThatHangsIsGivenUpAndUndoneWhenItReturns() {
    SimulatedNrt device = device(FaultPlan.none().loadHangs(1, 1));
    NeuronRuntime runtime =
        NeuronRuntime.open(
            device.library(),
            RuntimeOptions.ofRanks(RANKS).withLifeCycleLimit(Duration.ofSeconds(1)));

    NeuronRuntimeException e = failure(() -> Loaded.on(runtime, HASTY));

    assertThat(e)
        .hasMessageStartingWith("nrt_load_collectives has not ended on rank 1 within 1 s; its");
    assertThat(e.failure()).isEqualTo(Failure.HUNG);
    assertThat(runtime.broken()).contains(e);
    assertThat(failure(() -> runtime.allocate(0, 1, "x")).failure()).isEqualTo(Failure.BROKEN);
    runtime.close();
    // Nothing is freed while libnrt is still at it ...
    assertThat(device.isOpen()).isTrue();
    assertThat(failure(() -> open(device)).failure()).isEqualTo(Failure.BROKEN);
    // ... and all when it is back: see nothingIsLeft.
  }

  @Test
  void aCallThatHangsKeepsTheMemoryOfOtherSessionsFromBeingFreed() {
    SimulatedNrt device = device(FaultPlan.none().loadHangs(1, 1));
    RuntimeOptions options =
        RuntimeOptions.ofRanks(RANKS).withLifeCycleLimit(Duration.ofSeconds(1));
    try (NeuronRuntime hanging = NeuronRuntime.open(device.library(), options)) {
      NeuronRuntime other = NeuronRuntime.open(device.library(), options);
      other.allocate(0, TestPrograms.BYTES, "x");
      assertThat(failure(() -> Loaded.on(hanging, HASTY)).failure()).isEqualTo(Failure.HUNG);

      other.close();

      assertThat(other.allocated()).isEqualTo(new Allocated(0, 0, 1, TestPrograms.BYTES));
    }
  }

  @Test
  void ranksThatWaitForOneThatFailsToLoadAreGivenUp() {
    SimulatedNrt device =
        device(FaultPlan.none().loadFails(2, 1, NrtStatus.RESOURCE), LoadMode.WITH_ALL_RANKS);
    NeuronRuntime runtime =
        NeuronRuntime.open(
            device.library(),
            RuntimeOptions.ofRanks(RANKS).withLifeCycleLimit(Duration.ofSeconds(1)));
    RunLimit limit = new RunLimit(Duration.ofSeconds(30), Duration.ofSeconds(1));

    NeuronRuntimeException e = failure(() -> Loaded.on(runtime, limit));

    assertThat(e.rank()).hasValue(2);
    assertThat(e.failure()).isEqualTo(Failure.OUT_OF_MEMORY);
    assertThat(e.getSuppressed())
        .singleElement()
        .satisfies(
            other ->
                assertThat(other)
                    .hasMessageStartingWith(
                        "nrt_load_collectives has not ended on rank 0, 1, 1 s after another"
                            + " rank failed"));
    assertThat(runtime.broken().orElseThrow().failure()).isEqualTo(Failure.HUNG);
    runtime.close();
  }

  @Test
  void aRankThatNeverArrivesMakesTheOthersTimeOut() {
    SimulatedNrt device = device(FaultPlan.none().rankNeverArrives(0, 2));
    NeuronRuntime runtime =
        NeuronRuntime.open(
            device.library(),
            RuntimeOptions.ofRanks(RANKS).withLifeCycleLimit(Duration.ofSeconds(1)));
    Loaded loaded = Loaded.on(runtime, PATIENT);
    loaded.run(runtime, 1, PATIENT);
    RunLimit limit = new RunLimit(Duration.ofSeconds(30), Duration.ofSeconds(1));

    NeuronRuntimeException e = failure(() -> loaded.run(runtime, 1, limit));

    assertThat(e.failure()).isEqualTo(Failure.TIMEOUT);
    assertThat(e.rank().orElseThrow()).isIn(1, 2);
    assertThat(e.getSuppressed()).hasSize(2);
    assertThat(runtime.broken()).isPresent();
    assertThat(failure(() -> loaded.run(runtime, 1, PATIENT)).failure()).isEqualTo(Failure.BROKEN);
    runtime.close();
    assertThat(device.isOpen()).isTrue();
  }

  @Test
  void aRunThatFailsOnOneRankIsReportedBeforeTheTimeoutsItCauses() {
    SimulatedNrt device =
        device(FaultPlan.none().executionFails(1, 2, NrtStatus.EXEC_COMPLETED_WITH_ERR));
    try (NeuronRuntime runtime = open(device)) {
      Loaded loaded = Loaded.on(runtime, PATIENT);
      loaded.run(runtime, 1, PATIENT);

      NeuronRuntimeException e = failure(() -> loaded.run(runtime, 1, PATIENT));

      assertThat(e.status()).contains(NrtStatus.EXEC_COMPLETED_WITH_ERR);
      assertThat(e.rank()).isEqualTo(OptionalInt.of(1));
      assertThat(e.getSuppressed()).hasSize(2);
      assertThat(runtime.broken().orElseThrow().failure()).isEqualTo(Failure.TIMEOUT);
      loaded.models().getFirst().close();
    }
  }

  /** The ranks that report a lost device, thrown or suppressed. */
  private static List<Integer> lostOn(NeuronRuntimeException thrown) {
    return Stream.concat(Stream.of(thrown), Arrays.stream(thrown.getSuppressed()))
        .map(NeuronRuntimeException.class::cast)
        .filter(e -> e.failure() == Failure.DEVICE_LOST)
        .map(e -> e.rank().orElseThrow())
        .toList();
  }

  @Test
  void aLostDeviceEndsTheRuntimeButIsFreedAndCanBeOpenedAgain() {
    SimulatedNrt device = device(FaultPlan.none().deviceLost(2, 1, NrtStatus.EXEC_HW_ERR_NC_UE));
    try (NeuronRuntime runtime = open(device)) {
      Loaded loaded = Loaded.on(runtime, PATIENT);

      NeuronRuntimeException e = failure(() -> loaded.run(runtime, 1, PATIENT));

      assertThat(e.failure()).isEqualTo(Failure.DEVICE_LOST);
      // Ranks that come to the device after it was lost find it so too, and may say so first.
      assertThat(lostOn(e)).contains(2);
      assertThat(failure(() -> loaded.run(runtime, 1, PATIENT)).failure())
          .isEqualTo(Failure.BROKEN);
    }
    assertThat(device.isOpen()).isFalse();
    try (NeuronRuntime runtime = open(device)) {
      Loaded.on(runtime, PATIENT).run(runtime, 1, PATIENT);
    }
  }

  @Test
  void slowTransfersAreWaitedForWithinTheLimitOnly() {
    SimulatedNrt slow = device(FaultPlan.none().slowTransfers(1, Duration.ofMillis(20)));
    try (NeuronRuntime runtime = open(slow)) {
      Loaded loaded = Loaded.on(runtime, PATIENT);
      loaded.run(runtime, 1, PATIENT);
      assertThat(loaded.result(0)).isEqualTo(3);
    }
    SimulatedNrt tooSlow = device(FaultPlan.none().slowTransfers(1, Duration.ofHours(1)));
    NeuronRuntime runtime =
        NeuronRuntime.open(
            tooSlow.library(),
            RuntimeOptions.ofRanks(RANKS).withLifeCycleLimit(Duration.ofSeconds(1)));
    Loaded loaded = Loaded.on(runtime, PATIENT);

    assertThat(failure(() -> loaded.run(runtime, 1, HASTY)).failure()).isEqualTo(Failure.HUNG);
    runtime.close();
  }

  @Test
  void otherFailuresOfATaskAreThrownAsTheyAre() {
    try (NeuronRuntime runtime = open(device(FaultPlan.none()))) {
      assertThatThrownBy(
              () ->
                  runtime
                      .ranks()
                      .onAll(
                          "task",
                          PATIENT,
                          rank -> {
                            if (rank == 1) {
                              throw new AssertionError("of a test");
                            }
                            return runtime.newTensorSet();
                          }))
          .isInstanceOf(AssertionError.class)
          .hasMessage("of a test");
      assertThat(runtime.allocated()).isEqualTo(Allocated.NOTHING);
      assertThat(runtime.broken()).isEmpty();
    }
  }

  @Test
  void runsOfTwoSessionsDoNotInterleave() throws InterruptedException {
    SimulatedNrt device = device(FaultPlan.none());
    try (NeuronRuntime first = open(device);
        NeuronRuntime second = open(device)) {
      List<Loaded> loaded = List.of(Loaded.on(first, PATIENT), Loaded.on(second, PATIENT));
      List<NeuronRuntime> runtimes = List.of(first, second);
      AtomicInteger failures = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int session = i % 2;
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (int run = 0; run < 25; run++) {
                          loaded.get(session).run(runtimes.get(session), 1, PATIENT);
                        }
                      } catch (RuntimeException e) {
                        failures.incrementAndGet();
                      }
                    }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      // Core busy, or collectives of two programs that met, would be failures.
      assertThat(failures).hasValue(0);
      assertThat(loaded.get(0).result(0)).isEqualTo(150);
      assertThat(loaded.get(1).result(2)).isEqualTo(150);
    }
  }

  @Test
  void closeDuringARunLetsAllRanksFinishIt() throws InterruptedException {
    SimulatedNrt device = device(FaultPlan.none());
    NeuronRuntime runtime = open(device);
    Loaded loaded = Loaded.on(runtime, PATIENT);
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    List<ExecutionStatus> statuses = new ArrayList<>();
    Thread run =
        Thread.ofPlatform()
            .start(
                () ->
                    statuses.addAll(
                        runtime
                            .ranks()
                            .onAll(
                                "nrt_execute",
                                PATIENT,
                                rank -> {
                                  if (rank == 1) {
                                    inside.countDown();
                                    await(mayGoOn);
                                  }
                                  return loaded
                                      .models()
                                      .get(rank)
                                      .execute(
                                          loaded.inputSets().get(rank),
                                          loaded.outputSets().get(rank));
                                })));
    await(inside);
    Thread close = Thread.ofPlatform().start(runtime::close);
    while (!refuses(runtime)) {
      Thread.onSpinWait();
    }

    // Rank 1 has not called yet, and may still do so.
    mayGoOn.countDown();
    run.join();
    close.join();

    assertThat(statuses)
        .containsExactly(
            ExecutionStatus.COMPLETED, ExecutionStatus.COMPLETED, ExecutionStatus.COMPLETED);
    assertThatThrownBy(() -> loaded.run(runtime, 1, PATIENT))
        .isInstanceOf(IllegalStateException.class);
  }

  private static boolean refuses(NeuronRuntime runtime) {
    try {
      runtime.newTensorSet().close();
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}

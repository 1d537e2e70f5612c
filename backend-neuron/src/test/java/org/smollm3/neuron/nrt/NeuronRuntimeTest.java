package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.simulator.Allocations;
import org.smollm3.neuron.simulator.Call;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.ProgramLoader;
import org.smollm3.neuron.simulator.SimulatedCluster;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedMachine;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.simulator.TestPrograms;

class NeuronRuntimeTest {
  private static SimulatedNrt device(FaultPlan plan, Map<String, String> environment) {
    return new SimulatedNrt(
        new SimulatedMachine(SimulatedDevice.trn1(4)),
        new SimulatedCluster(),
        environment,
        new TestPrograms(),
        plan);
  }

  private static SimulatedNrt device() {
    return device(FaultPlan.none(), Map.of());
  }

  private static NeuronRuntime open(SimulatedNrt device, int ranks) {
    return NeuronRuntime.open(device.library(), RuntimeOptions.ofRanks(ranks));
  }

  private static void assertClean(SimulatedNrt device) {
    assertThat(device.isOpen()).isFalse();
    assertThat(device.allocations()).isEqualTo(Allocations.NOTHING);
    assertThat(device.misuse()).isEmpty();
  }

  @Test
  void isInitialisedOnceAndClosedWithTheLastSession() {
    SimulatedNrt device = device();
    NeuronRuntime first = open(device, 2);
    NeuronRuntime second = open(device, 1);

    first.close();
    first.close();
    assertThat(device.isOpen()).isTrue();
    second.close();
    second.close();
    assertClean(device);
    try (NeuronRuntime third = open(device, 1)) {
      assertThat(third.info().visibleCores()).isEqualTo(1);
    }
    assertClean(device);
    assertThat(device.calls().count(NrtFunction.NRT_INIT)).isEqualTo(2);
    assertThat(device.calls().count(NrtFunction.NRT_CLOSE)).isEqualTo(2);
  }

  @Test
  void saysWhatItRunsOn() {
    try (NeuronRuntime runtime = open(device(), 4)) {
      assertThat(runtime.info().library()).isEqualTo("simulated libnrt");
      assertThat(runtime.info().visibleCores()).isEqualTo(4);
      assertThat(runtime.info().version().orElseThrow().toString()).isEqualTo("2.30.0.0");
      assertThat(runtime.info().instance().orElseThrow().archName()).isEqualTo("trn1");
    }
  }

  @Test
  void setsWhatTheUserHasNotSetAndTakesItBack() {
    SimulatedNrt device = device();
    RuntimeOptions options =
        RuntimeOptions.ofRanks(2).withVirtualCoreSize(1).withExecTimeout(Duration.ofMillis(4_001));
    try (NeuronRuntime runtime = NeuronRuntime.open(device.library(), options)) {
      assertThat(device.environment())
          .containsEntry("NEURON_RT_NUM_CORES", "2")
          .containsEntry("NEURON_RT_VIRTUAL_CORE_SIZE", "1")
          .containsEntry("NEURON_RT_EXEC_TIMEOUT", "5")
          .hasEntrySatisfying(
              "NEURON_RT_ROOT_COMM_ID", id -> assertThat(id).matches("127\\.0\\.0\\.1:\\d+"))
          .hasSize(4);
      assertThat(runtime.executeLimit().total()).isEqualTo(Duration.ofSeconds(35));
    }
    assertThat(device.environment()).isEmpty();
    open(device, 1).close();
    try (NeuronRuntime runtime = open(device, 1)) {
      assertThat(runtime.info().visibleCores()).isEqualTo(1);
      assertThat(device.environment()).doesNotContainKey("NEURON_RT_ROOT_COMM_ID");
    }
  }

  @Test
  void leavesWhatTheUserHasSet() {
    Map<String, String> ofUser =
        Map.of(
            "NEURON_RT_VISIBLE_CORES", "1-3",
            "NEURON_RT_ROOT_COMM_ID", "10.0.0.1:45654",
            "NEURON_RT_EXEC_TIMEOUT", "7",
            "NEURON_LOGICAL_NC_CONFIG", "1");
    SimulatedNrt device = device(FaultPlan.none(), ofUser);
    RuntimeOptions options = RuntimeOptions.ofRanks(2).withVirtualCoreSize(1);
    try (NeuronRuntime runtime = NeuronRuntime.open(device.library(), options)) {
      assertThat(device.environment()).isEqualTo(ofUser);
      assertThat(runtime.info().visibleCores()).isEqualTo(3);
      assertThat(runtime.executeLimit().total()).isEqualTo(Duration.ofSeconds(37));
    }
    assertThat(device.environment()).isEqualTo(ofUser);
  }

  @Test
  void refusesAModelForOtherLogicalCores() {
    SimulatedNrt device = device(FaultPlan.none(), Map.of("NEURON_RT_VIRTUAL_CORE_SIZE", "1"));

    assertThatThrownBy(
            () ->
                NeuronRuntime.open(
                    device.library(), RuntimeOptions.ofRanks(1).withVirtualCoreSize(2)))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "NEURON_RT_VIRTUAL_CORE_SIZE is 1, but the model was compiled for 2 physical cores in"
                + " a logical one; unset it, or compile again");
    assertThat(device.calls().count(NrtFunction.NRT_INIT)).isZero();
  }

  @Test
  void refusesMoreRanksThanCores() {
    SimulatedNrt device = device(FaultPlan.none(), Map.of("NEURON_RT_VISIBLE_CORES", "2"));

    assertThatThrownBy(() -> open(device, 2))
        .hasMessage(
            "2 ranks need as many NeuronCores, but 1 is visible; use fewer ranks, or check"
                + " neuron-ls")
        .isInstanceOfSatisfying(
            NeuronRuntimeException.class,
            e -> assertThat(e.failure()).isEqualTo(Failure.NOT_ENOUGH_CORES));
    open(device, 1).close();
    assertClean(device);
  }

  @Test
  void refusesASessionThatTheRunningRuntimeCannotServe() {
    SimulatedNrt device = device(FaultPlan.none(), Map.of("NEURON_RT_VISIBLE_CORES", "0-3"));
    try (NeuronRuntime first = open(device, 1)) {
      assertThat(first.broken()).isEmpty();
      assertThatThrownBy(() -> open(device, 2))
          .isInstanceOf(BackendException.class)
          .hasMessage(
              "the Neuron runtime of this process runs without NEURON_RT_ROOT_COMM_ID, which 2"
                  + " ranks need; set it before the start, or close the other session first");
    }
    SimulatedNrt narrow = device();
    try (NeuronRuntime first = open(narrow, 2)) {
      assertThat(first.broken()).isEmpty();
      assertThatThrownBy(() -> open(narrow, 3))
          .hasMessage(
              "3 ranks need as many NeuronCores, but 2 are visible; close the sessions that run,"
                  + " or use fewer ranks");
    }
  }

  @Test
  void ranksOfSeveralProcessesNeedTheAddressOfTheFirst() {
    SimulatedNrt device = device();

    assertThatThrownBy(() -> NeuronRuntime.open(device.library(), RuntimeOptions.ofPart(2, 2, 4)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("NEURON_RT_ROOT_COMM_ID is not set");
    assertThat(device.environment()).isEmpty();
    assertThatThrownBy(() -> RuntimeOptions.ofPart(3, 2, 4))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("2 ranks from rank 3 do not lie within a world of 4");
  }

  @Test
  void anInitThatFailsCanBeTriedAgain() {
    SimulatedNrt device =
        device(FaultPlan.none().fails(NrtFunction.NRT_INIT, 1, NrtStatus.FAILURE), Map.of());

    assertThatThrownBy(() -> open(device, 2))
        .hasMessageStartingWith("nrt_init failed: NRT_FAILURE (1)");
    assertThat(device.environment()).isEmpty();
    open(device, 2).close();
    assertClean(device);
  }

  @Test
  void anInitThatHangsIsGivenUpAndUndoneWhenItReturns() throws InterruptedException {
    SimulatedNrt device = device(FaultPlan.none().initHangs(), Map.of());
    RuntimeOptions options = RuntimeOptions.ofRanks(1).withLifeCycleLimit(Duration.ofSeconds(1));

    assertThatThrownBy(() -> NeuronRuntime.open(device.library(), options))
        .hasMessageStartingWith("nrt_init has not returned within 1 s")
        .isInstanceOfSatisfying(
            NeuronRuntimeException.class, e -> assertThat(e.failure()).isEqualTo(Failure.HUNG));
    assertThatThrownBy(() -> NeuronRuntime.open(device.library(), options))
        .isInstanceOfSatisfying(
            NeuronRuntimeException.class, e -> assertThat(e.failure()).isEqualTo(Failure.BROKEN));
    Thread left = RuntimeThreads.named("smollm3-neuron-open").findAny().orElseThrow();
    device.release();
    left.join();
    assertClean(device);
    open(device, 1).close();
    assertClean(device);
  }

  @Test
  void aSessionFreesWhatItHoldsInTheRightOrder() {
    SimulatedNrt device = device();
    NeuronRuntime runtime = open(device, 1);
    TensorSet set = runtime.newTensorSet();
    DeviceTensor tensor = runtime.allocate(0, 16, "a");
    DeviceTensor part = tensor.slice(4, 8, "part");
    set.add("input0", part);
    LoadedModel model = runtime.load(TestPrograms.neff(TestPrograms.ADD), 0);
    assertThat(model.tensors().orElseThrow()).hasSize(3);
    assertThat(runtime.allocated()).isEqualTo(new Allocated(1, 1, 2, 16));
    assertThat(device.allocations()).isEqualTo(new Allocations(1, 1, 2, 0, 1_016));

    runtime.close();

    assertThat(runtime.allocated()).isEqualTo(Allocated.NOTHING);
    assertThat(device.calls().latest().stream().map(Call::function))
        .endsWith(
            NrtFunction.NRT_UNLOAD,
            NrtFunction.NRT_DESTROY_TENSOR_SET,
            NrtFunction.NRT_TENSOR_FREE,
            NrtFunction.NRT_TENSOR_FREE,
            NrtFunction.NRT_CLOSE);
    assertClean(device);
    for (NativeHandle handle : List.of(set, tensor, part, model)) {
      handle.close();
    }
    assertThatThrownBy(() -> runtime.allocate(0, 1, "x"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the session of the Neuron runtime is closed");
    assertThatThrownBy(() -> tensor.clear()).isInstanceOf(IllegalStateException.class);
    assertThat(device.misuse()).isEmpty();
  }

  @Test
  void aTensorLivesAsLongAsTheSetsAndPartsThatUseIt() {
    SimulatedNrt device = device();
    try (NeuronRuntime runtime = open(device, 1)) {
      DeviceTensor tensor = runtime.allocate(0, 16, "a");
      DeviceTensor part = tensor.slice(0, 4, "part");
      TensorSet one = runtime.newTensorSet();
      TensorSet two = runtime.newTensorSet();
      one.add("input0", part);
      two.add("output0", part);

      tensor.close();
      part.close();
      assertThat(device.allocations().tensors()).isEqualTo(2);
      assertThatThrownBy(() -> part.clear())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("tensor 'part' (4 bytes on core 0) is closed");
      one.close();
      assertThat(device.allocations().tensors()).isEqualTo(2);
      two.add("output0", runtime.allocate(0, 4, "other"));
      assertThat(device.allocations().tensors()).isEqualTo(1);
      assertThat(runtime.allocated()).isEqualTo(new Allocated(0, 1, 1, 4));
    }
    assertClean(device);
  }

  @Test
  void bytesPassBothWaysFromHeapAndNativeMemory() {
    SimulatedNrt device = device();
    try (NeuronRuntime runtime = open(device, 1);
        Arena arena = Arena.ofConfined()) {
      DeviceTensor tensor = runtime.allocate(0, 8, "a");
      tensor.clear();
      tensor.write(2, MemorySegment.ofArray(new byte[] {1, 2, 3}));
      tensor.write(6, arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 9));
      tensor.write(8, MemorySegment.ofArray(new byte[0]));
      byte[] heap = new byte[8];
      MemorySegment natively = arena.allocate(8);
      tensor.read(0, MemorySegment.ofArray(heap));
      tensor.read(0, natively);

      assertThat(heap).containsExactly(0, 0, 1, 2, 3, 0, 9, 0);
      assertThat(natively.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(heap);
      assertThatThrownBy(() -> tensor.read(1, natively))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("8 bytes from byte 1 do not lie within tensor 'a' (8 bytes on core 0)");
      assertThatThrownBy(() -> tensor.read(-1, MemorySegment.ofArray(heap)))
          .isInstanceOf(InvalidRequestException.class);
      assertThat(runtime.memory(0)).contains(new MemoryStats(8, 16L << 30));
    }
    assertClean(device);
  }

  @Test
  void aLibraryWithoutMemsetClearsByWriting() {
    SimulatedNrt device = device();
    NrtLibrary old =
        NrtLibrary.of(
            "old libnrt",
            name ->
                name.equals("nrt_tensor_memset")
                    ? java.util.Optional.empty()
                    : device.symbols().find(name),
            device.environmentSymbols());
    try (NeuronRuntime runtime = NeuronRuntime.open(old, RuntimeOptions.ofRanks(1))) {
      int bytes = (1 << 20) + 5;
      DeviceTensor tensor = runtime.allocate(0, bytes, "a");
      tensor.clear();
      byte[] read = new byte[bytes];
      tensor.read(0, MemorySegment.ofArray(read));
      assertThat(read).isEqualTo(new byte[bytes]);
    }
    assertClean(device);
  }

  @Test
  void badArgumentsAreRefusedBeforeTheyReachTheLibrary() {
    SimulatedNrt device = device();
    try (NeuronRuntime runtime = open(device, 1);
        NeuronRuntime other = open(device, 1)) {
      for (Runnable bad :
          List.<Runnable>of(
              () -> runtime.allocate(1, 16, "x"),
              () -> runtime.allocate(-1, 16, "x"),
              () -> runtime.allocate(0, 0, "x"),
              () -> runtime.allocate(0, 16, "a\0b"),
              () -> runtime.allocate(0, 16, "ü".repeat(128)),
              () -> runtime.load(TestPrograms.neff(TestPrograms.ADD), 1),
              () -> runtime.newTensorSet().add("x", other.allocate(0, 1, "y")))) {
        assertThatThrownBy(bad::run).isInstanceOf(InvalidRequestException.class);
      }
      assertThat(device.calls().latest())
          .noneMatch(call -> call.status().isPresent() && call.status().getAsInt() != 0);
    }
    assertClean(device);
  }

  @Test
  void aVirtualThreadIsRefused() throws InterruptedException, ExecutionException {
    try (NeuronRuntime runtime = open(device(), 1)) {
      FutureTask<DeviceTensor> task = new FutureTask<>(() -> runtime.allocate(0, 1, "x"));
      Thread.ofVirtual().start(task);
      assertThatThrownBy(task::get)
          .hasCauseInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("virtual thread");
    }
  }

  @Test
  void aLoadThatIsInvalidIsTriedWithTheOtherCount() {
    SimulatedNrt device =
        device(FaultPlan.none().fails(NrtFunction.NRT_LOAD, 1, NrtStatus.INVALID), Map.of());
    try (NeuronRuntime runtime = open(device, 1)) {
      runtime.load(TestPrograms.neff(TestPrograms.ADD), 0);
      assertThatThrownBy(() -> runtime.load(TestPrograms.neff("foreign"), 0))
          .hasMessageStartingWith("nrt_load of a NEFF of 8 bytes on core 0 failed: NRT_INVALID")
          .hasMessageContaining("; compile the model again");
      assertThat(device.calls().latest(NrtFunction.NRT_LOAD))
          .extracting(call -> call.arguments().get(3))
          .containsExactly(-1, 1, -1, 1);
    }
    assertClean(device);
  }

  static Stream<NrtStatus> failures() {
    return Stream.of(NrtStatus.values())
        .filter(status -> status.failure() != Failure.NONE && status.failure() != Failure.NUMERIC);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void everyFailureOfARunIsTypedAndEndsTheRuntimeOnlyIfItMust(NrtStatus status) {
    SimulatedNrt device = device(FaultPlan.none().executionFails(0, 1, status), Map.of());
    NeuronRuntime runtime = open(device, 1);
    LoadedModel model = runtime.load(TestPrograms.neff(TestPrograms.ADD), 0);
    DeviceTensor tensor = runtime.allocate(0, 16, "x");
    tensor.clear();
    TensorSet inputs = runtime.newTensorSet();
    inputs.add("input0", tensor);
    inputs.add("input1", tensor);
    TensorSet outputs = runtime.newTensorSet();
    outputs.add("output0", tensor);

    assertThatThrownBy(() -> model.execute(inputs, outputs))
        .isInstanceOfSatisfying(
            NeuronRuntimeException.class, e -> assertThat(e.status()).contains(status));
    if (status.failure().breaksRuntime()) {
      assertThat(runtime.broken().orElseThrow().status()).contains(status);
      assertThatThrownBy(() -> model.execute(inputs, outputs))
          .hasMessageContaining("what broke it: nrt_execute failed: " + status.symbol())
          .isInstanceOfSatisfying(
              NeuronRuntimeException.class, e -> assertThat(e.failure()).isEqualTo(Failure.BROKEN));
      assertThatThrownBy(() -> open(device, 1)).isInstanceOf(NeuronRuntimeException.class);
    } else {
      assertThat(runtime.broken()).isEmpty();
      assertThat(model.execute(inputs, outputs)).isEqualTo(ExecutionStatus.COMPLETED);
    }
    model.close();
    runtime.close();
    assertClean(device);
    open(device, 1).close();
    assertClean(device);
  }

  @Test
  void aFailureToUnloadDoesNotKeepTheRestFromBeingFreed() {
    SimulatedNrt device = device();
    NeuronRuntime runtime = open(device, 1);
    runtime.load(TestPrograms.neff(TestPrograms.ADD), 0);
    // Behind the back of the binding, so that its own unload finds a stale handle.
    long handle =
        Libnrt.bind(device.symbols()).load(TestPrograms.neff(TestPrograms.ADD), 0, -1).address();
    Libnrt.bind(device.symbols()).unload(MemorySegment.ofAddress(handle - 16));
    Libnrt.bind(device.symbols()).unload(MemorySegment.ofAddress(handle));
    runtime.allocate(0, 16, "x");

    runtime.close();

    assertClean(device);
  }

  @Test
  void closeWaitsForTheRunThatIsGoingOn() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    ProgramLoader loader =
        neff ->
            TestPrograms.program(
                0,
                1,
                ranks -> true,
                (in, out) -> {
                  running.countDown();
                  await(mayEnd);
                });
    SimulatedNrt device = SimulatedNrt.on(SimulatedDevice.trn1(1), loader);
    NeuronRuntime runtime = open(device, 1);
    LoadedModel model = runtime.load(TestPrograms.neff(""), 0);
    TensorSet inputs = runtime.newTensorSet();
    TensorSet outputs = runtime.newTensorSet();
    outputs.add("output0", runtime.allocate(0, 16, "x"));
    AtomicReference<ExecutionStatus> status = new AtomicReference<>();
    Thread run = Thread.ofPlatform().start(() -> status.set(model.execute(inputs, outputs)));
    await(running);

    model.close();
    Thread close = Thread.ofPlatform().start(runtime::close);
    // It is closing as soon as new calls are refused.
    while (!refuses(runtime)) {
      Thread.onSpinWait();
    }
    assertThat(device.allocations().models()).isEqualTo(1);
    assertThat(close.isAlive()).isTrue();
    mayEnd.countDown();
    run.join();
    close.join();

    assertThat(status.get()).isEqualTo(ExecutionStatus.COMPLETED);
    assertClean(device);
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

  @Test
  void aCloseThatMustWaitTooLongReturnsAndFreesLater() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    ProgramLoader loader =
        neff ->
            TestPrograms.program(
                0,
                1,
                ranks -> true,
                (in, out) -> {
                  running.countDown();
                  await(mayEnd);
                });
    SimulatedNrt device = SimulatedNrt.on(SimulatedDevice.trn1(1), loader);
    NeuronRuntime runtime =
        NeuronRuntime.open(
            device.library(), RuntimeOptions.ofRanks(1).withLifeCycleLimit(Duration.ofSeconds(1)));
    LoadedModel model = runtime.load(TestPrograms.neff(""), 0);
    TensorSet inputs = runtime.newTensorSet();
    TensorSet outputs = runtime.newTensorSet();
    outputs.add("output0", runtime.allocate(0, 16, "x"));
    Thread run = Thread.ofPlatform().start(() -> model.execute(inputs, outputs));
    await(running);

    runtime.close();

    assertThat(runtime.broken().orElseThrow().failure()).isEqualTo(Failure.HUNG);
    assertThat(runtime.allocated()).isEqualTo(new Allocated(1, 2, 1, 16));
    assertThatThrownBy(() -> open(device, 1)).isInstanceOf(NeuronRuntimeException.class);
    Thread close = RuntimeThreads.named("smollm3-neuron-close").findAny().orElseThrow();
    mayEnd.countDown();
    run.join();
    close.join();
    assertClean(device);
    open(device, 1).close();
  }
}

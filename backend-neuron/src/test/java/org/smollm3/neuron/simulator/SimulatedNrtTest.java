package org.smollm3.neuron.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.nrt.ExecutionStatus;
import org.smollm3.neuron.nrt.Libnrt;
import org.smollm3.neuron.nrt.NeuronRuntimeException;
import org.smollm3.neuron.nrt.NrtStatus;

/** The simulated functions as C code would use them. */
class SimulatedNrtTest {
  private final SimulatedMachine machine =
      new SimulatedMachine(SimulatedDevice.trn1(4).withBytesPerCore(10_000));
  private final SimulatedNrt simulated = process(Map.of());
  private final Libnrt nrt = Libnrt.bind(simulated.symbols());

  private SimulatedNrt process(Map<String, String> environment) {
    return new SimulatedNrt(
        machine, new SimulatedCluster(), environment, new TestPrograms(), FaultPlan.none());
  }

  @AfterEach
  void release() {
    simulated.close();
  }

  private void init() {
    nrt.init(Libnrt.NO_FRAMEWORK, "", "");
  }

  private MemorySegment tensor(int core, long bytes) {
    return nrt.allocateTensor(Libnrt.ON_DEVICE, core, bytes, "x");
  }

  private MemorySegment set(Map<String, MemorySegment> tensors) {
    MemorySegment set = nrt.allocateTensorSet();
    tensors.forEach((name, tensor) -> nrt.addTensorToTensorSet(set, name, tensor));
    return set;
  }

  private static void assertStatus(NrtStatus status, Supplier<?> call) {
    assertStatus(status, (Runnable) call::get);
  }

  private static void assertStatus(NrtStatus status, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            NeuronRuntimeException.class, e -> assertThat(e.status()).contains(status));
  }

  @Test
  void beforeInitAndAfterCloseNothingWorksButCounting() {
    MemorySegment neff = TestPrograms.neff(TestPrograms.ADD);

    assertThat(nrt.visibleNcCount()).isEqualTo(4);
    assertStatus(NrtStatus.UNINITIALIZED, () -> nrt.load(neff, 0, -1));
    assertStatus(NrtStatus.UNINITIALIZED, () -> tensor(0, 16));
    assertStatus(NrtStatus.UNINITIALIZED, nrt::allocateTensorSet);
    init();
    nrt.close();
    assertStatus(NrtStatus.CLOSED, () -> nrt.load(neff, 0, -1));
    assertStatus(NrtStatus.CLOSED, () -> nrt.unload(MemorySegment.ofAddress(16)));
    init();
    nrt.freeTensor(tensor(0, 16));
    nrt.close();
    assertThat(simulated.misuse()).isEmpty();
  }

  @Test
  void aRunReadsInputsAndWritesOutputs() {
    init();
    MemorySegment model = nrt.load(TestPrograms.neff(TestPrograms.ADD), 2, -1);
    MemorySegment a = tensor(2, 16);
    MemorySegment b = tensor(2, 16);
    MemorySegment c = tensor(2, 16);
    MemorySegment data = floats(1, 2, 3, 4);
    nrt.writeTensor(a, data, 0);
    nrt.writeTensor(b, data, 0);
    nrt.writeTensor(b, floats(10), 4);

    ExecutionStatus status =
        nrt.execute(model, set(Map.of("input0", a, "input1", b)), set(Map.of("output0", c)));

    MemorySegment result = floats(0, 0, 0, 0);
    nrt.readTensor(c, result, 0);
    assertThat(status).isEqualTo(ExecutionStatus.COMPLETED);
    assertThat(result.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(2, 12, 6, 8);
  }

  @Test
  void numbersThatAreNoneAreReported() {
    init();
    MemorySegment model = nrt.load(TestPrograms.neff(TestPrograms.NAN), 0, -1);

    assertThat(nrt.execute(model, set(Map.of()), set(Map.of("output0", tensor(0, 16)))))
        .isEqualTo(ExecutionStatus.COMPLETED_WITH_NAN);
  }

  @Test
  void aProgramThatThrowsIsAnErrorOfThatRun() {
    init();
    MemorySegment model = nrt.load(TestPrograms.neff(TestPrograms.DEFECT), 0, -1);
    MemorySegment outputs = set(Map.of("output0", tensor(0, 16)));

    assertStatus(
        NrtStatus.EXEC_COMPLETED_WITH_ERR, () -> nrt.execute(model, set(Map.of()), outputs));
    assertThat(simulated.calls().latest().getLast().message()).contains("a defect");
    nrt.unload(model);
  }

  @Test
  void handlesOfAnotherKindOrProcessOrTimeAreRefused() {
    init();
    SimulatedNrt other = SimulatedNrt.on(SimulatedDevice.trn1(1), new TestPrograms());
    Libnrt otherNrt = Libnrt.bind(other.symbols());
    otherNrt.init(Libnrt.NO_FRAMEWORK, "", "");
    MemorySegment foreign = otherNrt.allocateTensor(Libnrt.ON_DEVICE, 0, 16, "x");
    MemorySegment stale = tensor(0, 16);
    nrt.freeTensor(stale);
    MemorySegment set = set(Map.of());
    MemorySegment buffer = floats(1);

    for (MemorySegment bad : new MemorySegment[] {foreign, stale, set}) {
      assertStatus(NrtStatus.INVALID_HANDLE, () -> nrt.writeTensor(bad, buffer, 0));
      assertStatus(NrtStatus.INVALID_HANDLE, () -> nrt.unload(bad));
      assertStatus(NrtStatus.INVALID_HANDLE, () -> nrt.addTensorToTensorSet(set, "x", bad));
      assertThat(nrt.tensorSize(bad)).isZero();
    }
    assertStatus(NrtStatus.INVALID, () -> nrt.readTensor(MemorySegment.NULL, buffer, 0));
    assertThat(simulated.misuse()).isEmpty();
    nrt.freeTensor(stale);
    nrt.destroyTensorSet(foreign);
    assertThat(simulated.misuse())
        .containsExactly(
            "nrt_tensor_free of a stale or foreign handle",
            "nrt_destroy_tensor_set of a stale or foreign handle");
  }

  @Test
  void memoryOfACoreIsLimited() {
    init();
    MemorySegment most = tensor(0, 9_000);

    assertStatus(NrtStatus.RESOURCE, () -> tensor(0, 1_001));
    assertStatus(
        NrtStatus.RESOURCE,
        () -> {
          tensor(0, 100);
          return nrt.load(TestPrograms.neff(TestPrograms.ADD), 0, -1);
        });
    nrt.freeTensor(tensor(1, 10_000));
    nrt.freeTensor(most);
    nrt.load(TestPrograms.neff(TestPrograms.ADD), 0, -1);
    assertThat(simulated.allocations()).isEqualTo(new Allocations(1, 0, 1, 0, 1_100));
  }

  @Test
  void tensorsThatDoNotFitTheModelAreInvalid() {
    init();
    MemorySegment model = nrt.load(TestPrograms.neff(TestPrograms.ADD), 0, -1);
    MemorySegment right = tensor(0, 16);
    MemorySegment outputs = set(Map.of("output0", right));

    assertStatus(
        NrtStatus.INVALID, () -> nrt.execute(model, set(Map.of("input0", right)), outputs));
    for (MemorySegment wrong : new MemorySegment[] {tensor(0, 12), tensor(1, 16)}) {
      MemorySegment inputs = set(Map.of("input0", right, "input1", wrong));
      assertStatus(NrtStatus.INVALID, () -> nrt.execute(model, inputs, outputs));
    }
    MemorySegment freed = tensor(0, 16);
    MemorySegment inputs = set(Map.of("input0", right, "input1", freed));
    nrt.freeTensor(freed);
    assertStatus(NrtStatus.INVALID_HANDLE, () -> nrt.execute(model, inputs, outputs));
  }

  @Test
  void offsetsBeyondTheEndAreInvalid() {
    init();
    MemorySegment tensor = tensor(0, 16);

    assertStatus(NrtStatus.INVALID, () -> nrt.writeTensor(tensor, floats(1), 13));
    assertStatus(NrtStatus.INVALID, () -> nrt.readTensor(tensor, floats(1), Long.MAX_VALUE));
    assertStatus(NrtStatus.INVALID, () -> nrt.readTensor(tensor, floats(1), -1));
    assertStatus(NrtStatus.INVALID, () -> nrt.memset(tensor, 8, 0, 9));
    assertStatus(NrtStatus.INVALID, () -> nrt.copy(tensor, 8, tensor, 0, 9));
    assertStatus(NrtStatus.INVALID, () -> nrt.copy(tensor, 0, tensor(1, 16), 0, 8));
    assertStatus(NrtStatus.INVALID, () -> nrt.allocateSlice(tensor, 8, 9, "x"));
    assertStatus(NrtStatus.INVALID, () -> tensor(0, 0));
    assertStatus(NrtStatus.INVALID, () -> tensor(0, -1));
    assertStatus(NrtStatus.INVALID, () -> tensor(4, 16));
    assertStatus(NrtStatus.INVALID, () -> nrt.allocateTensor(1, 0, 16, "x"));
  }

  @Test
  void whatCannotBeLoadedIsRefused() {
    init();

    assertStatus(NrtStatus.INVALID, () -> nrt.load(TestPrograms.neff("foreign"), 0, -1));
    assertThat(simulated.calls().latest().getLast().message()).isEqualTo("'foreign' is not a NEFF");
    assertStatus(
        NrtStatus.LOAD_NOT_ENOUGH_NC, () -> nrt.load(TestPrograms.neff(TestPrograms.ADD), 4, -1));
    assertStatus(NrtStatus.INVALID, () -> nrt.load(TestPrograms.neff(TestPrograms.ADD), 0, 2));
    assertStatus(
        NrtStatus.INVALID, () -> nrt.load(TestPrograms.neff(TestPrograms.PAIR_OF_CORES), 0, -1));
    assertStatus(
        NrtStatus.INVALID, () -> nrt.load(TestPrograms.neff(TestPrograms.TWO_RANKS), 0, -1));
    assertStatus(
        NrtStatus.INVALID,
        () -> nrt.loadCollectives(TestPrograms.neff(TestPrograms.ADD), 0, -1, 2, 2));
    assertThat(simulated.allocations()).isEqualTo(Allocations.NOTHING);
  }

  @Test
  void ranksThatSpreadNeedARootCommId() {
    init();

    assertStatus(
        NrtStatus.INVALID,
        () -> nrt.loadCollectives(TestPrograms.neff(TestPrograms.ADD), 0, -1, 0, 2));
    assertThat(simulated.calls().latest().getLast().message())
        .isEqualTo("NEURON_RT_ROOT_COMM_ID is not set");
  }

  @Test
  void theEnvironmentChoosesTheCores() {
    assertThat(visible(Map.of("NEURON_RT_VISIBLE_CORES", "1-2,3"))).isEqualTo(3);
    assertThat(visible(Map.of("NEURON_RT_NUM_CORES", "2"))).isEqualTo(2);
    assertThat(visible(Map.of("NEURON_RT_NUM_CORES", "0"))).isEqualTo(4);
    assertThat(visible(Map.of("NEURON_RT_NUM_CORES", "2", "NEURON_RT_VISIBLE_CORES", "3")))
        .isEqualTo(1);
    assertThat(visible(Map.of("NEURON_RT_VIRTUAL_CORE_SIZE", "2"))).isEqualTo(2);
    assertStatus(NrtStatus.INVALID, () -> visible(Map.of("NEURON_RT_VISIBLE_CORES", "one")));
    assertStatus(NrtStatus.INVALID, () -> visible(Map.of("NEURON_RT_VISIBLE_CORES", "4")));
  }

  private int visible(Map<String, String> environment) {
    SimulatedNrt process = process(environment);
    Libnrt functions = Libnrt.bind(process.symbols());
    functions.init(Libnrt.NO_FRAMEWORK, "", "");
    int count = functions.visibleNcCount();
    functions.close();
    return count;
  }

  @Test
  void coresBelongToOneProcessAtATime() {
    SimulatedNrt first = process(Map.of("NEURON_RT_VISIBLE_CORES", "1-2"));
    SimulatedNrt second = process(Map.of("NEURON_RT_VISIBLE_CORES", "2-3"));
    SimulatedNrt third = process(Map.of("NEURON_RT_NUM_CORES", "2"));
    Libnrt ofFirst = Libnrt.bind(first.symbols());
    Libnrt ofSecond = Libnrt.bind(second.symbols());
    Libnrt ofThird = Libnrt.bind(third.symbols());
    ofFirst.init(Libnrt.NO_FRAMEWORK, "", "");

    assertStatus(NrtStatus.RESOURCE, () -> ofSecond.init(Libnrt.NO_FRAMEWORK, "", ""));
    ofThird.init(Libnrt.NO_FRAMEWORK, "", "");
    assertStatus(NrtStatus.RESOURCE, this::init);
    ofFirst.close();
    assertStatus(NrtStatus.RESOURCE, () -> ofSecond.init(Libnrt.NO_FRAMEWORK, "", ""));
    ofThird.close();
    ofSecond.init(Libnrt.NO_FRAMEWORK, "", "");
  }

  @Test
  void freshMemoryIsNotZero() {
    init();
    MemorySegment buffer = floats(0);
    nrt.readTensor(tensor(0, 4), buffer, 0);

    assertThat(buffer.get(ValueLayout.JAVA_INT, 0)).isNotZero();
  }

  @Test
  void whatIsLeftAtCloseIsNoticedAndFreed() {
    init();
    nrt.load(TestPrograms.neff(TestPrograms.ADD), 0, -1);
    set(Map.of("input0", tensor(0, 16)));

    nrt.close();

    assertThat(simulated.misuse())
        .containsExactly("nrt_close with " + new Allocations(1, 1, 1, 0, 1_016));
    assertThat(simulated.allocations()).isEqualTo(Allocations.NOTHING);
    nrt.close();
    assertThat(simulated.misuse()).endsWith("nrt_close without nrt_init");
  }

  private static MemorySegment floats(float... values) {
    return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }
}

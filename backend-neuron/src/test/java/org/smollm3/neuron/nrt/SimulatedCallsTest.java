package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.simulator.Call;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.simulator.TestPrograms;

/** What the simulated side sees of every function of the binding. */
class SimulatedCallsTest {
  /** An address that the binding made for the call: of a text, a struct or a result. */
  private static final String MADE = "made";

  private static final MemorySegment MODEL = MemorySegment.ofAddress(0x7123456789abcde0L);
  private static final MemorySegment SET = MemorySegment.ofAddress(0x7fffffffffffffffL);
  private static final MemorySegment TENSOR = MemorySegment.ofAddress(0xffff800000000000L);
  private static final long LARGE = 5_000_000_000L;

  private final SimulatedNrt simulated =
      SimulatedNrt.on(SimulatedDevice.trn1(8), new TestPrograms());
  private final Libnrt nrt = Libnrt.bind(simulated.symbols());

  private record Expected(Runnable call, List<Object> arguments) {}

  @Test
  void allArgumentsOfAllFunctionsArrive() {
    MemorySegment neff = TestPrograms.neff(TestPrograms.ADD);
    MemorySegment buffer = Arena.ofAuto().allocate(24);
    Map<NrtFunction, Expected> all = new EnumMap<>(NrtFunction.class);
    all.put(NrtFunction.NRT_INIT, seen(() -> nrt.init(1, "a", "b"), 1, MADE, MADE));
    all.put(NrtFunction.NRT_GET_VISIBLE_NC_COUNT, seen(nrt::visibleNcCount, MADE));
    all.put(NrtFunction.NRT_GET_VISIBLE_VNC_COUNT, seen(nrt::visibleVncCount, MADE));
    all.put(NrtFunction.NRT_GET_TOTAL_NC_COUNT, seen(nrt::totalNcCount, MADE));
    all.put(NrtFunction.NRT_LOAD, seen(() -> nrt.load(neff, 3, -1), neff, 4L, 3, -1, MADE));
    all.put(
        NrtFunction.NRT_LOAD_COLLECTIVES,
        seen(() -> nrt.loadCollectives(neff, 3, -1, 5, 9), neff, 4L, 3, -1, 5, 9, MADE));
    all.put(NrtFunction.NRT_UNLOAD, seen(() -> nrt.unload(MODEL), MODEL));
    all.put(
        NrtFunction.NRT_EXECUTE, seen(() -> nrt.execute(MODEL, SET, TENSOR), MODEL, SET, TENSOR));
    all.put(NrtFunction.NRT_ALLOCATE_TENSOR_SET, seen(nrt::allocateTensorSet, MADE));
    all.put(NrtFunction.NRT_DESTROY_TENSOR_SET, seen(() -> nrt.destroyTensorSet(SET), MADE));
    all.put(
        NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET,
        seen(() -> nrt.addTensorToTensorSet(SET, "input0", TENSOR), SET, MADE, TENSOR));
    all.put(
        NrtFunction.NRT_TENSOR_ALLOCATE,
        seen(() -> nrt.allocateTensor(0, 7, LARGE, "x"), 0, 7, LARGE, MADE, MADE));
    all.put(
        NrtFunction.NRT_TENSOR_ALLOCATE_SLICE,
        seen(() -> nrt.allocateSlice(TENSOR, LARGE, 8, "x"), TENSOR, LARGE, 8L, MADE, MADE));
    all.put(NrtFunction.NRT_TENSOR_FREE, seen(() -> nrt.freeTensor(TENSOR), MADE));
    all.put(
        NrtFunction.NRT_TENSOR_READ,
        seen(() -> nrt.readTensor(TENSOR, buffer, LARGE), TENSOR, buffer, LARGE, 24L));
    all.put(
        NrtFunction.NRT_TENSOR_WRITE,
        seen(() -> nrt.writeTensor(TENSOR, buffer, LARGE), TENSOR, buffer, LARGE, 24L));
    all.put(
        NrtFunction.NRT_TENSOR_MEMSET,
        seen(() -> nrt.memset(TENSOR, LARGE, 255, 7), TENSOR, LARGE, 255, 7L));
    all.put(
        NrtFunction.NRT_TENSOR_COPY,
        seen(() -> nrt.copy(TENSOR, LARGE, SET, 6, 7), TENSOR, LARGE, SET, 6L, 7L));
    all.put(NrtFunction.NRT_TENSOR_GET_SIZE, seen(() -> nrt.tensorSize(TENSOR), TENSOR));
    all.put(NrtFunction.NRT_BUILD_GLOBAL_COMM, seen(() -> nrt.buildGlobalComm(9, 1, 2), 9, 1, 2));
    all.put(NrtFunction.NRT_BARRIER, seen(() -> nrt.barrier(9, 1, 2), 9, 1, 2));
    all.put(NrtFunction.NRT_GET_VERSION, seen(nrt::version, MADE, 224L));
    all.put(NrtFunction.NRT_GET_INSTANCE_INFO, seen(nrt::instanceInfo, MADE, 32L));
    all.put(NrtFunction.NRT_GET_STATUS_AS_STR, seen(() -> nrt.statusText(1205), 1205));
    all.put(
        NrtFunction.NRT_GET_VNC_MEMORY_STATS, seen(() -> nrt.memoryStats(2), 2, MADE, 16L, MADE));
    all.put(
        NrtFunction.NRT_GET_MODEL_TENSOR_INFO, seen(() -> nrt.modelTensors(MODEL), MODEL, MADE));
    all.put(NrtFunction.NRT_CLOSE, seen(nrt::close));

    all.forEach(
        (function, expected) -> {
          long before = simulated.calls().count(function);
          ignoringStatus(expected.call());
          assertThat(simulated.calls().count(function)).as(function.symbol()).isGreaterThan(before);
          assertThat(seen(simulated.calls().latest(function).getLast(), expected.arguments()))
              .as(function.symbol())
              .isEqualTo(expected.arguments());
        });
    // The one that is left needs what another one returned: see the tests of models.
    assertThat(NrtFunction.values()).hasSize(all.size() + 1);
  }

  @Test
  void textsAndResultsPassBothWays() {
    nrt.init(Libnrt.NO_FRAMEWORK, "", "");
    MemorySegment model = nrt.load(TestPrograms.neff(TestPrograms.ACCUMULATE), 1, -1);

    assertThat(nrt.modelTensors(model).orElseThrow())
        .containsExactly(
            new TensorInfo("input0", TensorInfo.Usage.INPUT, 16),
            new TensorInfo("input1", TensorInfo.Usage.INPUT, 16),
            new TensorInfo("output0", TensorInfo.Usage.OUTPUT, 16),
            new TensorInfo("output1", TensorInfo.Usage.OUTPUT, 16));
    assertThat(simulated.calls().latest(NrtFunction.NRT_FREE_MODEL_TENSOR_INFO))
        .extracting(Call::status)
        .containsExactly(OptionalInt.of(0));
    assertThat(nrt.version().orElseThrow().toString()).isEqualTo("2.30.0.0");
    assertThat(nrt.instanceInfo().orElseThrow().name()).isEqualTo("trn1.32xlarge");
    assertThat(nrt.statusText(1205)).isEqualTo("NRT_EXEC_HW_ERR_REPAIRABLE_HBM_UE");
    assertThat(nrt.statusText(8)).isEmpty();
    assertThat(nrt.memoryStats(1)).contains(new MemoryStats(1000, 16L << 30));
    nrt.unload(model);

    MemorySegment tensor = nrt.allocateTensor(Libnrt.ON_DEVICE, 0, 16, "x");
    MemorySegment part = nrt.allocateSlice(tensor, 4, 8, "y");
    nrt.memset(tensor, 0, 0, 16);
    nrt.memset(part, 4, 3, 4);
    nrt.copy(tensor, 8, tensor, 0, 4);
    MemorySegment buffer = Arena.ofAuto().allocate(16);
    nrt.readTensor(tensor, buffer, 0);
    assertThat(buffer.toArray(ValueLayout.JAVA_BYTE))
        .containsExactly(3, 3, 3, 3, 0, 0, 0, 0, 3, 3, 3, 3, 0, 0, 0, 0);
    assertThat(nrt.tensorSize(part)).isEqualTo(8);
    nrt.freeTensor(part);
    nrt.freeTensor(tensor);
    nrt.close();
    assertThat(simulated.misuse()).isEmpty();
  }

  private static Expected seen(Runnable call, Object... arguments) {
    List<Object> expected = new ArrayList<>();
    for (Object argument : arguments) {
      expected.add(argument instanceof MemorySegment segment ? segment.address() : argument);
    }
    return new Expected(call, expected);
  }

  private static List<Object> seen(Call call, List<Object> expected) {
    List<Object> seen = new ArrayList<>();
    for (int i = 0; i < call.arguments().size(); i++) {
      Object value = call.arguments().get(i);
      boolean made = i < expected.size() && expected.get(i).equals(MADE);
      if (value instanceof MemorySegment segment) {
        seen.add(made && segment.address() != 0 ? MADE : segment.address());
      } else {
        seen.add(value);
      }
    }
    return seen;
  }

  private static void ignoringStatus(Runnable call) {
    try {
      call.run();
    } catch (NeuronRuntimeException e) {
      assertThat(e.code()).isPresent();
    }
  }
}

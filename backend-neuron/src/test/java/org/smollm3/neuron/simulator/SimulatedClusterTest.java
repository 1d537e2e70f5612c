package org.smollm3.neuron.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.neuron.nrt.DeviceTensor;
import org.smollm3.neuron.nrt.ExecutionStatus;
import org.smollm3.neuron.nrt.Failure;
import org.smollm3.neuron.nrt.LoadedModel;
import org.smollm3.neuron.nrt.NeuronRuntime;
import org.smollm3.neuron.nrt.NeuronRuntimeException;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.nrt.RunLimit;
import org.smollm3.neuron.nrt.RuntimeOptions;
import org.smollm3.neuron.nrt.TensorSet;

/** Ranks of two processes, each on a machine of its own. */
@Timeout(60)
class SimulatedClusterTest {
  private static final RunLimit PATIENT = RunLimit.of(Duration.ofSeconds(30));

  private final SimulatedCluster cluster = new SimulatedCluster();

  private SimulatedNrt process(LoadMode mode, String rootCommId, String seconds) {
    SimulatedDevice device =
        SimulatedDevice.trn1(2).withLoadMode(mode).withSecond(Duration.ofMillis(20));
    return new SimulatedNrt(
        new SimulatedMachine(device),
        cluster,
        Map.of("NEURON_RT_ROOT_COMM_ID", rootCommId, "NEURON_RT_EXEC_TIMEOUT", seconds),
        new TestPrograms(),
        FaultPlan.none());
  }

  /** The part of a process: its ranks sum over all ranks of all processes. */
  private static float[] sumOfRanks(SimulatedNrt process, int startRank, String... programs) {
    RuntimeOptions options = RuntimeOptions.ofPart(startRank, 2, 4);
    try (NeuronRuntime runtime = NeuronRuntime.open(process.library(), options)) {
      DeviceTensor output = null;
      for (String program : programs) {
        MemorySegment neff = TestPrograms.neff(program);
        List<LoadedModel> models =
            runtime.ranks().onAll("nrt_load", PATIENT, rank -> runtime.load(neff, rank));
        List<TensorSet> inputs = new ArrayList<>();
        List<TensorSet> outputs = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
          float value = (float) Math.pow(10, startRank + rank);
          DeviceTensor input = runtime.allocate(rank, TestPrograms.BYTES, "input");
          input.write(0, MemorySegment.ofArray(new float[] {value, 0, 0, -value}));
          output = runtime.allocate(rank, TestPrograms.BYTES, "output");
          TensorSet in = runtime.newTensorSet();
          in.add("input0", input);
          in.add("input1", input);
          TensorSet out = runtime.newTensorSet();
          out.add("output0", output);
          inputs.add(in);
          outputs.add(out);
        }
        assertThat(
                runtime
                    .ranks()
                    .onAll(
                        "nrt_execute",
                        PATIENT,
                        rank -> models.get(rank).execute(inputs.get(rank), outputs.get(rank))))
            .containsOnly(ExecutionStatus.COMPLETED);
      }
      float[] result = new float[TestPrograms.COUNT];
      if (output != null) {
        output.read(0, MemorySegment.ofArray(result));
      }
      return result;
    }
  }

  private static FutureTask<float[]> start(SimulatedNrt process, int startRank, String... names) {
    FutureTask<float[]> task = new FutureTask<>(() -> sumOfRanks(process, startRank, names));
    Thread.ofPlatform().start(task);
    return task;
  }

  private static void assertClean(SimulatedNrt... processes) {
    for (SimulatedNrt process : processes) {
      assertThat(process.allocations()).isEqualTo(Allocations.NOTHING);
      assertThat(process.misuse()).isEmpty();
      assertThat(process.isOpen()).isFalse();
    }
  }

  @Test
  void ranksOfTwoProcessesMeet() throws InterruptedException, ExecutionException {
    for (LoadMode mode : LoadMode.values()) {
      SimulatedNrt first = process(mode, "10.0.0.1:45654", "500");
      SimulatedNrt second = process(mode, "10.0.0.1:45654", "500");
      String[] programs = {TestPrograms.SUM_OF_RANKS, TestPrograms.ADD, TestPrograms.SUM_OF_RANKS};

      FutureTask<float[]> ofFirst = start(first, 0, programs);
      FutureTask<float[]> ofSecond = start(second, 2, programs);

      assertThat(ofFirst.get()).containsExactly(1111, 0, 0, -1111);
      assertThat(ofSecond.get()).containsExactly(1111, 0, 0, -1111);
      assertClean(first, second);
    }
  }

  @Test
  void processesWithOtherAddressesDoNotMeet() throws InterruptedException {
    SimulatedNrt first = process(LoadMode.ALONE, "10.0.0.1:45654", "5");
    SimulatedNrt second = process(LoadMode.ALONE, "10.0.0.2:45654", "5");

    FutureTask<float[]> ofFirst = start(first, 0, TestPrograms.SUM_OF_RANKS);
    FutureTask<float[]> ofSecond = start(second, 2, TestPrograms.SUM_OF_RANKS);

    for (FutureTask<float[]> task : List.of(ofFirst, ofSecond)) {
      assertThatThrownBy(task::get)
          .cause()
          .isInstanceOfSatisfying(
              NeuronRuntimeException.class,
              e -> assertThat(e.failure()).isEqualTo(Failure.TIMEOUT));
    }
    assertClean(first, second);
  }

  @Test
  void twoProcessesThatRunDifferentProgramsHang() throws InterruptedException {
    SimulatedNrt first = process(LoadMode.ALONE, "10.0.0.1:45654", "500");
    SimulatedNrt second = process(LoadMode.ALONE, "10.0.0.1:45654", "500");

    FutureTask<float[]> ofFirst = start(first, 0, TestPrograms.SUM_OF_RANKS);
    FutureTask<float[]> ofSecond = start(second, 2, TestPrograms.ADD);

    for (FutureTask<float[]> task : List.of(ofFirst, ofSecond)) {
      assertThatThrownBy(task::get)
          .cause()
          .isInstanceOfSatisfying(
              NeuronRuntimeException.class,
              e -> assertThat(e.status()).contains(NrtStatus.EXEC_HW_ERR_COLLECTIVES));
    }
    assertClean(first, second);
  }
}

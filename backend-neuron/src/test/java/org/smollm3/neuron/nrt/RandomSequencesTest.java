package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.neuron.simulator.Allocations;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedCluster;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedMachine;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.simulator.TestPrograms;

/** Whatever is done, in whatever order, and whatever fails: nothing stays allocated. */
@Timeout(300)
class RandomSequencesTest {
  private static final int SEQUENCES = 1_000;

  /** Sequences that share a device, which costs more to make than to use. */
  private static final int PER_DEVICE = 20;

  private static final RunLimit PATIENT = RunLimit.of(Duration.ofSeconds(60));

  @Test
  void nothingStaysAllocated() {
    int failures = 0;
    for (int first = 0; first < SEQUENCES; first += PER_DEVICE) {
      Random random = new Random(first);
      SimulatedNrt device =
          new SimulatedNrt(
              new SimulatedMachine(
                  SimulatedDevice.trn1(2)
                      .withBytesPerCore(2_500)
                      .withSecond(Duration.ofMillis(20))),
              new SimulatedCluster(),
              Map.of("NEURON_RT_VISIBLE_CORES", "0-1", "NEURON_RT_EXEC_TIMEOUT", "2"),
              new TestPrograms(),
              plan(random));
      for (int i = 0; i < PER_DEVICE; i++) {
        String seed = "sequence " + (first + i);
        Sequence sequence = new Sequence(device, random);
        sequence.run();
        failures += sequence.failures;
        assertThat(device.isOpen()).as(seed).isFalse();
        assertThat(device.allocations()).as(seed).isEqualTo(Allocations.NOTHING);
        assertThat(device.misuse()).as(seed).isEmpty();
      }
      device.release();
    }
    // It would be no test if nothing ever failed.
    assertThat(failures).isGreaterThan(SEQUENCES / 10);
    assertThat(RuntimeThreads.named("smollm3-neuron")).isEmpty();
  }

  private static FaultPlan plan(Random random) {
    FaultPlan plan = FaultPlan.none();
    for (int i = 0; i < 4; i++) {
      plan = plan.allocationFails(1 + random.nextInt(60));
    }
    NrtStatus[] statuses = NrtStatus.values();
    for (int i = 0; i < 4; i++) {
      NrtStatus status = statuses[1 + random.nextInt(statuses.length - 1)];
      plan = plan.executionFails(random.nextInt(2), 1 + random.nextInt(30), status);
    }
    return plan.loadFails(random.nextInt(2), 1 + random.nextInt(10), NrtStatus.LOAD_NOT_ENOUGH_NC)
        .fails(NrtFunction.NRT_ALLOCATE_TENSOR_SET, 1 + random.nextInt(20), NrtStatus.RESOURCE)
        .fails(NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET, 1 + random.nextInt(40), NrtStatus.FAILURE)
        .fails(NrtFunction.NRT_TENSOR_WRITE, 1 + random.nextInt(40), NrtStatus.FAILURE)
        .fails(NrtFunction.NRT_INIT, 1 + random.nextInt(20), NrtStatus.FAILURE)
        .deviceLost(random.nextInt(2), 1 + random.nextInt(60), NrtStatus.EXEC_HW_ERR_HBM_UE);
  }

  /** One session: a random choice of steps, with no care for what failed before. */
  private static final class Sequence {
    private final SimulatedNrt device;
    private final Random random;
    private final List<LoadedModel> models = new ArrayList<>();
    private final List<DeviceTensor> tensors = new ArrayList<>();
    private final List<TensorSet> sets = new ArrayList<>();
    private int failures;

    Sequence(SimulatedNrt device, Random random) {
      this.device = device;
      this.random = random;
    }

    void run() {
      int ranks = 1 + random.nextInt(2);
      NeuronRuntime runtime;
      try {
        runtime = NeuronRuntime.open(device.library(), RuntimeOptions.ofRanks(ranks));
      } catch (NeuronRuntimeException e) {
        failures++;
        return;
      }
      try (runtime) {
        for (int step = random.nextInt(25); step > 0; step--) {
          try {
            step(runtime, ranks);
          } catch (NeuronRuntimeException e) {
            failures++;
          } catch (IllegalStateException e) {
            assertThat(e).hasMessageEndingWith("is closed");
          }
        }
        if (random.nextBoolean()) {
          runtime.close();
        }
      }
    }

    private void step(NeuronRuntime runtime, int ranks) {
      switch (random.nextInt(10)) {
        case 0, 1 ->
            models.addAll(
                runtime
                    .ranks()
                    .onAll(
                        "nrt_load",
                        PATIENT,
                        r -> runtime.load(TestPrograms.neff(TestPrograms.ACCUMULATE), r)));
        case 2, 3 ->
            tensors.addAll(
                runtime
                    .ranks()
                    .onAll("allocate", PATIENT, r -> runtime.allocate(r, TestPrograms.BYTES, "x")));
        case 4, 5 -> sets.add(filledSet(runtime));
        case 6 -> pick(tensors).close();
        case 7 -> pick(sets).close();
        case 8 -> {
          if (random.nextBoolean()) {
            pick(models).close();
          }
        }
        default -> runAll(runtime, ranks);
      }
    }

    private TensorSet filledSet(NeuronRuntime runtime) {
      TensorSet set = runtime.newTensorSet();
      for (String name : List.of("input0", "input1", "output0", "output1")) {
        DeviceTensor tensor = pick(tensors);
        tensor.write(0, MemorySegment.ofArray(new float[] {1, 2, 3, 4}));
        set.add(name, random.nextInt(4) == 0 ? tensor.slice(0, 8, "part") : tensor);
      }
      return set;
    }

    /** Half of the time as it should be; else with whatever is at hand. */
    private void runAll(NeuronRuntime runtime, int ranks) {
      if (random.nextBoolean()) {
        pick(models).execute(pick(sets), pick(sets));
        return;
      }
      List<LoadedModel> loaded =
          runtime
              .ranks()
              .onAll(
                  "nrt_load",
                  PATIENT,
                  r -> runtime.load(TestPrograms.neff(TestPrograms.ACCUMULATE), r));
      List<TensorSet> all = new ArrayList<>();
      for (int rank = 0; rank < ranks; rank++) {
        TensorSet set = runtime.newTensorSet();
        DeviceTensor tensor = runtime.allocate(rank, TestPrograms.BYTES, "x");
        tensor.clear();
        for (String name : List.of("input0", "input1", "output0", "output1")) {
          set.add(name, tensor);
        }
        all.add(set);
      }
      for (int i = 0; i < 3; i++) {
        runtime
            .ranks()
            .onAll("nrt_execute", PATIENT, r -> loaded.get(r).execute(all.get(r), all.get(r)));
      }
      loaded.forEach(LoadedModel::close);
      all.forEach(TensorSet::close);
    }

    private <T> T pick(List<T> list) {
      if (list.isEmpty()) {
        throw new IllegalStateException("there is none, or it is closed");
      }
      return list.get(random.nextInt(list.size()));
    }
  }
}

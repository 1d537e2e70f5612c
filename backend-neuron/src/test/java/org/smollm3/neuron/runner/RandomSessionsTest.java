package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.neuron.nrt.NeuronRuntimeException;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.Allocations;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;

/** Whatever is loaded, run and closed, in whatever order, and whatever fails: nothing stays. */
@Timeout(300)
class RandomSessionsTest {
  private static final int SEQUENCES = 1_000;

  /** Sequences that share a device, which costs more to make than to use. */
  private static final int PER_DEVICE = 20;

  /** Of the device, for many ranks wait in vain. */
  private static final Duration SECOND = Duration.ofMillis(5);

  private static final List<ProgramSpec> PROGRAMS = List.of(SmallProgram.of(1), SmallProgram.of(2));

  private int failures;
  private int runs;

  @Test
  void nothingStaysAllocated() {
    for (int first = 0; first < SEQUENCES; first += PER_DEVICE) {
      Random random = new Random(first);
      SimulatedNrt device =
          Simulation.device(
              SimulatedDevice.trn1(2),
              SECOND,
              Map.of("NEURON_RT_NUM_CORES", "2", "NEURON_RT_ROOT_COMM_ID", "127.0.0.1:1"),
              plan(random));
      RunnerOptions options =
          Simulation.PATIENT.withLoading(
              random.nextBoolean()
                  ? RunnerOptions.Loading.PARALLEL
                  : RunnerOptions.Loading.SEQUENTIAL);
      NeuronBackend backend = Simulation.backend(device, options);
      for (int i = 0; i < PER_DEVICE; i++) {
        String seed = "sequence " + (first + i);
        sequence(backend, random);
        assertThat(device.isOpen()).as(seed).isFalse();
        assertThat(device.allocations()).as(seed).isEqualTo(Allocations.NOTHING);
        assertThat(device.misuse()).as(seed).isEmpty();
        assertThat(Simulation.threads()).as(seed).isEmpty();
      }
    }
    // It would be no test if nothing ever failed, or nothing ever went well.
    assertThat(failures).isGreaterThan(SEQUENCES / 5);
    assertThat(runs).isGreaterThan(SEQUENCES);
  }

  private static FaultPlan plan(Random random) {
    FaultPlan plan = FaultPlan.none();
    for (int i = 0; i < 6; i++) {
      plan = plan.allocationFails(1 + random.nextInt(600));
    }
    NrtStatus[] statuses = NrtStatus.values();
    for (int i = 0; i < 6; i++) {
      NrtStatus status = statuses[1 + random.nextInt(statuses.length - 1)];
      plan = plan.executionFails(random.nextInt(2), 1 + random.nextInt(60), status);
    }
    for (int i = 0; i < 4; i++) {
      plan =
          plan.loadFails(random.nextInt(2), 1 + random.nextInt(40), NrtStatus.RESOURCE)
              .fails(NrtFunction.NRT_TENSOR_WRITE, 1 + random.nextInt(400), NrtStatus.FAILURE)
              .fails(NrtFunction.NRT_TENSOR_READ, 1 + random.nextInt(200), NrtStatus.FAILURE)
              .fails(NrtFunction.NRT_TENSOR_MEMSET, 1 + random.nextInt(100), NrtStatus.FAILURE);
    }
    return plan.fails(
            NrtFunction.NRT_ALLOCATE_TENSOR_SET, 1 + random.nextInt(200), NrtStatus.RESOURCE)
        .fails(NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET, 1 + random.nextInt(400), NrtStatus.FAILURE)
        .fails(NrtFunction.NRT_INIT, 1 + random.nextInt(20), NrtStatus.FAILURE)
        .slowTransfers(1 + random.nextInt(20_000), Duration.ofNanos(100_000))
        .deviceLost(random.nextInt(2), 1 + random.nextInt(80), NrtStatus.EXEC_HW_ERR_NC_UE);
  }

  private void sequence(NeuronBackend backend, Random random) {
    List<Session> sessions = new ArrayList<>();
    for (int step = 1 + random.nextInt(12); step > 0; step--) {
      try {
        step(backend, random, sessions);
      } catch (NeuronRuntimeException e) {
        failures++;
        assertThat(e.getMessage()).doesNotContain("\n");
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("session of program 'small' is closed");
      }
    }
    sessions.forEach(Session::close);
  }

  /** With no care for what failed before, or was closed. */
  private void step(NeuronBackend backend, Random random, List<Session> sessions) {
    if (sessions.isEmpty() || random.nextInt(10) == 0) {
      ProgramSpec program = PROGRAMS.get(random.nextInt(PROGRAMS.size()));
      sessions.add(backend.load(program, SmallProgram.WEIGHTS, LoadOptions.defaults()));
      return;
    }
    Session session = sessions.get(random.nextInt(sessions.size()));
    switch (random.nextInt(8)) {
      case 0 -> session.resetStates();
      case 1 -> session.readState(SmallProgram.CACHE, 0);
      case 2 -> session.close();
      default -> {
        String graph = random.nextBoolean() ? SmallProgram.STEP : SmallProgram.FOLD;
        session.run(graph, SmallProgram.inputs(graph, random.nextInt(9)));
        runs++;
      }
    }
  }
}

package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;

/** Sessions beside each other, threads, and the ends of sessions. */
@Timeout(120)
class SeveralSessionsTest {
  private static final int THREADS = 6;

  /** All cores for whoever comes later, and a place to meet. */
  private static SimulatedNrt device(int cores) {
    return Simulation.device(
        SimulatedDevice.trn1(cores),
        Map.of(
            "NEURON_RT_NUM_CORES",
            Integer.toString(cores),
            "NEURON_RT_ROOT_COMM_ID",
            "127.0.0.1:5000"),
        FaultPlan.none());
  }

  private static Session load(SimulatedNrt device, int ranks) {
    return Simulation.load(device, Simulation.PATIENT, ranks);
  }

  @Test
  void twoSessionsOfOneProgramAreIndependent() {
    SimulatedNrt device = device(2);
    try (Session second = load(device, 2);
        Session secondWanted = Simulation.lowered(2, LoadOptions.defaults())) {
      try (Session first = load(device, 2);
          Session firstWanted = Simulation.lowered(2, LoadOptions.defaults())) {
        for (int n = 0; n < 4; n++) {
          Simulation.assertSameRun(first, firstWanted, SmallProgram.STEP, n);
          Simulation.assertSameRun(second, secondWanted, SmallProgram.STEP, n + 5);
          Simulation.assertSameRun(second, secondWanted, SmallProgram.FOLD, n);
          Simulation.assertSameStates(first, firstWanted, 2);
          Simulation.assertSameStates(second, secondWanted, 2);
        }
      }
      Simulation.assertSameRun(second, secondWanted, SmallProgram.STEP, 2);
      assertThat(device.calls().count(NrtFunction.NRT_INIT)).isEqualTo(1);
    }
    Simulation.assertNothingLeft(device);
  }

  @Test
  void sessionsOfDifferentDegreesAreRightWhenInterleaved() {
    SimulatedNrt device = device(4);
    try (Session four = load(device, 4);
        Session one = load(device, 1);
        Session two = load(device, 2);
        Session fourWanted = Simulation.lowered(4, LoadOptions.defaults());
        Session oneWanted = Simulation.lowered(1, LoadOptions.defaults());
        Session twoWanted = Simulation.lowered(2, LoadOptions.defaults())) {
      for (int n = 0; n < 4; n++) {
        Simulation.assertSameRun(two, twoWanted, SmallProgram.STEP, n);
        Simulation.assertSameRun(four, fourWanted, SmallProgram.STEP, n);
        Simulation.assertSameRun(one, oneWanted, SmallProgram.STEP, n);
        Simulation.assertSameRun(four, fourWanted, SmallProgram.FOLD, n);
      }
    }
    Simulation.assertNothingLeft(device);
  }

  /** Loads, runs and closes on several threads at once. */
  @Test
  void sessionsOfSeveralThreadsAreRight() throws InterruptedException, ExecutionException {
    SimulatedNrt device = device(4);
    together(
        thread -> {
          int ranks = 1 << (thread % 3);
          try (Session ours = load(device, ranks);
              Session theirs = Simulation.lowered(ranks, LoadOptions.defaults())) {
            for (int n = 0; n < 6; n++) {
              Simulation.assertSameRun(ours, theirs, SmallProgram.STEP, n + thread);
              Simulation.assertSameRun(ours, theirs, SmallProgram.FOLD, n);
            }
            Simulation.assertSameStates(ours, theirs, ranks);
          }
          return thread;
        });
    Simulation.assertNothingLeft(device);
  }

  @Test
  void runsOfManyThreadsOnOneSessionAreSerialised()
      throws InterruptedException, ExecutionException {
    SimulatedNrt device = device(2);
    int each = 10;
    try (Session session = load(device, 2)) {
      together(
          thread -> {
            for (int n = 0; n < each; n++) {
              session.run(SmallProgram.FOLD, SmallProgram.fold(1));
            }
            return thread;
          });
      float runs = THREADS * each;
      assertThat(session.readState(SmallProgram.COUNT, 0).toFloatArray()).containsExactly(runs);
      assertThat(session.readState(SmallProgram.COUNT, 1).toFloatArray()).containsExactly(runs);
    }
    Simulation.assertNothingLeft(device);
  }

  private interface OfThread {
    int run(int thread);
  }

  private static void together(OfThread task) throws InterruptedException, ExecutionException {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Callable<Integer>> tasks = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int thread = i;
        tasks.add(() -> task.run(thread));
      }
      for (Future<Integer> result : threads.invokeAll(tasks)) {
        assertThat(result.get()).isNotNegative();
      }
    }
  }

  /** The run is held in the listener, which is called before it ends. */
  @Test
  void closeWaitsForARunAndThenAllIsRefused() throws InterruptedException {
    SimulatedNrt device = device(2);
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    LoadOptions listening =
        LoadOptions.defaults()
            .withTaps("*")
            .withListener(
                (name, rank, value) -> {
                  inside.countDown();
                  awaitQuietly(goOn);
                });
    Session session =
        Simulation.backend(device, Simulation.PATIENT)
            .load(SmallProgram.of(2), SmallProgram.WEIGHTS, listening);
    AtomicReference<Outputs> result = new AtomicReference<>();
    Thread runner =
        Thread.ofPlatform()
            .start(() -> result.set(session.run(SmallProgram.STEP, SmallProgram.step(1))));
    inside.await();
    Thread closer = Thread.ofPlatform().start(session::close);
    while (closer.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertThat(device.isOpen()).isTrue();
    goOn.countDown();
    runner.join();
    closer.join();
    assertThat(result.get().tapsByRank()).hasSize(2);
    assertRefused(session);
    Simulation.assertNothingLeft(device);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertRefused(Session session) {
    List<Throwable> refused = new ArrayList<>();
    refused.add(catchThrowable(() -> session.run(SmallProgram.STEP, SmallProgram.step(1))));
    refused.add(catchThrowable(() -> session.readState(SmallProgram.CACHE, 0)));
    refused.add(catchThrowable(session::resetStates));
    assertThat(refused)
        .allSatisfy(
            thrown ->
                assertThat(thrown)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("session of program 'small' is closed"));
  }

  @Test
  void closeTwiceIsHarmlessAndUseAfterwardsIsRefused() {
    SimulatedNrt device = device(1);
    NeuronBackend backend = Simulation.backend(device, Simulation.PATIENT);
    Session session =
        backend.load(SmallProgram.of(1), SmallProgram.WEIGHTS, LoadOptions.defaults());
    session.close();
    session.close();
    assertRefused(session);
    backend.close();
    backend.close();
    assertThatThrownBy(
            () -> backend.load(SmallProgram.of(1), SmallProgram.WEIGHTS, LoadOptions.defaults()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("backend 'neuron-sim' is closed");
    Simulation.assertNothingLeft(device);
  }

  @Test
  void aListenerThatCallsItsOwnSessionIsRefusedAndTheSessionIsOfUse() {
    SimulatedNrt device = device(2);
    AtomicReference<Session> own = new AtomicReference<>();
    List<Throwable> refused = new ArrayList<>();
    LoadOptions listening =
        LoadOptions.defaults()
            .withTaps("*")
            .withListener(
                (name, rank, value) -> {
                  Session session = own.get();
                  refused.add(
                      catchThrowable(() -> session.run(SmallProgram.STEP, SmallProgram.step(1))));
                  refused.add(catchThrowable(() -> session.readState(SmallProgram.CACHE, 0)));
                  refused.add(catchThrowable(session::resetStates));
                  refused.add(catchThrowable(session::close));
                });
    try (Session session =
            Simulation.backend(device, Simulation.PATIENT)
                .load(SmallProgram.of(2), SmallProgram.WEIGHTS, listening);
        Session wanted = Simulation.lowered(2, LoadOptions.defaults().withTaps("*"))) {
      own.set(session);
      Simulation.assertSameRun(session, wanted, SmallProgram.STEP, 1);
      assertThat(refused)
          .hasSize(8)
          .allSatisfy(
              thrown ->
                  assertThat(thrown)
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessageContaining("a tap listener"));
      Simulation.assertSameStates(session, wanted, 2);
    }
    Simulation.assertNothingLeft(device);
  }
}

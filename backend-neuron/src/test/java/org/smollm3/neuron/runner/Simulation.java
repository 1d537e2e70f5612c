package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.smollm3.neuron.compiled.SimulatedNeffs;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.nrt.Failure;
import org.smollm3.neuron.nrt.NeuronRuntimeException;
import org.smollm3.neuron.simulator.Allocations;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedCluster;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedMachine;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/** Backends over simulated devices, and what must be true of these in the end. */
final class Simulation {
  /** A second of the device, which makes waiting in vain short. */
  static final Duration SECOND = Duration.ofMillis(60);

  /** Limits for calls that hang. */
  static final RunnerOptions IMPATIENT =
      RunnerOptions.defaults()
          .withExecTimeout(Duration.ofSeconds(1))
          .withLoadLimit(Duration.ofMillis(400))
          .withLifeCycleLimit(Duration.ofMillis(400));

  /** Runs that wait in vain are short, everything else has its time. */
  static final RunnerOptions PATIENT =
      RunnerOptions.defaults().withExecTimeout(Duration.ofSeconds(30));

  private Simulation() {}

  static SimulatedNrt device(int cores, FaultPlan plan) {
    return device(SimulatedDevice.trn1(cores), Map.of(), plan);
  }

  static SimulatedNrt device(
      SimulatedDevice device, Map<String, String> variables, FaultPlan plan) {
    return device(device, SECOND, variables, plan);
  }

  static SimulatedNrt device(
      SimulatedDevice device, Duration second, Map<String, String> variables, FaultPlan plan) {
    return new SimulatedNrt(
        new SimulatedMachine(device.withSecond(second)),
        new SimulatedCluster(),
        variables,
        new EvaluatedPrograms(),
        plan);
  }

  static NeuronBackend backend(SimulatedNrt device, RunnerOptions options) {
    return Devices.simulated("neuron-sim", device, lowered(1), options);
  }

  static GraphSource lowered(int virtualCoreSize) {
    return new LoweredGraphs(
        TraceOptions.defaults(), new SimulatedNeffs(NeuronArchitecture.SUNDA, virtualCoreSize));
  }

  static Session load(SimulatedNrt device, RunnerOptions options, int ranks) {
    return backend(device, options)
        .load(SmallProgram.of(ranks), SmallProgram.WEIGHTS, LoadOptions.defaults());
  }

  /** The same program by "hlo". */
  static Session lowered(int ranks, LoadOptions load) {
    return LoweredBackend.open(TraceOptions.defaults())
        .load(SmallProgram.of(ranks), SmallProgram.WEIGHTS, load);
  }

  /** Runs both, and compares all that they return, bit for bit. */
  static void assertSameRun(Session actual, Session wanted, String graph, int n) {
    Outputs ours = actual.run(graph, SmallProgram.inputs(graph, n));
    Outputs theirs = wanted.run(graph, SmallProgram.inputs(graph, n));
    assertSame(ours.outputsByRank(), theirs.outputsByRank(), graph + " " + n);
    assertSame(ours.tapsByRank(), theirs.tapsByRank(), graph + " " + n);
  }

  private static void assertSame(
      List<Map<String, HostTensor>> actual, List<Map<String, HostTensor>> wanted, String what) {
    assertThat(actual).as(what).hasSameSizeAs(wanted);
    for (int rank = 0; rank < wanted.size(); rank++) {
      assertThat(List.copyOf(actual.get(rank).keySet()))
          .as(what)
          .isEqualTo(List.copyOf(wanted.get(rank).keySet()));
      for (String name : wanted.get(rank).keySet()) {
        assertSame(
            actual.get(rank).get(name),
            wanted.get(rank).get(name),
            what + ": " + name + " of rank " + rank);
      }
    }
  }

  static void assertSame(HostTensor actual, HostTensor wanted, String what) {
    assertThat(actual.dtype()).as(what).isEqualTo(wanted.dtype());
    assertThat(actual.shape()).as(what).isEqualTo(wanted.shape());
    assertThat(actual.segment().mismatch(wanted.segment())).as(what).isEqualTo(-1);
  }

  static void assertSameStates(Session actual, Session wanted, int ranks) {
    for (int rank = 0; rank < ranks; rank++) {
      for (String name : List.of(SmallProgram.CACHE, SmallProgram.COUNT)) {
        assertSame(
            actual.readState(name, rank), wanted.readState(name, rank), name + " of rank " + rank);
      }
    }
  }

  /** That a call fails in a way, and says so on one line. */
  static NeuronRuntimeException assertFails(Failure failure, ThrowingCallable call) {
    Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(call);
    assertThat(thrown).isInstanceOf(NeuronRuntimeException.class);
    NeuronRuntimeException typed = (NeuronRuntimeException) thrown;
    assertThat(typed.failure()).as(typed.getMessage()).isEqualTo(failure);
    assertThat(typed.getMessage()).doesNotContain("\n").isNotBlank();
    return typed;
  }

  /** That a process holds nothing, did nothing wrong, and has no thread of ours. */
  static void assertNothingLeft(SimulatedNrt device) {
    assertThat(device.allocations()).isEqualTo(Allocations.NOTHING);
    assertThat(device.misuse()).isEmpty();
    assertThat(device.isOpen()).isFalse();
    assertThat(device.calls().inside()).isZero();
    assertThat(threads()).isEmpty();
  }

  /** Lets hanging calls go on, and waits for the threads that were left behind. */
  static void assertNothingLeftAfterRelease(SimulatedNrt device) throws InterruptedException {
    device.release();
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    for (Thread thread : threads()) {
      thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
    }
    assertNothingLeft(device);
  }

  static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("smollm3-neuron"))
        .toList();
  }
}

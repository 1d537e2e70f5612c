package org.smollm3.neuron.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.Fault.Effect;
import org.smollm3.neuron.simulator.Fault.When;

/** What is to go wrong in a simulated process. Calls are counted from 1. */
public final class FaultPlan {
  private static final Set<NrtFunction> LOADS =
      Set.of(NrtFunction.NRT_LOAD, NrtFunction.NRT_LOAD_COLLECTIVES);
  private static final Set<NrtFunction> RUNS = Set.of(NrtFunction.NRT_EXECUTE);
  private static final Set<NrtFunction> TRANSFERS =
      Set.of(NrtFunction.NRT_TENSOR_READ, NrtFunction.NRT_TENSOR_WRITE);

  private final List<Fault> faults;

  private FaultPlan(List<Fault> faults) {
    this.faults = List.copyOf(faults);
  }

  /** Nothing goes wrong. */
  public static FaultPlan none() {
    return new FaultPlan(List.of());
  }

  /** The n-th allocation of a tensor, on any core, finds no memory. */
  public FaultPlan allocationFails(int nth) {
    return fails(NrtFunction.NRT_TENSOR_ALLOCATE, nth, NrtStatus.RESOURCE);
  }

  /** The n-th call of a function returns a status and does nothing. */
  public FaultPlan fails(NrtFunction function, int nth, NrtStatus status) {
    return and(Set.of(function), OptionalInt.empty(), nth, When.ONCE, new Effect.Fail(status));
  }

  /** The n-th load of a rank returns a status. */
  public FaultPlan loadFails(int rank, int nth, NrtStatus status) {
    return and(LOADS, OptionalInt.of(rank), nth, When.ONCE, new Effect.Fail(status));
  }

  /** The n-th load of a rank does not return until it is released; then it succeeds. */
  public FaultPlan loadHangs(int rank, int nth) {
    return and(LOADS, OptionalInt.of(rank), nth, When.ONCE, new Effect.Hang());
  }

  /** nrt_init does not return until it is released; then it succeeds. */
  public FaultPlan initHangs() {
    return and(Set.of(NrtFunction.NRT_INIT), OptionalInt.empty(), 1, When.ONCE, new Effect.Hang());
  }

  /** The n-th run of a rank does not begin until it is released; then it times out. */
  public FaultPlan rankNeverArrives(int rank, int nth) {
    return and(RUNS, OptionalInt.of(rank), nth, When.ONCE, new Effect.Hang());
  }

  /** The n-th run of a rank returns a status instead of taking part. */
  public FaultPlan executionFails(int rank, int nth, NrtStatus status) {
    return and(RUNS, OptionalInt.of(rank), nth, When.ONCE, new Effect.Fail(status));
  }

  /** The device is lost at the n-th run of a rank. */
  public FaultPlan deviceLost(int rank, int nth, NrtStatus status) {
    return and(RUNS, OptionalInt.of(rank), nth, When.ONCE, new Effect.LoseDevice(status));
  }

  /** Every transfer takes longer, from the n-th on. */
  public FaultPlan slowTransfers(int nth, Duration each) {
    return and(TRANSFERS, OptionalInt.empty(), nth, When.FROM_THEN_ON, new Effect.Delay(each));
  }

  List<Fault> faults() {
    return faults;
  }

  private FaultPlan and(
      Set<NrtFunction> functions, OptionalInt rank, int nth, When when, Effect effect) {
    List<Fault> more = new ArrayList<>(faults);
    more.add(new Fault(functions, rank, nth, when, effect));
    return new FaultPlan(more);
  }
}

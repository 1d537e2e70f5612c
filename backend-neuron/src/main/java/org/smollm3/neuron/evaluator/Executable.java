package org.smollm3.neuron.evaluator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.tensor.HostTensor;

/**
 * A module ready to run on all its ranks, each on a thread of its own. Results do not depend on how
 * the threads are scheduled. One run at a time: others wait.
 */
public final class Executable {
  private final HloModule module;
  private final List<HloShape.Array> parameters;
  private final List<HloShape.Array> results;
  private final List<ComputationPlan> plans;
  private final ComputationPlan entry;
  private final List<Integer> parameterOfResult = new ArrayList<>();
  private final List<Rank> ranks = new ArrayList<>();
  private final ReentrantLock running = new ReentrantLock();

  /**
   * @param plans of the computations, the entry last
   */
  Executable(HloModule module, int rankCount, List<ComputationPlan> plans) {
    this.module = module;
    this.plans = List.copyOf(plans);
    entry = plans.get(plans.size() - 1);
    parameters = module.parameters().stream().map(HloInstruction::array).toList();
    results = Evaluator.resultShapes(module);
    for (int i = 0; i < results.size(); i++) {
      parameterOfResult.add(-1);
    }
    module.aliases().forEach(alias -> parameterOfResult.set(alias.result(), alias.parameter()));
    for (int i = 0; i < rankCount; i++) {
      ranks.add(new Rank(i));
    }
  }

  public int rankCount() {
    return ranks.size();
  }

  /** The arrays that each rank takes, in order. */
  public List<HloShape.Array> parameters() {
    return parameters;
  }

  /** The arrays that each rank gives, in order. */
  public List<HloShape.Array> results() {
    return results;
  }

  /** The parameter whose memory a result takes. */
  public OptionalInt aliasedParameter(int result) {
    int parameter = parameterOfResult.get(result);
    return parameter < 0 ? OptionalInt.empty() : OptionalInt.of(parameter);
  }

  /** Bytes of memory that each rank keeps for values on the way. */
  public long temporaryBytes() {
    return plans.stream().mapToLong(ComputationPlan::bytes).reduce(0, Math::addExact);
  }

  /**
   * Runs on tensors, and gives results in new memory. No parameter is changed, aliased ones are
   * copied.
   *
   * @param parametersByRank for each rank the parameters, in the module's order
   * @return for each rank the results
   * @throws InvalidRequestException if number, type or shape is not the module's
   * @throws BackendException if it fails on a rank, naming rank and instruction
   */
  public List<List<HostTensor>> run(List<List<HostTensor>> parametersByRank) {
    List<List<MemorySegment>> memory = new ArrayList<>();
    List<List<HostTensor>> made = new ArrayList<>();
    for (int rank = 0; rank < parametersByRank.size(); rank++) {
      List<HostTensor> tensors = parametersByRank.get(rank);
      for (int i = 0; i < Math.min(tensors.size(), parameters.size()); i++) {
        HostTensor tensor = tensors.get(i);
        HloShape.Array wanted = parameters.get(i);
        if (tensor.dtype() != wanted.type().dtype() || !tensor.shape().equals(wanted.dims())) {
          throw new InvalidRequestException(
              parameter(rank, i) + " is " + tensor + " where " + wanted + " is wanted");
        }
      }
      memory.add(tensors.stream().map(HostTensor::segment).toList());
      made.add(
          results.stream()
              .map(result -> HostTensor.zeros(result.type().dtype(), result.dims()))
              .toList());
    }
    run(
        memory,
        made.stream().map(each -> each.stream().map(HostTensor::segment).toList()).toList());
    return made;
  }

  /**
   * Runs on memory of the caller, which is neither copied nor kept. Where a result is aliased to a
   * parameter and both are the same memory, it is updated in place; where they are not, the
   * parameter is copied first and keeps its value.
   *
   * @param parametersByRank for each rank the parameters; ranks may share memory
   * @param resultsByRank for each rank the memory of the results, which overlaps nothing else
   * @throws InvalidRequestException if number or size is not the module's, or memory overlaps or
   *     cannot be used by other threads
   * @throws BackendException if it fails on a rank, naming rank and instruction; results then hold
   *     anything
   */
  public void run(
      List<List<MemorySegment>> parametersByRank, List<List<MemorySegment>> resultsByRank) {
    check(parametersByRank, resultsByRank);
    running.lock();
    try {
      prepare();
      for (Rank rank : ranks) {
        bind(rank, parametersByRank.get(rank.number), resultsByRank.get(rank.number));
      }
      new RankThreads(module.name(), ranks, entry).run();
    } finally {
      release();
      running.unlock();
    }
  }

  /** Gets the ranks' memory, at the first run. */
  private void prepare() {
    for (Rank rank : ranks) {
      if (rank.frames.isEmpty()) {
        for (ComputationPlan plan : plans) {
          rank.frames.add(plan.frame(rank, Arena.ofAuto().allocate(plan.bytes(), 64)));
        }
      }
    }
  }

  private void bind(Rank rank, List<MemorySegment> given, List<MemorySegment> wanted) {
    MemorySegment[] slots = rank.frames.get(entry.index()).slots;
    for (int i = 0; i < slots.length; i++) {
      Buffer buffer = entry.buffers().get(i);
      switch (buffer.home) {
        case PARAMETER -> slots[i] = given.get(buffer.number).asReadOnly();
        case RESULT -> slots[i] = wanted.get(buffer.number);
        case CONSTANT, TEMPORARY -> {}
      }
    }
    for (int i = 0; i < wanted.size(); i++) {
      int parameter = parameterOfResult.get(i);
      if (parameter >= 0 && !given.get(parameter).equals(wanted.get(i))) {
        wanted.get(i).copyFrom(given.get(parameter));
      }
    }
  }

  /** Lets go of the caller's memory. */
  private void release() {
    for (Rank rank : ranks) {
      for (ComputationPlan plan : plans) {
        if (rank.frames.size() > plan.index()) {
          MemorySegment[] slots = rank.frames.get(plan.index()).slots;
          for (int i = 0; i < slots.length; i++) {
            Buffer.Home home = plan.buffers().get(i).home;
            if (home == Buffer.Home.PARAMETER || home == Buffer.Home.RESULT) {
              slots[i] = MemorySegment.NULL;
            }
          }
        }
      }
    }
  }

  private String parameter(int rank, int index) {
    return "rank "
        + rank
        + ": parameter "
        + index
        + " ("
        + module.parameters().get(index)
        + ") of "
        + module.name();
  }

  private String result(int rank, int index) {
    List<String> names = module.resultNames();
    String name = index < names.size() ? " (" + names.get(index) + ")" : "";
    return "rank " + rank + ": result " + index + name + " of " + module.name();
  }

  private void check(List<List<MemorySegment>> given, List<List<MemorySegment>> wanted) {
    if (given.size() != ranks.size() || wanted.size() != ranks.size()) {
      throw new InvalidRequestException(
          module.name()
              + " runs on "
              + ranks.size()
              + " ranks, but parameters of "
              + given.size()
              + " and results of "
              + wanted.size()
              + " are given");
    }
    MemoryChecks checks = new MemoryChecks();
    for (int rank = 0; rank < given.size(); rank++) {
      checkCount(rank, "parameters", given.get(rank).size(), parameters.size());
      checkCount(rank, "results", wanted.get(rank).size(), results.size());
      for (int i = 0; i < results.size(); i++) {
        MemorySegment memory = wanted.get(rank).get(i);
        checkMemory(result(rank, i), memory, results.get(i));
        if (memory.isReadOnly()) {
          throw new InvalidRequestException(result(rank, i) + " cannot be written");
        }
        checks.add(result(rank, i), memory, MemoryChecks.Access.WRITTEN);
      }
      for (int i = 0; i < parameters.size(); i++) {
        MemorySegment memory = given.get(rank).get(i);
        checkMemory(parameter(rank, i), memory, parameters.get(i));
        int result = parameterOfResult.indexOf(i);
        if (result < 0 || !memory.equals(wanted.get(rank).get(result))) {
          checks.add(parameter(rank, i), memory, MemoryChecks.Access.READ);
        }
      }
    }
    checks.requireApart();
  }

  private void checkCount(int rank, String what, int given, int wanted) {
    if (given != wanted) {
      throw new InvalidRequestException(
          "rank "
              + rank
              + ": "
              + module.name()
              + " has "
              + wanted
              + " "
              + what
              + ", but "
              + given
              + " are given");
    }
  }

  private void checkMemory(String what, MemorySegment memory, HloShape.Array shape) {
    if (memory.byteSize() != shape.byteSize()) {
      throw new InvalidRequestException(
          what
              + " is "
              + shape
              + " of "
              + shape.byteSize()
              + " bytes, but "
              + memory.byteSize()
              + " are given");
    }
    if (!memory.scope().isAlive()
        || (ranks.size() > 1 && !memory.isAccessibleBy(RankThreads.ANOTHER))) {
      throw new InvalidRequestException(
          what
              + " is in memory that ranks cannot use; give it from an arena that is open and shared");
    }
  }
}

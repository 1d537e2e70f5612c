package org.smollm3.neuron.runner;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.neuron.evaluator.Evaluator;
import org.smollm3.neuron.evaluator.Executable;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.simulator.Io;
import org.smollm3.neuron.simulator.SimulatedProgram;
import org.smollm3.tensor.HostTensor;

/**
 * A graph in a simulated NEFF, run by the evaluator. Arrays without elements, which a real NEFF
 * cannot have, are no inputs or outputs of it.
 */
final class EvaluatedProgram implements SimulatedProgram {
  private final HloModule module;
  private final int virtualCoreSize;
  private final long neffBytes;
  private final List<Io> inputs = new ArrayList<>();
  private final List<Io> outputs = new ArrayList<>();
  private final List<HloShape.Array> results = new ArrayList<>();

  /** Ready for so many ranks; empty if it is for another number. */
  private final Map<Integer, Optional<Executable>> byRanks = new ConcurrentHashMap<>();

  EvaluatedProgram(HloModule module, int virtualCoreSize, long neffBytes) {
    this.module = module;
    this.virtualCoreSize = virtualCoreSize;
    this.neffBytes = neffBytes;
    module.parameters().forEach(p -> add(inputs, HloModule.parameterName(p), p.array()));
    List<String> names = module.resultNames();
    for (int i = 0; i < module.results().size(); i++) {
      HloShape.Array shape = module.results().get(i).array();
      results.add(shape);
      add(outputs, names.get(i), shape);
    }
  }

  private static void add(List<Io> list, String name, HloShape.Array shape) {
    if (shape.byteSize() > 0) {
      list.add(
          new Io(
              name,
              shape.byteSize(),
              LongStream.of(shape.dims().toArray()).mapToInt(Math::toIntExact).boxed().toList()));
    }
  }

  @Override
  public List<Io> inputs() {
    return List.copyOf(inputs);
  }

  @Override
  public List<Io> outputs() {
    return List.copyOf(outputs);
  }

  @Override
  public int virtualCoreSize() {
    return virtualCoreSize;
  }

  /** The file, as code; what the evaluator needs on the way is not memory of the device. */
  @Override
  public long deviceBytes() {
    return neffBytes;
  }

  @Override
  public boolean runsOn(int ranks) {
    return byRanks.computeIfAbsent(ranks, this::compile).isPresent();
  }

  private Optional<Executable> compile(int ranks) {
    try {
      return Optional.of(Evaluator.compile(module, ranks));
    } catch (SmolLm3Exception e) {
      return Optional.empty();
    }
  }

  @Override
  public Outcome run(List<List<MemorySegment>> given, List<List<MemorySegment>> wanted) {
    Executable executable =
        byRanks
            .computeIfAbsent(given.size(), this::compile)
            .orElseThrow(
                () -> new IllegalStateException("the graph is not for " + given.size() + " ranks"));
    List<List<MemorySegment>> results =
        wanted.stream().map(rank -> withEmpty(executable.results(), rank)).toList();
    executable.run(
        given.stream().map(rank -> withEmpty(executable.parameters(), rank)).toList(), results);
    return results.stream().anyMatch(this::hasNan) ? Outcome.PRODUCED_NAN : Outcome.COMPLETED;
  }

  /** What the runtime gives, with nothing in the place of what has no elements. */
  private static List<MemorySegment> withEmpty(
      List<HloShape.Array> shapes, List<MemorySegment> given) {
    List<MemorySegment> all = new ArrayList<>();
    int next = 0;
    for (HloShape.Array shape : shapes) {
      all.add(shape.byteSize() == 0 ? Arena.global().allocate(0) : given.get(next++));
    }
    return all;
  }

  /**
   * Whether a result that is no state has a NaN; states are too large to look through each time.
   */
  private boolean hasNan(List<MemorySegment> memory) {
    for (int i = 0; i < results.size(); i++) {
      HloShape.Array shape = results.get(i);
      int result = i;
      boolean state = module.aliases().stream().anyMatch(alias -> alias.result() == result);
      if (!state && shape.type().dtype().isFloating()) {
        HostTensor tensor = HostTensor.wrap(shape.type().dtype(), shape.dims(), memory.get(i));
        for (long at = 0; at < tensor.size(); at++) {
          if (Float.isNaN(tensor.getFloat(at))) {
            return true;
          }
        }
      }
    }
    return false;
  }
}

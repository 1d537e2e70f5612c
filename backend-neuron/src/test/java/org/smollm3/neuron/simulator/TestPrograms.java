package org.smollm3.neuron.simulator;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.smollm3.error.InvalidModelException;

/** Small programs written by hand, in place of compiled ones. Their NEFF is their name. */
public final class TestPrograms implements ProgramLoader {
  /** Elements of every tensor. */
  public static final int COUNT = 4;

  /** Bytes of every tensor. */
  public static final long BYTES = COUNT * JAVA_FLOAT.byteSize();

  /** output0 = input0 + input1, each rank by itself. */
  public static final String ADD = "add";

  /** output0 = input0 summed over the ranks. */
  public static final String SUM_OF_RANKS = "sum of ranks";

  /**
   * output0 = input0 summed over the ranks and added to input1, and output1 the same: bound to the
   * tensor of input1, it is a state.
   */
  public static final String ACCUMULATE = "accumulate";

  /** output0 = 0/0. */
  public static final String NAN = "nan";

  /** Throws. */
  public static final String DEFECT = "defect";

  /** Runs on two ranks only. */
  public static final String TWO_RANKS = "two ranks";

  /** Compiled for pairs of physical cores. */
  public static final String PAIR_OF_CORES = "pair of cores";

  /** The bytes to load. */
  public static MemorySegment neff(String name) {
    return Arena.ofAuto().allocateFrom(name, StandardCharsets.UTF_8);
  }

  @Override
  public SimulatedProgram load(MemorySegment neff) {
    String name = neff.getString(0);
    return switch (name) {
      case ADD -> program(2, 1, ranks -> true, TestPrograms::add);
      case SUM_OF_RANKS -> program(1, 1, ranks -> true, TestPrograms::sumOfRanks);
      case ACCUMULATE -> program(2, 2, ranks -> true, TestPrograms::accumulate);
      case NAN -> program(0, 1, ranks -> true, TestPrograms::nan);
      case TWO_RANKS -> program(1, 1, ranks -> ranks == 2, TestPrograms::sumOfRanks);
      case DEFECT ->
          program(
              0,
              1,
              ranks -> true,
              (in, out) -> {
                throw new IllegalStateException("a defect");
              });
      case PAIR_OF_CORES -> pairOfCores(program(2, 1, ranks -> true, TestPrograms::add));
      default -> throw new InvalidModelException("'" + name + "' is not a NEFF");
    };
  }

  /** What a program does. */
  public interface Body {
    void run(List<List<MemorySegment>> inputs, List<List<MemorySegment>> outputs);
  }

  /** A program of float tensors. */
  public static SimulatedProgram program(int inputs, int outputs, IntPredicate runsOn, Body body) {
    return new SimulatedProgram() {
      @Override
      public List<Io> inputs() {
        return ios("input", inputs);
      }

      @Override
      public List<Io> outputs() {
        return ios("output", outputs);
      }

      @Override
      public long deviceBytes() {
        return 1000;
      }

      @Override
      public boolean runsOn(int ranks) {
        return runsOn.test(ranks);
      }

      @Override
      public Outcome run(List<List<MemorySegment>> in, List<List<MemorySegment>> out) {
        body.run(in, out);
        boolean nan =
            out.stream()
                .flatMap(List::stream)
                .anyMatch(tensor -> Float.isNaN(tensor.get(JAVA_FLOAT, 0)));
        return nan ? Outcome.PRODUCED_NAN : Outcome.COMPLETED;
      }
    };
  }

  private static List<Io> ios(String name, int count) {
    List<Io> ios = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ios.add(new Io(name + i, BYTES, List.of(2, 2)));
    }
    return ios;
  }

  private static SimulatedProgram pairOfCores(SimulatedProgram program) {
    return new SimulatedProgram() {
      @Override
      public List<Io> inputs() {
        return program.inputs();
      }

      @Override
      public List<Io> outputs() {
        return program.outputs();
      }

      @Override
      public int virtualCoreSize() {
        return 2;
      }

      @Override
      public Outcome run(List<List<MemorySegment>> in, List<List<MemorySegment>> out) {
        return program.run(in, out);
      }
    };
  }

  private static void add(List<List<MemorySegment>> in, List<List<MemorySegment>> out) {
    for (int rank = 0; rank < in.size(); rank++) {
      for (int i = 0; i < COUNT; i++) {
        float sum =
            in.get(rank).get(0).getAtIndex(JAVA_FLOAT, i)
                + in.get(rank).get(1).getAtIndex(JAVA_FLOAT, i);
        out.get(rank).get(0).setAtIndex(JAVA_FLOAT, i, sum);
      }
    }
  }

  private static void sumOfRanks(List<List<MemorySegment>> in, List<List<MemorySegment>> out) {
    for (int i = 0; i < COUNT; i++) {
      float sum = sum(in, i);
      for (List<MemorySegment> outputs : out) {
        outputs.get(0).setAtIndex(JAVA_FLOAT, i, sum);
      }
    }
  }

  private static void accumulate(List<List<MemorySegment>> in, List<List<MemorySegment>> out) {
    for (int i = 0; i < COUNT; i++) {
      float sum = sum(in, i);
      for (int rank = 0; rank < in.size(); rank++) {
        float total = sum + in.get(rank).get(1).getAtIndex(JAVA_FLOAT, i);
        out.get(rank).get(0).setAtIndex(JAVA_FLOAT, i, total);
        out.get(rank).get(1).setAtIndex(JAVA_FLOAT, i, total);
      }
    }
  }

  private static float sum(List<List<MemorySegment>> in, int i) {
    float sum = 0;
    for (List<MemorySegment> inputs : in) {
      sum += inputs.get(0).getAtIndex(JAVA_FLOAT, i);
    }
    return sum;
  }

  private static void nan(List<List<MemorySegment>> in, List<List<MemorySegment>> out) {
    out.forEach(outputs -> outputs.get(0).set(JAVA_FLOAT, 0, Float.NaN));
  }
}

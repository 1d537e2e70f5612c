package org.smollm3.neuron.hlo;

import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.smollm3.spi.DotDims;

/**
 * What a module does and needs, on one rank.
 *
 * @param instructions of the entry
 * @param counts how often each operation occurs in the entry
 * @param dotFlops floating operations of dots: two for each product that is summed
 * @param elementwiseFlops one for each element that another arithmetic operation makes or combines
 * @param inputBytes of the parameters before the states; of all parameters if there are no states
 * @param stateBytes of the parameters that results take the memory of
 * @param weightBytes of the parameters after the states
 * @param outputBytes of the results that are no states
 * @param collectiveBytes what this rank puts into or gets out of collectives, whichever is more, by
 *     operation
 * @param largestBuffer the largest value that is neither a parameter nor a state
 */
public record HloStatistics(
    int instructions,
    Map<String, Integer> counts,
    long dotFlops,
    long elementwiseFlops,
    long inputBytes,
    long stateBytes,
    long weightBytes,
    long outputBytes,
    Map<String, Long> collectiveBytes,
    Optional<HloInstruction> largestBuffer) {

  /** Counts a module. */
  public static HloStatistics of(HloModule module) {
    return new Counter(module).count();
  }

  /** Bytes that this rank exchanges in one run. */
  public long totalCollectiveBytes() {
    return collectiveBytes.values().stream().mapToLong(Long::longValue).sum();
  }

  private static final class Counter {
    private final HloModule module;
    private final Map<String, Integer> counts = new TreeMap<>();
    private final Map<String, Long> collectives = new TreeMap<>();
    private final Set<HloInstruction> states = new HashSet<>();
    private long dotFlops;
    private long elementwiseFlops;
    private Optional<HloInstruction> largest = Optional.empty();

    Counter(HloModule module) {
      this.module = module;
    }

    HloStatistics count() {
      markStates();
      for (HloInstruction instruction : module.entry().instructions()) {
        count(instruction);
      }
      int firstState =
          module.aliases().stream()
              .mapToInt(HloModule.Alias::parameter)
              .min()
              .orElse(module.parameters().size());
      int lastState =
          module.aliases().stream()
              .mapToInt(HloModule.Alias::parameter)
              .max()
              .orElse(module.parameters().size());
      long inputs = 0;
      long stateBytes = 0;
      long weights = 0;
      for (int i = 0; i < module.parameters().size(); i++) {
        long bytes = module.parameters().get(i).shape().byteSize();
        if (i < firstState) {
          inputs += bytes;
        } else if (i > lastState) {
          weights += bytes;
        } else {
          stateBytes += bytes;
        }
      }
      return new HloStatistics(
          module.entry().instructions().size(),
          counts,
          dotFlops,
          elementwiseFlops,
          inputs,
          stateBytes,
          weights,
          outputBytes(),
          collectives,
          largest);
    }

    private long outputBytes() {
      long bytes = 0;
      for (int i = 0; i < module.results().size(); i++) {
        int result = i;
        if (module.aliases().stream().noneMatch(alias -> alias.result() == result)) {
          bytes += module.results().get(i).shape().byteSize();
        }
      }
      return bytes;
    }

    /** A state's values from the parameter to the result: each update is in its place. */
    private void markStates() {
      for (HloModule.Alias alias : module.aliases()) {
        HloInstruction value = module.results().get(alias.result());
        while (states.add(value) && isUpdate(value)) {
          value = value.operand(0);
        }
      }
    }

    private static boolean isUpdate(HloInstruction value) {
      return value.opcode() == Opcode.SCATTER || value.opcode() == Opcode.DYNAMIC_UPDATE_SLICE;
    }

    private void count(HloInstruction instruction) {
      Opcode opcode = instruction.opcode();
      counts.merge(opcode.toString(), 1, Integer::sum);
      if (opcode.isCollective()) {
        long bytes =
            Math.max(instruction.shape().byteSize(), instruction.operand(0).shape().byteSize());
        collectives.merge(opcode.toString(), bytes, Long::sum);
      }
      switch (opcode) {
        case DOT -> dotFlops += dotFlops(instruction);
        case ADD,
            SUBTRACT,
            MULTIPLY,
            DIVIDE,
            MAXIMUM,
            MINIMUM,
            NEGATE,
            EXPONENTIAL,
            LOG,
            RSQRT,
            SQRT,
            TANH,
            LOGISTIC,
            COSINE,
            SINE,
            POWER,
            REMAINDER ->
            elementwiseFlops += instruction.array().dims().elementCount();
        case REDUCE -> elementwiseFlops += instruction.operand(0).array().dims().elementCount();
        default -> {}
      }
      boolean isBuffer =
          opcode != Opcode.PARAMETER && opcode != Opcode.TUPLE && !states.contains(instruction);
      if (isBuffer
          && largest
              .map(other -> other.shape().byteSize() < instruction.shape().byteSize())
              .orElse(true)) {
        largest = Optional.of(instruction);
      }
    }

    private static long dotFlops(HloInstruction dot) {
      DotDims dims = ShapeInference.attributesOf(dot.attributes(), HloAttributes.Dot.class).dims();
      long depth = 1;
      for (int axis : dims.leftContracting()) {
        depth = Math.multiplyExact(depth, dot.operand(0).array().dims().dim(axis));
      }
      return Math.multiplyExact(Math.multiplyExact(2L, depth), dot.array().dims().elementCount());
    }
  }
}

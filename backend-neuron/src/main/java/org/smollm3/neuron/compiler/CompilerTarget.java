package org.smollm3.neuron.compiler;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.smollm3.error.InvalidRequestException;

/**
 * What {@code neuronx-cc --target} names.
 *
 * <p>From the second generation of Trainium on, two physical NeuronCores can form a logical one
 * (LNC 2), and do so unless told otherwise; on the older chips a logical core is a physical one.
 */
public enum CompilerTarget {
  INF2(1),
  TRN1(1),
  TRN1N(1),
  TRN2(2),
  TRN3(2);

  private final int maxLogicalCores;

  CompilerTarget(int maxLogicalCores) {
    this.maxLogicalCores = maxLogicalCores;
  }

  /** The value of the flag, such as {@code trn1}. */
  public String flag() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Physical cores per logical core where nothing else is asked for: the most there can be. */
  public int defaultLogicalCores() {
    return maxLogicalCores;
  }

  /** The largest LNC of the chip. */
  int maxLogicalCores() {
    return maxLogicalCores;
  }

  /**
   * @throws InvalidRequestException if there is no such target
   */
  public static CompilerTarget of(String flag) {
    for (CompilerTarget target : values()) {
      if (target.flag().equals(flag)) {
        return target;
      }
    }
    throw new InvalidRequestException(
        "unknown compiler target '%s'; there are: %s"
            .formatted(
                flag,
                Arrays.stream(values())
                    .map(CompilerTarget::flag)
                    .collect(Collectors.joining(", "))));
  }
}

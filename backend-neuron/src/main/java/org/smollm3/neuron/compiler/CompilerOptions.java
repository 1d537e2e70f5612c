package org.smollm3.neuron.compiler;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/**
 * What is asked of the compiler. The flags are those that Optimum Neuron compiles SmolLM3 with
 * ({@code get_compiler_args} of its decoder models), so that a graph is treated alike.
 *
 * @param logicalCores LNC, physical NeuronCores per logical one; the runtime must use the same
 * @param optimizationLevel 1 to 3
 * @param extraFlags go behind all others, so that they win where a flag is there twice; a {@code
 *     --target} or {@code --lnc} among them must agree with this record and is dropped
 * @param timeout how long one run may take, and how long to wait for another's run on the same
 *     module
 */
public record CompilerOptions(
    CompilerTarget target,
    int logicalCores,
    int optimizationLevel,
    List<String> extraFlags,
    Duration timeout) {
  /** A decoder of 3B parameters takes minutes per graph, on a small machine tens of them. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofHours(2);

  /** Longer than any compilation; keeps sums of nanoseconds within a long. */
  private static final Duration MAX_TIMEOUT = Duration.ofDays(365);

  private static final String TENSORIZER_OPTIONS =
      "--enable-ccop-compute-overlap --cc-pipeline-tiling-factor=2 --vectorize-strided-dma";

  /**
   * @throws InvalidRequestException if the target has no such LNC, a value is out of range, or an
   *     extra flag is one that the driver sets itself
   */
  public CompilerOptions {
    if (logicalCores < 1 || logicalCores > target.maxLogicalCores()) {
      throw new InvalidRequestException(
          "LNC %d is not possible on %s; it has %s (neuronx-cc calls that EARG001)"
              .formatted(
                  logicalCores,
                  target.flag(),
                  target.maxLogicalCores() == 1 ? "1 only" : "1 or 2"));
    }
    if (optimizationLevel < 1 || optimizationLevel > 3) {
      throw new InvalidRequestException(
          "optimization level " + optimizationLevel + " is none of neuronx-cc: give 1, 2 or 3");
    }
    if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new InvalidRequestException(
          "time limit " + timeout + " for the compiler: give more than nothing and at most a year");
    }
    extraFlags = checked(extraFlags, target, logicalCores);
  }

  /** Optimum's choice for a target. */
  public static CompilerOptions of(CompilerTarget target) {
    return new CompilerOptions(target, target.defaultLogicalCores(), 2, List.of(), DEFAULT_TIMEOUT);
  }

  /** The same for another LNC. */
  public CompilerOptions withLogicalCores(int newLogicalCores) {
    return new CompilerOptions(target, newLogicalCores, optimizationLevel, extraFlags, timeout);
  }

  /** The same with another time limit. */
  public CompilerOptions withTimeout(Duration newTimeout) {
    return new CompilerOptions(target, logicalCores, optimizationLevel, extraFlags, newTimeout);
  }

  /** The same with the compiler's flags out of {@code NEURON_CC_FLAGS} added behind the others. */
  public CompilerOptions with(NeuronCcFlags flags) {
    List<String> all = new ArrayList<>(extraFlags);
    all.addAll(flags.compilerFlags());
    return new CompilerOptions(target, logicalCores, optimizationLevel, all, timeout);
  }

  /** The flags that decide what comes out, in the order of the command line. */
  public List<String> flags() {
    List<String> flags =
        new ArrayList<>(
            List.of(
                "--target=" + target.flag(),
                "--auto-cast=none",
                "--model-type=transformer",
                "--tensorizer-options=" + TENSORIZER_OPTIONS,
                "-O" + optimizationLevel,
                "--lnc=" + logicalCores));
    flags.addAll(extraFlags);
    return List.copyOf(flags);
  }

  private static List<String> checked(
      List<String> extraFlags, CompilerTarget target, int logicalCores) {
    List<String> kept = new ArrayList<>();
    FlagWords words = new FlagWords("the extra compiler flags", extraFlags);
    while (words.hasNext()) {
      words.next();
      switch (words.name()) {
        case "--target" -> agree("--target", words.value(), target.flag());
        case "--lnc", "-lnc", "--logical-nc-config" ->
            agree("--lnc", words.value(), String.valueOf(logicalCores));
        case "--output", "-o", "--framework", "--logfile" ->
            throw new InvalidRequestException(
                words.name() + " is set by the driver: take it out of the extra compiler flags");
        case "--enable-internal-neff-wrapper" ->
            throw new InvalidRequestException(
                words.name()
                    + " lets the compiler choose another layout for the weights, which nothing"
                    + " here brings them into: take it out of the extra compiler flags");
        default -> {
          Optional<String> wrapperOnly = NeuronCcFlags.wrapperOnly(words.name());
          if (wrapperOnly.isPresent()) {
            throw new InvalidRequestException(wrapperOnly.get());
          }
          kept.add(words.word());
        }
      }
    }
    return List.copyOf(kept);
  }

  private static void agree(String flag, String given, String ours) {
    if (!given.equals(ours)) {
      throw new InvalidRequestException(
          "the extra compiler flags (of NEURON_CC_FLAGS, if it is set) say %s=%s, but %s is asked"
                  .formatted(flag, given, ours)
              + " for: make them agree");
    }
  }
}

package org.smollm3.neuron.bundle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.compiler.CompilerOptions;
import org.smollm3.neuron.compiler.CompilerTarget;
import org.smollm3.spi.Tool.Invocation;
import org.smollm3.spi.Tool.Option;

/** Whether, and how, the graphs of a bundle become NEFFs. */
sealed interface NeffOptions {
  /**
   * By neuronx-cc, with the flags and the cache that the environment asks for.
   *
   * @param executable where it is; empty to look for it
   */
  record Compiled(CompilerOptions options, Optional<String> executable, Missing missing)
      implements NeffOptions {}

  /** Where there is no compiler. */
  enum Missing {
    /** The bundle has no NEFFs, and says so. */
    LEAVES_NEFFS_OUT,
    /** The command fails. */
    FAILS
  }

  /**
   * For the simulated device, which is as the target.
   *
   * @param logicalCores physical cores in a logical one
   */
  record Simulated(CompilerTarget target, int logicalCores) implements NeffOptions {}

  /** Not at all. */
  record None() implements NeffOptions {}

  String REQUIRE = "--require-neff";
  String SIMULATED = "--simulated-neffs";
  String NONE = "--no-neff";
  String COMPILER = "--neuronx-cc";
  String TIMEOUT = "--compile-timeout";
  String LNC = "--lnc";

  List<Option> ALL =
      List.of(
          new Option("--target", "NAME", "device: trn1, trn1n, inf2, trn2 or trn3", "trn1"),
          new Option(
              LNC,
              "N",
              "physical cores in a logical one (default: 2 from trn2 on, before that 1)",
              ""),
          new Option(
              COMPILER,
              "PATH",
              "the compiler, which then must be there (default: the property smollm3.neuronxcc,"
                  + " else PATH is searched)",
              ""),
          new Option(TIMEOUT, "SECONDS", "for the compiler, per graph (default: 7200)", ""),
          Option.flag(REQUIRE, "fail where there is no compiler, instead of leaving NEFFs out"),
          Option.flag(SIMULATED, "NEFFs that carry the HLO: only the backend neuron-sim runs them"),
          Option.flag(NONE, "HLO only, even where there is a compiler"));

  /**
   * @throws InvalidRequestException if options do not go together, or the target has no such LNC
   */
  static NeffOptions of(Invocation invocation) {
    requireOneWay(invocation);
    CompilerTarget target = CompilerTarget.of(invocation.value("--target").orElse("trn1"));
    CompilerOptions compiler =
        CompilerOptions.of(target)
            .withLogicalCores(invocation.integer(LNC).orElse(target.defaultLogicalCores()));
    if (invocation.flag(SIMULATED)) {
      return new Simulated(target, compiler.logicalCores());
    }
    if (invocation.flag(NONE)) {
      return new None();
    }
    Optional<String> executable = invocation.value(COMPILER);
    return new Compiled(
        invocation.value(TIMEOUT).map(text -> compiler.withTimeout(limit(text))).orElse(compiler),
        executable,
        invocation.flag(REQUIRE) || executable.isPresent()
            ? Missing.FAILS
            : Missing.LEAVES_NEFFS_OUT);
  }

  private static void requireOneWay(Invocation invocation) {
    List<String> given = new ArrayList<>();
    for (String way : List.of(NONE, SIMULATED)) {
      if (invocation.flag(way)) {
        given.add(way);
      }
    }
    if (given.isEmpty()) {
      return;
    }
    if (invocation.flag(REQUIRE)) {
      given.add(REQUIRE);
    }
    for (String way : List.of(COMPILER, TIMEOUT)) {
      if (invocation.value(way).isPresent()) {
        given.add(way);
      }
    }
    if (given.size() > 1) {
      throw new InvalidRequestException(
          String.join(" and ", given) + " do not go together; give one of them");
    }
  }

  private static Duration limit(String text) {
    try {
      double seconds = Double.parseDouble(text);
      if (seconds > 0 && seconds <= 365 * 86_400.0) {
        return Duration.ofMillis(Math.max(1, Math.round(seconds * 1000)));
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new InvalidRequestException(
        TIMEOUT + " is '" + text + "'; give seconds, more than 0 and at most a year");
  }
}

package org.smollm3.conformance.check;

import java.util.EnumSet;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.conformance.bounds.BoundedProgram;
import org.smollm3.error.BackendException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.Oracle;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.TensorSpec;

/**
 * The backend that is judged, and the judge. One backend is open for all checks; those that look at
 * opening and closing take another. Closing closes the one.
 */
public final class BackendUnderTest implements AutoCloseable {
  private final Supplier<Backend> factory;
  private final Backend backend;
  private final Oracle oracle;
  private volatile boolean givenUp;

  private BackendUnderTest(Supplier<Backend> factory, Oracle oracle) {
    this.factory = factory;
    this.backend = factory.get();
    this.oracle = oracle;
  }

  /**
   * Opens a backend.
   *
   * @param factory opens a new one on each call
   * @throws BackendException if there is no oracle to judge by
   */
  public static BackendUnderTest open(Supplier<Backend> factory) {
    Oracle oracle =
        ServiceLoader.load(Oracle.class)
            .findFirst()
            .orElseThrow(
                () ->
                    new BackendException(
                        "there is no oracle to judge by; put smollm3-reference-cpu on the path"));
    return new BackendUnderTest(factory, oracle);
  }

  /** The one that is open for all checks: not to be closed. */
  public Backend backend() {
    return backend;
  }

  /** Another, to be closed by the caller. */
  public Backend openAnother() {
    return factory.get();
  }

  public Oracle oracle() {
    return oracle;
  }

  /** How it says that it computes; empty if it does not say. */
  public Optional<NumericsProfile> profile() {
    try {
      return Optional.ofNullable(backend.numerics());
    } catch (UnsupportedOperationException | UnsupportedCapabilityException e) {
      return Optional.empty();
    }
  }

  /** As {@link #profile}, or else ends the case without a verdict. */
  public NumericsProfile numerics() {
    return profile()
        .orElseThrow(
            () ->
                new NotJudgedException(
                    new Outcome.NoVerdict("the backend declares no NumericsProfile")));
  }

  /**
   * Ends a case on exact bits as unsupported where the backend declares another rounding than to
   * nearest: of that only bounds are known, which other rules judge.
   */
  public void requireNearest() {
    NumericsProfile.Rounding rounding = numerics().rounding();
    if (rounding != NumericsProfile.Rounding.NEAREST_EVEN) {
      throw new NotJudgedException(
          new Outcome.Unsupported("the backend declares the rounding " + rounding));
    }
  }

  /** Whether the backend declares that it keeps subnormal numbers. */
  public boolean keepsSubnormals() {
    return numerics().subnormals() == NumericsProfile.Subnormals.KEPT;
  }

  /**
   * The type in which outputs come, whatever type the program gives them: of a backend that rounds
   * nothing, such as {@code exact}. Empty for all others.
   */
  Optional<DType> carriedType() {
    return profile()
        .filter(profile -> profile.rounding() == NumericsProfile.Rounding.NONE)
        .map(NumericsProfile::accumulation);
  }

  /**
   * The program that computes bounds for this backend, to be run by the oracle; ends the case
   * without a verdict if the backend does not say how it computes.
   */
  public ProgramSpec bounded(ProgramSpec program) {
    return BoundedProgram.of(program, numerics());
  }

  /**
   * Loads a program into the backend. If the backend does not declare all that it needs, it must
   * refuse: then the case ends as unsupported, else it fails. Of a backend that rounds weights when
   * it loads them a program with weights ends without a verdict.
   */
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    requireWeightsAsGiven(program);
    Set<Capability> missing = needed(program, options);
    missing.removeAll(backend.capabilities());
    if (missing.isEmpty()) {
      return backend.load(program, weights, options);
    }
    try {
      backend.load(program, weights, options).close();
    } catch (UnsupportedCapabilityException e) {
      throw new NotJudgedException(new Outcome.Unsupported(e.getMessage()));
    }
    throw new BackendException(
        "the backend does not declare " + missing + " and yet loads a program that needs it");
  }

  private void requireWeightsAsGiven(ProgramSpec program) {
    boolean rounds =
        profile().filter(p -> p.deviations().contains(Deviation.INT8_WEIGHTS)).isPresent();
    if (rounds && program.weights().stream().anyMatch(spec -> spec.shape().rank() == 2)) {
      throw new NotJudgedException(
          new Outcome.NoVerdict(
              "the backend is open with weights rounded to int8, and bounds are of the weights"
                  + " given; open it with weights as stored"));
    }
  }

  /** What a program says it needs, and what its shapes and options need. */
  private static Set<Capability> needed(ProgramSpec program, LoadOptions options) {
    Set<Capability> needed = EnumSet.noneOf(Capability.class);
    needed.addAll(program.requires());
    if (program.tensorParallelDegree() > 1) {
      needed.add(Capability.TENSOR_PARALLEL);
    }
    if (options.taps() != TapPattern.NONE) {
      needed.add(Capability.TAPS);
    }
    for (GraphSpec graph : program.graphs()) {
      for (TensorSpec input : graph.inputs()) {
        if (!input.shape().isStatic()) {
          needed.add(Capability.DYNAMIC_SHAPES);
        }
      }
    }
    return needed;
  }

  /** After a call that does not come back: closing would not come back either. */
  public void giveUp() {
    givenUp = true;
  }

  @Override
  public void close() {
    if (!givenUp) {
      backend.close();
    }
  }
}

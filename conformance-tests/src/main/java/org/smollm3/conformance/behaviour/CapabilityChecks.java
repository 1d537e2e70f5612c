package org.smollm3.conformance.behaviour;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.TapPattern;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What is declared is taken, what is not is refused. */
final class CapabilityChecks {
  private CapabilityChecks() {}

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck("CAP-01", CaseSpace.fixed(), Tries.ONCE, CapabilityChecks::undeclared),
        new RuleCheck("CAP-02", CaseSpace.fixed(), Tries.ONCE, CapabilityChecks::implied),
        new RuleCheck("CAP-03", CaseSpace.fixed(), Tries.ONCE, CapabilityChecks::declared),
        new RuleCheck("CAP-04", CaseSpace.fixed(), Tries.ONCE, CapabilityChecks::openShapes),
        new RuleCheck("CAP-05", CaseSpace.fixed(), Tries.ONCE, CapabilityChecks::someRanks));
  }

  /**
   * By the name of the capability, or of another that the program needs and that is not declared.
   */
  private static void requireRefused(
      BackendUnderTest backend,
      Findings findings,
      Capability capability,
      ProgramSpec program,
      LoadOptions options) {
    Set<Capability> undeclared = EnumSet.of(capability);
    undeclared.addAll(program.requires());
    undeclared.removeAll(backend.backend().capabilities());
    Refusals.expect(
            findings,
            UnsupportedCapabilityException.class,
            "a program that needs " + capability + ", which is not declared,",
            () -> backend.backend().load(program, Probe.weights(), options).close())
        .ifPresent(
            message ->
                findings.require(
                    undeclared.stream().anyMatch(one -> message.contains(one.name())),
                    () -> "the refusal does not name " + undeclared + ": " + message));
  }

  private static void undeclared(BackendUnderTest backend, Case c, Findings findings) {
    Set<Capability> undeclared = EnumSet.allOf(Capability.class);
    undeclared.removeAll(backend.backend().capabilities());
    for (Capability capability : undeclared) {
      requireRefused(
          backend, findings, capability, Probe.program(1, capability), LoadOptions.defaults());
    }
  }

  /** The program does not say that it needs them, but its shapes, ranks or options do. */
  private static void implied(BackendUnderTest backend, Case c, Findings findings) {
    Set<Capability> declared = backend.backend().capabilities();
    if (!declared.contains(Capability.TENSOR_PARALLEL)) {
      requireRefused(
          backend, findings, Capability.TENSOR_PARALLEL, Probe.program(2), LoadOptions.defaults());
    }
    if (!declared.contains(Capability.TAPS)) {
      requireRefused(
          backend,
          findings,
          Capability.TAPS,
          Probe.program(1),
          LoadOptions.defaults().withTaps("*"));
    }
    if (!declared.contains(Capability.DYNAMIC_SHAPES)) {
      requireRefused(
          backend,
          findings,
          Capability.DYNAMIC_SHAPES,
          Probe.program(1, List.of(open())),
          LoadOptions.defaults());
    }
  }

  private static void declared(BackendUnderTest backend, Case c, Findings findings) {
    // Ends the case here if the backend cannot run the program.
    ProbeSession.open(backend, findings, 1).close();
    for (Capability capability : backend.backend().capabilities()) {
      try (ProbeSession session =
          new ProbeSession(
              backend
                  .backend()
                  .load(Probe.program(1, capability), Probe.weights(), LoadOptions.defaults()),
              findings,
              "a session that needs " + capability)) {
        session.add(1, 2, 3);
      } catch (UnsupportedCapabilityException e) {
        findings.fail("the backend declares " + capability + " and refuses it: " + e.getMessage());
      }
    }
  }

  private static void someRanks(BackendUnderTest backend, Case c, Findings findings) {
    // Ends the case here if the backend cannot run more than one rank.
    ProbeSession.open(backend, findings, 2).close();
    LoadOptions last = new LoadOptions(TapPattern.NONE, Optional.empty(), List.of(1));
    try (Session session = backend.backend().load(Probe.program(2), Probe.weights(), last)) {
      Outputs outputs = session.run(Probe.ADD, Probe.x(1, 2, 3));
      int ranks = outputs.outputsByRank().size();
      findings.require(ranks == 1, () -> "a session of rank 1 alone gives outputs of " + ranks);
      double[] y = new double[3];
      for (int i = 0; i < y.length; i++) {
        y[i] = (i + 1) * Probe.scale(1, i);
      }
      Probe.difference("y of rank 1 alone", outputs.get(Probe.Y), y).ifPresent(findings::fail);
    } catch (SmolLm3Exception e) {
      // As it may: it runs all ranks in one process, or lacks what ranks in several need.
      findings.require(!String.valueOf(e.getMessage()).isBlank(), () -> "refused without a reason");
    }
  }

  private static GraphSpec open() {
    return new GraphSpec(
        "double",
        List.of(new TensorSpec(Probe.X, DType.F32, Shape.of(Shape.OPEN, 2))),
        context ->
            new GraphResult(
                Map.of(Probe.Y, context.ops().add(context.input(Probe.X), context.input(Probe.X))),
                Map.of(Probe.TOTAL, context.state(Probe.TOTAL))));
  }

  private static void openShapes(BackendUnderTest backend, Case c, Findings findings) {
    try (Session session =
        backend.load(Probe.program(1, List.of(open())), Probe.weights(), LoadOptions.defaults())) {
      for (int rows : List.of(3, 1, 40, 2)) {
        HostTensor x = HostTensor.zeros(DType.F32, Shape.of(rows, 2));
        double[] twice = new double[2 * rows];
        for (int i = 0; i < twice.length; i++) {
          x.setDouble(i, i + 1);
          twice[i] = 2 * (i + 1);
        }
        HostTensor y = session.run("double", Map.of(Probe.X, x)).get(Probe.Y);
        findings.require(y.shape().equals(x.shape()), () -> "y of " + x + " is " + y);
        Probe.difference("y of " + rows + " rows", y, twice).ifPresent(findings::fail);
      }
    }
  }
}

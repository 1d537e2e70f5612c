package org.smollm3.conformance.behaviour;

import java.util.List;
import java.util.Map;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/** Opening, closing, and what a backend says of itself. */
final class LifecycleChecks {
  private LifecycleChecks() {}

  static final Param<Integer> TP = Param.oneOf("tp", 1, 2);
  private static final int ASKED = 3;

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck("LIFE-01", CaseSpace.fixed(), Tries.ONCE, LifecycleChecks::name),
        new RuleCheck("LIFE-02", CaseSpace.fixed(), Tries.ONCE, LifecycleChecks::stable),
        new RuleCheck("LIFE-03", CaseSpace.fixed(TP), Tries.of(2, 4), LifecycleChecks::closeTwice),
        new RuleCheck("LIFE-04", CaseSpace.fixed(TP), Tries.of(2, 4), LifecycleChecks::afterClose),
        new RuleCheck("LIFE-05", CaseSpace.fixed(), Tries.ONCE, LifecycleChecks::closeBackend),
        new RuleCheck("LIFE-06", CaseSpace.fixed(TP), Tries.of(2, 6), LifecycleChecks::fromZero),
        new RuleCheck("LIFE-07", CaseSpace.fixed(TP), Tries.of(2, 6), LifecycleChecks::persist),
        new RuleCheck("LIFE-08", CaseSpace.fixed(TP), Tries.of(2, 6), LifecycleChecks::reset),
        new RuleCheck("LIFE-09", CaseSpace.fixed(), Tries.ONCE, LifecycleChecks::twoBackends),
        new RuleCheck("LIFE-10", CaseSpace.fixed(TP), Tries.of(2, 6), LifecycleChecks::readState));
  }

  private static void name(BackendUnderTest backend, Case c, Findings findings) {
    String name = backend.backend().name();
    findings.require(!name.isBlank(), () -> "the backend has no name");
    String description = backend.backend().description();
    findings.require(
        !description.isBlank() && description.lines().count() == 1,
        () -> "the backend's description is not one line: '" + description + "'");
    for (int i = 0; i < ASKED; i++) {
      String again = backend.backend().name();
      findings.require(
          again.equals(name), () -> "the backend's name was '" + name + "' and is '" + again + "'");
    }
  }

  private static void stable(BackendUnderTest backend, Case c, Findings findings) {
    NumericsProfile numerics = backend.numerics();
    try (Backend another = backend.openAnother()) {
      for (Backend asked : List.of(backend.backend(), backend.backend(), another)) {
        findings.require(
            asked.capabilities().equals(backend.backend().capabilities()),
            () -> "the backend declares now these capabilities, now others");
        findings.require(
            asked.numerics().equals(numerics),
            () -> "the backend declares now this NumericsProfile, now another");
      }
    }
  }

  private static void closeTwice(BackendUnderTest backend, Case c, Findings findings) {
    ProbeSession session = ProbeSession.open(backend, findings, c.get(TP));
    session.add(1, 2, 3);
    session.close();
    session.close();
    try (ProbeSession next = ProbeSession.open(backend, findings, c.get(TP))) {
      next.add(4, 5, 6);
      session.close();
      next.add(1, 1, 1);
    }
  }

  private static void afterClose(BackendUnderTest backend, Case c, Findings findings) {
    Session session = ProbeSession.open(backend, findings, c.get(TP)).session();
    session.close();
    Refusals.expect(
        findings,
        IllegalStateException.class,
        "a run after close",
        () -> session.run(Probe.ADD, Probe.x(1, 2, 3)));
    Refusals.expect(
        findings, IllegalStateException.class, "a reset after close", session::resetStates);
    if (backend.backend().capabilities().contains(Capability.STATE_READ)) {
      Refusals.expect(
          findings,
          IllegalStateException.class,
          "reading a state after close",
          () -> session.readState(Probe.TOTAL, 0));
    }
  }

  private static void closeBackend(BackendUnderTest backend, Case c, Findings findings) {
    // Ends the case here if the backend cannot run the program.
    ProbeSession.open(backend, findings, 1).close();
    Backend another = backend.openAnother();
    Session session = another.load(Probe.program(1), Probe.weights(), LoadOptions.defaults());
    session.close();
    another.close();
    another.close();
  }

  /** In a session after another one too, whose memory it may have been given. */
  private static void fromZero(BackendUnderTest backend, Case c, Findings findings) {
    for (int i = 0; i < ASKED; i++) {
      try (ProbeSession session = ProbeSession.open(backend, findings, c.get(TP))) {
        session.peek("before any run");
        session.add(7, 8, 9);
      }
    }
  }

  private static void persist(BackendUnderTest backend, Case c, Findings findings) {
    try (ProbeSession session = ProbeSession.open(backend, findings, c.get(TP))) {
      for (int i = 1; i <= ASKED; i++) {
        session.add(i, 10 * i, -i);
        session.peek("in another graph");
      }
    }
  }

  private static void reset(BackendUnderTest backend, Case c, Findings findings) {
    try (ProbeSession session = ProbeSession.open(backend, findings, c.get(TP))) {
      session.add(1, 2, 3);
      session.session().resetStates();
      session.forget();
      session.peek("after a reset");
      session.add(4, 5, 6);
    }
  }

  private static void twoBackends(BackendUnderTest backend, Case c, Findings findings) {
    try (ProbeSession ours = ProbeSession.open(backend, findings, 1, "the first backend")) {
      ours.add(1, 2, 3);
      try (Backend another = backend.openAnother();
          ProbeSession theirs =
              new ProbeSession(
                  another.load(Probe.program(1), Probe.weights(), LoadOptions.defaults()),
                  findings,
                  "the second backend")) {
        theirs.peek("before any run");
        theirs.add(4, 5, 6);
        ours.add(1, 1, 1);
      }
      ours.add(2, 2, 2);
    }
  }

  private static void readState(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    try (ProbeSession session =
        new ProbeSession(
            backend.load(
                Probe.program(degree, Capability.STATE_READ),
                Probe.weights(),
                LoadOptions.defaults()),
            findings,
            "a session")) {
      session.add(1, 2, 3);
      double[] first = session.total();
      HostTensor copy = session.session().readState(Probe.TOTAL, degree - 1);
      session.add(4, 5, 6);
      Probe.difference("a state read before a run, after it,", copy, first)
          .ifPresent(findings::fail);
      copy.segment().fill((byte) 0x7f);
      for (int rank = 0; rank < degree; rank++) {
        Probe.difference(
                "the state on rank " + rank,
                session.session().readState(Probe.TOTAL, rank),
                session.total())
            .ifPresent(findings::fail);
      }
      session.peek("after its copy was written to");
      Map<String, HostTensor> inputs = Probe.x(1, 1, 1);
      session.session().run(Probe.ADD, inputs);
    }
  }
}

package org.smollm3.conformance.behaviour;

import java.util.Map;
import java.util.Optional;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.error.BackendException;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/** A session of {@link Probe} with what its states must be. */
final class ProbeSession implements AutoCloseable {
  private final Session session;
  private final Findings findings;
  private final String name;
  private final double[] total = new double[3];

  ProbeSession(Session session, Findings findings, String name) {
    this.session = session;
    this.findings = findings;
    this.name = name;
  }

  static ProbeSession open(BackendUnderTest backend, Findings findings, int degree) {
    return open(backend, findings, degree, "a session");
  }

  static ProbeSession open(BackendUnderTest backend, Findings findings, int degree, String name) {
    Session session = backend.load(Probe.program(degree), Probe.weights(), LoadOptions.defaults());
    return new ProbeSession(session, findings, name);
  }

  Session session() {
    return session;
  }

  /** Adds numbers, and looks at what comes out on every rank. */
  void add(double a, double b, double c) {
    double[] x = {a, b, c};
    for (int i = 0; i < x.length; i++) {
      total[i] += x[i];
    }
    require("after adding", session.run(Probe.ADD, Probe.x(x)));
  }

  /** Looks at the states through a graph that only reads. */
  void peek(String when) {
    require(when, session.run(Probe.PEEK, Map.of()));
  }

  /** From now on the states must be zero. */
  void forget() {
    total[0] = 0;
    total[1] = 0;
    total[2] = 0;
  }

  private void require(String when, Outputs outputs) {
    for (int rank = 0; rank < outputs.outputsByRank().size(); rank++) {
      String what = name + ", " + when + ", rank " + rank + ": " + Probe.Y;
      HostTensor y =
          Optional.ofNullable(outputs.outputsByRank().get(rank).get(Probe.Y))
              .orElseThrow(() -> new BackendException(what + " is not there"));
      Probe.difference(what, y, y(rank)).ifPresent(findings::fail);
    }
  }

  /** What y must be on a rank. */
  double[] y(int rank) {
    double[] y = new double[total.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = total[i] * Probe.scale(rank, i);
    }
    return y;
  }

  double[] total() {
    return total.clone();
  }

  @Override
  public void close() {
    session.close();
  }
}

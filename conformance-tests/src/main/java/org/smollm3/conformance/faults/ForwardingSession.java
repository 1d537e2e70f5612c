package org.smollm3.conformance.faults;

import java.util.Map;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/** Passes everything on, to be overridden where a fault is. */
class ForwardingSession implements Session {
  final Session inner;

  ForwardingSession(Session inner) {
    this.inner = inner;
  }

  @Override
  public Outputs run(String graph, Map<String, HostTensor> inputs) {
    return inner.run(graph, inputs);
  }

  @Override
  public HostTensor readState(String name, int rank) {
    return inner.readState(name, rank);
  }

  @Override
  public void resetStates() {
    inner.resetStates();
  }

  @Override
  public void close() {
    inner.close();
  }
}

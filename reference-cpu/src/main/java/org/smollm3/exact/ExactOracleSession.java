package org.smollm3.exact;

import java.util.Map;
import org.smollm3.eager.EagerSession;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.OracleSession;
import org.smollm3.spi.Outputs;
import org.smollm3.tensor.HostTensor;

/** Keeps the magnitudes of the last run that succeeded. */
final class ExactOracleSession implements OracleSession {
  private final EagerSession session;
  private final ExactKernels kernels;
  private Map<String, HostTensor> magnitudes = Map.of();
  private boolean closed;

  ExactOracleSession(EagerSession session, ExactKernels kernels) {
    this.session = session;
    this.kernels = kernels;
  }

  @Override
  public synchronized Outputs run(String graph, Map<String, HostTensor> inputs) {
    // What a run that failed half way has left is not of this one.
    kernels.takeMagnitudes();
    Outputs outputs = session.run(graph, inputs);
    magnitudes = kernels.takeMagnitudes();
    return outputs;
  }

  /** {@inheritDoc} Where an output and a tap have the same name, the output's. */
  @Override
  public synchronized HostTensor magnitude(String name) {
    if (closed) {
      throw new IllegalStateException("the session is closed");
    }
    HostTensor found = magnitudes.get(name);
    if (found == null) {
      throw new InvalidRequestException(
          "no magnitude of '" + name + "'; the last run gave " + magnitudes.keySet());
    }
    return found;
  }

  @Override
  public HostTensor readState(String name, int rank) {
    return session.readState(name, rank);
  }

  @Override
  public void resetStates() {
    session.resetStates();
  }

  @Override
  public synchronized void close() {
    session.close();
    closed = true;
  }
}

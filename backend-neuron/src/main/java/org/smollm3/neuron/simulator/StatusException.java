package org.smollm3.neuron.simulator;

import org.smollm3.neuron.nrt.NrtStatus;

/** Ends a simulated function with a status; the reason is what libnrt would log. */
final class StatusException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final NrtStatus status;
  private final String reason;

  StatusException(NrtStatus status, String reason) {
    super(reason);
    this.status = status;
    this.reason = reason;
  }

  String reason() {
    return reason;
  }

  NrtStatus status() {
    return status;
  }
}

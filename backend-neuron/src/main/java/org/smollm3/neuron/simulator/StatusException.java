package org.smollm3.neuron.simulator;

import org.smollm3.neuron.nrt.NrtStatus;

/** Ends a simulated function with a status; the message is what libnrt would log. */
final class StatusException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final NrtStatus status;

  StatusException(NrtStatus status, String message) {
    super(message);
    this.status = status;
  }

  NrtStatus status() {
    return status;
  }
}

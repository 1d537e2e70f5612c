package org.smollm3.neuron.nrt;

/** How a run that did produce its outputs ended. */
public enum ExecutionStatus {
  COMPLETED,
  /** Outputs were written, but the device met values that are not numbers (status 1003). */
  COMPLETED_WITH_NAN
}

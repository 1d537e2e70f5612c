package org.smollm3.neuron.nrt;

/**
 * The version of libnrt.
 *
 * @param detail text of the build, may be empty
 */
public record RuntimeVersion(
    long major, long minor, long patch, long maintenance, String detail, String gitHash) {
  /** As in 2.31.24.0. */
  @Override
  public String toString() {
    return major + "." + minor + "." + patch + "." + maintenance;
  }
}

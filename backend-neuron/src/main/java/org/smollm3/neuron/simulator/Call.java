package org.smollm3.neuron.simulator;

import java.util.List;
import java.util.OptionalInt;
import org.smollm3.neuron.nrt.NrtFunction;

/**
 * A call that has returned.
 *
 * @param arguments as they came over the C ABI: Integer, Long, and addresses as MemorySegment
 * @param status empty for a function that returns none
 * @param message what libnrt would log; empty if nothing
 */
public record Call(
    NrtFunction function, List<Object> arguments, OptionalInt status, String message) {
  public Call {
    arguments = List.copyOf(arguments);
  }
}

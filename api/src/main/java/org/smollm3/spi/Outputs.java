package org.smollm3.spi;

import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.HostTensor;

/**
 * What a run returns: per rank, the graph's outputs and the taps that were asked for, by name in
 * the order in which the body made them.
 */
public record Outputs(
    List<Map<String, HostTensor>> outputsByRank, List<Map<String, HostTensor>> tapsByRank) {
  /** An output of rank 0. */
  public HostTensor get(String name) {
    return find(outputsByRank.get(0), name, "output");
  }

  /** A tap of rank 0. */
  public HostTensor tap(String name) {
    return find(tapsByRank.get(0), name, "tap");
  }

  private static HostTensor find(Map<String, HostTensor> map, String name, String what) {
    HostTensor tensor = map.get(name);
    if (tensor == null) {
      throw new InvalidRequestException(
          "no " + what + " '" + name + "'; there are " + map.keySet());
    }
    return tensor;
  }
}

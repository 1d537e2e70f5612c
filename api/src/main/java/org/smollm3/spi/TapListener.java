package org.smollm3.spi;

import org.smollm3.tensor.HostTensor;

/** Sees tapped tensors. */
@FunctionalInterface
public interface TapListener {
  /**
   * @param name as given to {@link GraphContext#tap}, such as {@code layers.3.self_attn.q_proj}
   * @param value a copy, in the tensor's own type
   */
  void onTap(String name, int rank, HostTensor value);
}

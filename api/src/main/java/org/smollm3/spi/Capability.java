package org.smollm3.spi;

import java.util.Collection;
import java.util.Set;
import org.smollm3.error.UnsupportedCapabilityException;

/** What a backend may support beyond running the smallest program. */
public enum Capability {
  DYNAMIC_SHAPES("open dimensions in a graph's inputs"),
  LOGITS("graphs that return logits"),
  DEVICE_SAMPLING("graphs that return sampled tokens"),
  CHUNKED_PREFILL("prefill in chunks against the cache"),
  SPECULATION("several active tokens in decode"),
  CONTINUOUS_BATCHING("sequences that join and leave a running batch"),
  TENSOR_PARALLEL("more than one rank"),
  SLIDING_WINDOW("sliding-window attention"),
  ROPE_LINEAR("linear RoPE scaling"),
  ROPE_LLAMA3("llama3 RoPE scaling"),
  ROPE_YARN("yarn RoPE scaling"),
  FLOAT32("float32 arithmetic"),
  BFLOAT16("bfloat16 arithmetic"),
  TAPS("tapped tensors as extra outputs"),
  EAGER("bodies run on every call, with live taps"),
  STATE_READ("reading back states");

  private final String meaning;

  Capability(String meaning) {
    this.meaning = meaning;
  }

  /** One phrase on what it means. */
  public String meaning() {
    return meaning;
  }

  /**
   * Refuses what is not declared.
   *
   * @throws UnsupportedCapabilityException naming the backend and the first missing capability
   */
  public static void requireAll(
      String backend, Set<Capability> declared, Collection<Capability> required) {
    for (Capability capability : required) {
      if (!declared.contains(capability)) {
        throw new UnsupportedCapabilityException(
            "backend '"
                + backend
                + "' does not support "
                + capability
                + " ("
                + capability.meaning()
                + "); use a backend that declares it, such as cpu");
      }
    }
  }
}

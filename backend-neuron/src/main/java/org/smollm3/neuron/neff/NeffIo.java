package org.smollm3.neuron.neff;

import java.util.List;

/**
 * The inputs and outputs of a NEFF, from its {@code neff.json}. How that file lists them is known
 * from the runtime's behaviour only, not from a specification; so a list that is not found is no
 * fault of the file, while one that is found must be right.
 */
public sealed interface NeffIo {
  /** Found. */
  record Known(List<NeffTensor> inputs, List<NeffTensor> outputs) implements NeffIo {
    public Known {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }
  }

  /**
   * Not found.
   *
   * @param reason what was looked for in vain
   */
  record Unknown(String reason) implements NeffIo {}
}

package org.smollm3.neuron.artifacts;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.NeuronConfig;

/** The keys of graphs in an export. */
final class GraphKeys {
  /** All that Optimum Neuron knows for a decoder. */
  static final List<String> ALL =
      List.of(
          DecoderGraphs.CONTEXT_ENCODING,
          DecoderGraphs.CHUNKED_PREFILL,
          DecoderGraphs.TOKEN_GENERATION,
          DecoderGraphs.SPECULATION);

  /** The folder of the layout transformation, as NxD names it. */
  static final String LAYOUT = "layout_opt";

  private GraphKeys() {}

  /** Those that a configuration asks for. */
  static List<String> of(NeuronConfig config) {
    List<String> keys = new ArrayList<>();
    keys.add(
        config.prefillChunkSize() > 0
            ? DecoderGraphs.CHUNKED_PREFILL
            : DecoderGraphs.CONTEXT_ENCODING);
    keys.add(DecoderGraphs.TOKEN_GENERATION);
    if (config.speculationLength() > 0) {
      keys.add(DecoderGraphs.SPECULATION);
    }
    return keys;
  }
}

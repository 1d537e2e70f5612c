package org.smollm3.conformance.graphs;

import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * One call of a graph.
 *
 * @param length tokens of a row, padding included
 */
record Call(String graph, int length, List<Row> rows) {
  Call {
    rows = List.copyOf(rows);
  }

  /**
   * The inputs by name. After the real tokens of a row come, in context encoding, any tokens at
   * position 0; elsewhere the last one again at its position.
   *
   * @param padding gives the tokens of padding
   */
  Map<String, HostTensor> inputs(IntSupplier padding) {
    Shape shape = Shape.of(rows.size(), length);
    HostTensor ids = HostTensor.zeros(DType.I32, shape);
    HostTensor positions = HostTensor.zeros(DType.I32, shape);
    HostTensor slots = HostTensor.zeros(DType.I32, Shape.of(rows.size()));
    boolean isPrompt = graph.equals(DecoderGraphs.CONTEXT_ENCODING);
    for (int b = 0; b < rows.size(); b++) {
      Row row = rows.get(b);
      slots.setLong(b, row.slot());
      for (int t = 0; t < length; t++) {
        long at = (long) b * length + t;
        int position = row.from() + Math.min(t, row.count() - 1);
        boolean padded = isPrompt && t >= row.count();
        ids.setLong(at, padded ? padding.getAsInt() : row.sequence().get(position));
        positions.setLong(at, padded ? 0 : position);
      }
    }
    return Map.of(
        DecoderGraphs.INPUT_IDS, ids,
        DecoderGraphs.POSITION_IDS, positions,
        DecoderGraphs.SEQ_IDS, slots);
  }
}

package org.smollm3.generation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** The inputs of one run of a compiled graph, row by row, padded to its shapes. */
final class BatchInputs {
  private final int batch;
  private final int length;
  private final int padToken;
  private final List<Line> lines = new ArrayList<>();
  private int realRows = -1;

  private enum Tail {
    POSITION_ZERO,
    REPEATS_LAST
  }

  /**
   * @param index in the order of adding
   */
  private record Line(int index, RowRequest row, Tail tail) {}

  BatchInputs(int batch, int length, int padToken) {
    this.batch = batch;
    this.length = length;
    this.padToken = padToken;
  }

  /** A prompt, after it the padding token at position 0. */
  void addPrompt(RowRequest row) {
    lines.add(new Line(lines.size(), row, Tail.POSITION_ZERO));
  }

  /** Tokens, after them the last one again at its position. */
  void addRepeatingLast(RowRequest row) {
    lines.add(new Line(lines.size(), row, Tail.REPEATS_LAST));
  }

  boolean isFull() {
    return lines.size() == batch;
  }

  void sortBySlot() {
    lines.sort(Comparator.comparing(line -> line.row().slot()));
  }

  /** Rows that are no padding: those added first. */
  void markReal(int count) {
    realRows = count;
  }

  int realRows() {
    return realRows;
  }

  /** Where in the batch the i-th added row stands. */
  int placeOf(int index) {
    for (int place = 0; place < lines.size(); place++) {
      if (lines.get(place).index() == index) {
        return place;
      }
    }
    throw new IllegalArgumentException("no row " + index);
  }

  /** Of an output [n, ...] of the i-th added row what belongs to its real tokens. */
  HostTensor real(HostTensor output, int index) {
    int tokens = lines.get(placeOf(index)).row().tokens().size();
    return output.shape().dim(0) > tokens ? output.rows(0, tokens) : output;
  }

  /**
   * The inputs by name.
   *
   * @param samples whether the graph chooses tokens
   */
  Map<String, HostTensor> tensors(boolean samples, int maxTopk) {
    if (!isFull()) {
      throw new IllegalStateException(lines.size() + " rows for a batch of " + batch);
    }
    Shape shape = Shape.of(batch, length);
    HostTensor ids = HostTensor.zeros(DType.I32, shape);
    HostTensor positions = HostTensor.zeros(DType.I32, shape);
    HostTensor slots = HostTensor.zeros(DType.I32, Shape.of(batch));
    for (int b = 0; b < batch; b++) {
      Line line = lines.get(b);
      TokenIds tokens = line.row().tokens();
      slots.setLong(b, line.row().slot());
      for (int t = 0; t < length; t++) {
        long at = (long) b * length + t;
        int real = Math.min(t, tokens.size() - 1);
        boolean padded = t >= tokens.size() && line.tail() == Tail.POSITION_ZERO;
        ids.setLong(at, padded ? padToken : tokens.get(real));
        positions.setLong(at, padded ? 0 : line.row().start() + real);
      }
    }
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    inputs.put(DecoderGraphs.INPUT_IDS, ids);
    inputs.put(DecoderGraphs.POSITION_IDS, positions);
    inputs.put(DecoderGraphs.SEQ_IDS, slots);
    if (samples) {
      addSampling(inputs, maxTopk);
    }
    return inputs;
  }

  private void addSampling(Map<String, HostTensor> inputs, int maxTopk) {
    List<DeviceSamplingParams> params = new ArrayList<>();
    HostTensor uniforms = HostTensor.zeros(DType.F32, Shape.of(batch));
    for (int b = 0; b < batch; b++) {
      RowRequest.Draw draw = lines.get(b).row().draw().orElse(RowRequest.Draw.GREEDY);
      params.add(draw.params());
      uniforms.setFloat(b, draw.uniform());
    }
    inputs.put(DecoderGraphs.SAMPLING_PARAMS, DeviceSamplingParams.tensor(params, maxTopk));
    inputs.put(DecoderGraphs.UNIFORMS, uniforms);
  }
}

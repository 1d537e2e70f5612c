package org.smollm3.generation;

import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.DeviceSampler;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * How a graph with a {@link DeviceSampler} chooses the next token of a row, within the limits of
 * Optimum Neuron's {@code validate_sampling_params}.
 *
 * @param topK at least 1, or {@link #MAX_TOPK} for as many as the graph has room for
 * @param topP above 0, at most 1; 1 switches it off
 * @param temperature above 0 and finite, as a float32
 */
public record DeviceSamplingParams(int topK, double topP, double temperature) {
  /** {@link #topK} for as many candidates as the graph has room for. */
  public static final int MAX_TOPK = -1;

  public DeviceSamplingParams {
    checkTopK("", topK);
    checkTopP("", topP);
    checkTemperature("", temperature);
  }

  /** The most likely token: top_k 1, top_p 1, temperature 1. */
  public static DeviceSamplingParams greedy() {
    return new DeviceSamplingParams(1, 1, 1);
  }

  /** The same settings; "all tokens" becomes as many as the graph has room for. */
  public static DeviceSamplingParams of(SamplingParams params) {
    return switch (params.strategy()) {
      case GREEDY -> greedy();
      case SAMPLING ->
          new DeviceSamplingParams(
              params.topK() == SamplingParams.ALL ? MAX_TOPK : params.topK(),
              params.topP(),
              params.temperature());
    };
  }

  /**
   * The input of a graph, F32[B, 3]. Never a top_k of -1, which Optimum's own graphs get wrong.
   *
   * @param maxTopk how many candidates the graph has room for
   * @throws InvalidRequestException if a row asks for more
   */
  public static HostTensor tensor(List<DeviceSamplingParams> rows, int maxTopk) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(rows.size(), DeviceSampler.PARAMS));
    for (int i = 0; i < rows.size(); i++) {
      DeviceSamplingParams row = rows.get(i);
      int at = i * DeviceSampler.PARAMS;
      tensor.setFloat(at, row.topKWithin("row " + i + ": ", maxTopk));
      tensor.setFloat(at + 1, (float) row.topP);
      tensor.setFloat(at + 2, (float) row.temperature);
    }
    return tensor;
  }

  /** How many candidates are left, of those the graph has room for. */
  int topKWithin(int maxTopk) {
    return topKWithin("", maxTopk);
  }

  private int topKWithin(String where, int maxTopk) {
    if (maxTopk < 1) {
      throw new InvalidRequestException("max_topk is " + maxTopk + "; it must be at least 1");
    }
    if (topK > maxTopk) {
      throw new InvalidRequestException(
          where
              + "top_k is "
              + topK
              + "; the graph has room for 1 to "
              + maxTopk
              + " (max_topk), or -1 for all of them");
    }
    return topK == MAX_TOPK ? maxTopk : topK;
  }

  /**
   * Checks parameters that come as a tensor.
   *
   * @param params F32[B, 3]
   * @throws InvalidRequestException naming the row, the parameter and its value
   */
  public static void check(HostTensor params, int maxTopk) {
    Shape shape = params.shape();
    if (params.dtype() != DType.F32 || shape.rank() != 2 || shape.dim(1) != DeviceSampler.PARAMS) {
      throw new InvalidRequestException(
          "sampling parameters are "
              + params
              + "; they must be F32[batch, 3]: top_k, top_p, temperature");
    }
    for (int row = 0; row < shape.intDim(0); row++) {
      String where = "row " + row + ": ";
      float topK = params.getFloat(row * 3L);
      checkTopK(where, topK);
      double topP = params.getFloat(row * 3L + 1);
      checkTopP(where, topP);
      double temperature = params.getFloat(row * 3L + 2);
      checkTemperature(where, temperature);
      new DeviceSamplingParams((int) topK, topP, temperature).topKWithin(where, maxTopk);
    }
  }

  private static void checkTopK(String where, float topK) {
    if (topK != Math.rint(topK) || Float.isInfinite(topK)) {
      throw new InvalidRequestException(where + "top_k is " + topK + "; it must be a whole number");
    }
    checkTopK(where, (int) topK);
  }

  private static void checkTopK(String where, int topK) {
    if (topK < 1 && topK != MAX_TOPK) {
      throw new InvalidRequestException(
          where + "top_k is " + topK + "; it must be at least 1, or -1 for the graph's max_topk");
    }
  }

  private static void checkTopP(String where, double topP) {
    if (!((float) topP > 0 && topP <= 1)) {
      throw new InvalidRequestException(
          where + "top_p is " + topP + "; it must be above 0 and at most 1 (1 for all candidates)");
    }
  }

  private static void checkTemperature(String where, double temperature) {
    float single = (float) temperature;
    if (!(single > 0) || Float.isInfinite(single)) {
      throw new InvalidRequestException(
          where
              + "temperature is "
              + temperature
              + "; it must be above 0 and finite as a float32 (for the most likely token use top_k"
              + " 1)");
    }
  }
}

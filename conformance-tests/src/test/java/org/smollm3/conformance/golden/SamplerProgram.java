package org.smollm3.conformance.golden;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.parallel.DeviceSampler;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.Backend;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * The sampler alone as a program over N ranks: each takes its part of logits that all are given,
 * padding filled with what must never be chosen.
 */
final class SamplerProgram implements AutoCloseable {
  private static final float PADDING = 1e30f;

  private final int batch;
  private final int vocab;
  private final int padded;
  private final int degree;
  private final Session session;

  SamplerProgram(Backend backend, int degree, int batch, int vocab, int maxTopk) {
    this.batch = batch;
    this.vocab = vocab;
    this.degree = degree;
    this.padded = new TensorParallelGroup(degree).padded(vocab);
    TensorSpec logits = new TensorSpec("logits", DType.F32, Shape.of(batch, padded));
    GraphSpec sample =
        new GraphSpec(
            "sample",
            List.of(
                logits,
                new TensorSpec("sampling_params", DType.F32, Shape.of(batch, 3)),
                new TensorSpec("uniforms", DType.F32, Shape.of(batch, 1))),
            context ->
                result(
                    DeviceSampler.sample(
                        context,
                        part(context),
                        context.input("sampling_params"),
                        context.input("uniforms"),
                        vocab,
                        maxTopk)));
    GraphSpec greedy =
        new GraphSpec(
            "greedy",
            List.of(logits),
            context -> result(DeviceSampler.greedy(context, part(context), vocab)));
    ProgramSpec program =
        new ProgramSpec("sampler", degree, List.of(), List.of(), List.of(sample, greedy), Set.of());
    session =
        backend.load(
            program,
            (name, rank) -> {
              throw new InvalidModelException("no weight '" + name + "'");
            },
            LoadOptions.defaults().withTaps("*"));
  }

  private static GraphResult result(Tensor tokens) {
    return new GraphResult(Map.of("tokens", tokens), Map.of());
  }

  private Tensor part(GraphContext context) {
    int local = padded / degree;
    Tensor split = context.ops().reshape(context.input("logits"), Shape.of(batch, degree, local));
    Tensor mine = context.ops().gather(split, context.rank(), 1);
    return context.ops().reshape(mine, Shape.of(batch, local));
  }

  /** What a run chose, and from what. */
  record Choice(int[] tokens, Outputs outputs) {
    /** The probability of each token of a row, [vocab]. */
    double[] probabilities(int row, int vocab) {
      HostTensor ids = outputs.tap("sampler.ids");
      HostTensor probabilities = outputs.tap("sampler.probabilities");
      int candidates = ids.shape().intDim(1);
      double[] result = new double[vocab];
      for (int i = 0; i < candidates; i++) {
        long at = (long) row * candidates + i;
        result[ids.getInt(at)] = probabilities.getDouble(at);
      }
      return result;
    }
  }

  /**
   * @param params F32[batch, 3]
   * @param uniforms one for each row
   */
  Choice sample(float[][] logits, HostTensor params, float... uniforms) {
    Outputs outputs =
        session.run(
            "sample",
            Map.of(
                "logits",
                padded(logits),
                "sampling_params",
                params,
                "uniforms",
                HostTensor.ofFloats(Shape.of(batch, 1), uniforms)));
    return new Choice(tokens(outputs), outputs);
  }

  int[] greedy(float[][] logits) {
    return tokens(session.run("greedy", Map.of("logits", padded(logits))));
  }

  /** Those of rank 0, which all ranks must have chosen. */
  private static int[] tokens(Outputs outputs) {
    int[] first = outputs.get("tokens").toIntArray();
    for (Map<String, HostTensor> rank : outputs.outputsByRank()) {
      if (rank.get("tokens").segment().mismatch(outputs.get("tokens").segment()) != -1) {
        throw new AssertionError("ranks chose different tokens");
      }
    }
    return first;
  }

  private HostTensor padded(float[][] logits) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(batch, padded));
    for (int row = 0; row < batch; row++) {
      for (int id = 0; id < padded; id++) {
        tensor.setFloat((long) row * padded + id, id < vocab ? logits[row][id] : PADDING);
      }
    }
    return tensor;
  }

  @Override
  public void close() {
    session.close();
  }
}

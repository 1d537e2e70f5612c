package org.smollm3.conformance.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.parallel.DeviceSampler;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.Capability;
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
  private static final String SAMPLE = "sample";
  private static final String GREEDY = "greedy";
  private static final String LOGITS = "logits";
  private static final String PARAMS = "sampling_params";
  private static final String UNIFORMS = "uniforms";
  private static final String TOKENS = "tokens";
  private static final float PADDING = 1e30f;

  private final int batch;
  private final int vocab;
  private final int padded;
  private final int degree;
  private final int maxTopk;
  private final Findings findings;
  private final Session session;

  private SamplerProgram(
      BackendUnderTest backend, Findings findings, int degree, int batch, int vocab, int maxTopk) {
    this.batch = batch;
    this.vocab = vocab;
    this.degree = degree;
    this.maxTopk = maxTopk;
    this.findings = findings;
    this.padded = new TensorParallelGroup(degree).padded(vocab);
    TensorSpec logits = new TensorSpec(LOGITS, DType.F32, Shape.of(batch, padded));
    GraphSpec sample =
        new GraphSpec(
            SAMPLE,
            List.of(
                logits,
                new TensorSpec(PARAMS, DType.F32, Shape.of(batch, DeviceSampler.PARAMS)),
                new TensorSpec(UNIFORMS, DType.F32, Shape.of(batch))),
            context ->
                result(
                    DeviceSampler.sample(
                        context,
                        part(context),
                        context.input(PARAMS),
                        context.input(UNIFORMS),
                        vocab,
                        maxTopk)));
    GraphSpec greedy =
        new GraphSpec(
            GREEDY,
            List.of(logits),
            context -> result(DeviceSampler.greedy(context, part(context), vocab)));
    ProgramSpec program =
        new ProgramSpec(
            "the sampler",
            degree,
            List.of(),
            List.of(),
            List.of(sample, greedy),
            Set.of(Capability.DEVICE_SAMPLING, Capability.FLOAT32));
    session =
        backend.load(
            program,
            (name, rank) -> {
              throw new InvalidModelException("there is no weight '" + name + "'");
            },
            LoadOptions.defaults());
  }

  static SamplerProgram open(
      BackendUnderTest backend, Findings findings, int degree, int batch, int vocab, int maxTopk) {
    return new SamplerProgram(backend, findings, degree, batch, vocab, maxTopk);
  }

  private static GraphResult result(Tensor tokens) {
    return new GraphResult(Map.of(TOKENS, tokens), Map.of());
  }

  private Tensor part(GraphContext context) {
    int local = padded / degree;
    Tensor split = context.ops().reshape(context.input(LOGITS), Shape.of(batch, degree, local));
    Tensor mine = context.ops().gather(split, context.rank(), 1);
    return context.ops().reshape(mine, Shape.of(batch, local));
  }

  /**
   * The tokens that given numbers choose, one a row.
   *
   * @param logits by row
   */
  List<Integer> sample(
      List<float[]> logits, List<DeviceSamplingParams> params, List<Float> uniforms) {
    HostTensor drawn = HostTensor.zeros(DType.F32, Shape.of(batch));
    for (int row = 0; row < batch; row++) {
      drawn.setFloat(row, uniforms.get(row));
    }
    return tokens(
        session.run(
            SAMPLE,
            Map.of(
                LOGITS,
                padded(logits),
                PARAMS,
                DeviceSamplingParams.tensor(params, maxTopk),
                UNIFORMS,
                drawn)));
  }

  List<Integer> greedy(List<float[]> logits) {
    return tokens(session.run(GREEDY, Map.of(LOGITS, padded(logits))));
  }

  /** Those of rank 0, which all ranks must have chosen, and which must be of the vocabulary. */
  private List<Integer> tokens(Outputs outputs) {
    List<Integer> first = ofRank(outputs, 0);
    for (int rank = 1; rank < degree; rank++) {
      List<Integer> other = ofRank(outputs, rank);
      String who = "rank " + rank + " chooses " + other + ", rank 0 " + first;
      findings.require(other.equals(first), () -> who);
    }
    for (int token : first) {
      findings.require(
          token >= 0 && token < vocab,
          () -> "token " + token + " is none of the vocabulary of " + vocab);
    }
    return first;
  }

  private static List<Integer> ofRank(Outputs outputs, int rank) {
    HostTensor tokens =
        Optional.ofNullable(outputs.outputsByRank().get(rank).get(TOKENS))
            .orElseThrow(() -> new BackendException("rank " + rank + " returns no tokens"));
    List<Integer> list = new ArrayList<>();
    for (int token : tokens.toIntArray()) {
      list.add(token);
    }
    return list;
  }

  private HostTensor padded(List<float[]> logits) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(batch, padded));
    for (int row = 0; row < batch; row++) {
      for (int id = 0; id < padded; id++) {
        tensor.setFloat((long) row * padded + id, id < vocab ? logits.get(row)[id] : PADDING);
      }
    }
    return tensor;
  }

  @Override
  public void close() {
    session.close();
  }
}

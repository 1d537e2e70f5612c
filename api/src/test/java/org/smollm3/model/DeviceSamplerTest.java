package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.DeviceSampler;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** The sampler's graph without data; what it computes is tested where there are backends. */
class DeviceSamplerTest {
  private static final int DEGREE = 4;

  private interface Body {
    Tensor run(GraphContext context, Tensor logits, Tensor params, Tensor uniforms);
  }

  private static List<String> record(int rank, Body body, TensorSpec... operands) {
    GraphSpec graph =
        new GraphSpec(
            "sample",
            List.of(),
            context ->
                new GraphResult(
                    Map.of(
                        "tokens",
                        body.run(
                            context,
                            context.weight(operands[0].name()),
                            context.weight(operands[1].name()),
                            context.weight(operands[2].name()))),
                    Map.of()));
    ProgramSpec program =
        new ProgramSpec("test", DEGREE, List.of(operands), List.of(), List.of(graph), Set.of());
    return Recorder.record(program, graph, rank, Map.of());
  }

  private static TensorSpec logits(DType dtype, long... dims) {
    return new TensorSpec("logits", dtype, Shape.of(dims));
  }

  private static TensorSpec params(long... dims) {
    return new TensorSpec("params", DType.F32, Shape.of(dims));
  }

  private static TensorSpec uniforms(long... dims) {
    return new TensorSpec("uniforms", DType.F32, Shape.of(dims));
  }

  @Test
  void theGraphIsTheSameForEveryRank() {
    Body sample = (c, l, p, u) -> DeviceSampler.sample(c, l, p, u, 30, 10);
    Body greedy = (c, l, p, u) -> DeviceSampler.greedy(c, l, 30);
    for (Body body : List.of(sample, greedy)) {
      List<String> first = record(0, body, logits(DType.BF16, 2, 8), params(2, 3), uniforms(2, 1));
      for (int rank = 1; rank < DEGREE; rank++) {
        assertThat(record(rank, body, logits(DType.BF16, 2, 8), params(2, 3), uniforms(2, 1)))
            .isEqualTo(first);
      }
      assertThat(first).filteredOn(line -> line.contains("all-gather")).hasSize(2);
      assertThat(first).anyMatch(line -> line.contains(" rank "));
    }
  }

  /** A sort of the whole vocabulary for one token would be a waste. */
  @Test
  void greedySortsNothing() {
    assertThat(
            record(
                0,
                (c, l, p, u) -> DeviceSampler.greedy(c, l, 32),
                logits(DType.F32, 2, 8),
                params(2, 3),
                uniforms(2)))
        .noneMatch(line -> line.contains("topK"));
  }

  private static DynamicTest refuses(
      String message, int vocab, int maxTopk, TensorSpec... operands) {
    return DynamicTest.dynamicTest(
        message,
        () ->
            assertThatThrownBy(
                    () ->
                        record(
                            0,
                            (c, l, p, u) -> DeviceSampler.sample(c, l, p, u, vocab, maxTopk),
                            operands))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessage("device sampling: " + message));
  }

  @TestFactory
  Stream<DynamicTest> refusesWhatDoesNotFit() {
    TensorSpec good = logits(DType.F32, 2, 8);
    return Stream.of(
        refuses(
            "logits are F32[2, 1, 8], not floating [batch, n]",
            30,
            9,
            logits(DType.F32, 2, 1, 8),
            params(2, 3),
            uniforms(2)),
        refuses(
            "logits are I32[2, 8], not floating [batch, n]",
            30,
            9,
            logits(DType.I32, 2, 8),
            params(2, 3),
            uniforms(2)),
        refuses(
            "logits [2, 8] on each of 4 ranks do not cover a vocabulary of 33",
            33,
            9,
            good,
            params(2, 3),
            uniforms(2)),
        refuses(
            "sampling parameters are F32[2, 2], not F32[2, 3]",
            30,
            9,
            good,
            params(2, 2),
            uniforms(2)),
        refuses("uniforms are F32[3], not F32[2]", 30, 9, good, params(2, 3), uniforms(3)),
        refuses("uniforms are F32[2, 2], not F32[2, 1]", 30, 9, good, params(2, 3), uniforms(2, 2)),
        refuses(
            "max_topk is 0, not 1 to the vocabulary of 30", 30, 0, good, params(2, 3), uniforms(2)),
        refuses(
            "max_topk is 31, not 1 to the vocabulary of 30",
            30,
            31,
            good,
            params(2, 3),
            uniforms(2)));
  }
}

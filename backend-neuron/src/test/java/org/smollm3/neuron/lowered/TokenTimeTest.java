package org.smollm3.neuron.lowered;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.trace.Lowering;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;

class TokenTimeTest {
  private static final int SEQUENCE = 256;
  private static final int WARM_UP = 60;
  private static final int ROUNDS = 5;
  private static final int TOKENS = 21;

  /**
   * The median over some tokens; of several such medians the least, as the machine may be busy with
   * something else.
   */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void aTokenOfTheSmallModelOnTwoRanksTakesLessThan50Milliseconds(DType dtype) {
    SmolLm3Model model = SmolLm3Model.open(Lowering.TINY);
    NeuronConfig neuron =
        NeuronConfig.builder()
            .tpDegree(2)
            .sequenceLength(SEQUENCE)
            .maxContextLength(SEQUENCE)
            .torchDtype(dtype)
            .build();
    CompiledShapes shapes = CompiledShapes.of(neuron);
    try (LoweredBackend backend = LoweredBackend.open(TraceOptions.defaults());
        DecoderRunner runner =
            model.load(backend, dtype, neuron.sharding(), shapes, LoadOptions.defaults())) {
      runner.prefill(List.of(RowRequest.prompt(0, 1, 2, 3, 4, 5)));
      int position = 5;
      for (int i = 0; i < WARM_UP; i++) {
        runner.decode(List.of(RowRequest.at(0, position++, 7)));
      }
      double best = Double.POSITIVE_INFINITY;
      for (int round = 0; round < ROUNDS; round++) {
        double[] millis = new double[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
          long start = System.nanoTime();
          runner.decode(List.of(RowRequest.at(0, position++, 7)));
          millis[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(millis);
        best = Math.min(best, millis[TOKENS / 2]);
      }
      assertThat(best).isLessThan(50);
    }
  }
}

package org.smollm3.conformance.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.tensor.HostTensor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The sampler in the graph against what Optimum Neuron's own chooses. */
class DeviceSamplerGoldenTest {
  private static final int ROWS = 12;
  private static final int UNIFORMS = 16;
  private static final int VOCAB = 500;

  /** Of 500 tokens, 3 ranks hold 167 each and 8 hold 63, fewer than the 256 candidates. */
  private static final List<Integer> DEGREES = List.of(1, 2, 3, 4, 8);

  private final FolderFiles files =
      FolderFiles.open(GoldenData.root().resolve("weights-fixtures/goldens"));
  private final Safetensors golden =
      Safetensors.parse(files.map("sampling.safetensors"), "sampling.safetensors");
  private final float[][] logits = matrix("logits");
  private final float[][] uniforms = matrix("uniforms");

  private HostTensor tensor(String name) {
    return golden.tensor(name);
  }

  private float[][] matrix(String name) {
    HostTensor tensor = tensor(name);
    int columns = tensor.shape().intDim(1);
    float[][] rows = new float[tensor.shape().intDim(0)][columns];
    for (int i = 0; i < tensor.size(); i++) {
      rows[i / columns][i % columns] = tensor.getFloat(i);
    }
    return rows;
  }

  @TestFactory
  Stream<DynamicTest> exact() {
    return onAllDegrees("exact");
  }

  @TestFactory
  Stream<DynamicTest> cpu() {
    return onAllDegrees("cpu");
  }

  private Stream<DynamicTest> onAllDegrees(String backend) {
    return DEGREES.stream()
        .map(
            degree ->
                DynamicTest.dynamicTest(
                    backend + " on " + degree + " ranks", () -> check(backend, degree)));
  }

  private void check(String name, int degree) {
    JsonNode cases = new JsonMapper().readTree(files.text("sampling.json")).get("cases");
    int checked = 0;
    double greatestError = 0;
    try (Backend backend = Backends.discover().open(name, BackendOptions.defaults())) {
      for (JsonNode device : cases) {
        String caseName = device.get("name").stringValue();
        if (!caseName.startsWith("device.")) {
          continue;
        }
        int maxTopk = device.get("max_topk").intValue();
        try (SamplerProgram program = new SamplerProgram(backend, degree, ROWS, VOCAB, maxTopk)) {
          greatestError = Math.max(greatestError, checkCase(program, caseName, device));
        }
        checked++;
      }
    }
    assertThat(checked).isEqualTo(8);
    System.out.printf(
        "device sampler, %s on %d ranks: greatest error of a probability %.1e%n",
        name, degree, greatestError);
  }

  private double checkCase(SamplerProgram program, String name, JsonNode device) {
    DeviceSamplingParams params =
        new DeviceSamplingParams(
            device.get("top_k").intValue(),
            device.get("top_p").doubleValue(),
            device.get("temperature").doubleValue());
    int maxTopk = device.get("max_topk").intValue();
    HostTensor tensor = DeviceSamplingParams.tensor(Collections.nCopies(ROWS, params), maxTopk);
    if (params.topK() == DeviceSamplingParams.MAX_TOPK) {
      // The graph itself is to understand -1, too.
      IntStream.range(0, ROWS).forEach(row -> tensor.setFloat(3L * row, -1));
    }
    int[] expected = tensor(name + ".tokens").toIntArray();
    float[][] probabilities = matrix(name + ".probabilities");
    double greatestError = 0;
    for (int i = 0; i < UNIFORMS; i++) {
      float[] drawn = new float[ROWS];
      for (int row = 0; row < ROWS; row++) {
        drawn[row] = uniforms[row][i];
      }
      SamplerProgram.Choice choice = program.sample(logits, tensor, drawn);
      for (int row = 0; row < ROWS; row++) {
        assertThat(choice.tokens()[row])
            .as("%s, row %d, uniform %s", name, row, drawn[row])
            .isEqualTo(expected[row * UNIFORMS + i]);
        double[] found = choice.probabilities(row, VOCAB);
        for (int id = 0; id < VOCAB; id++) {
          greatestError = Math.max(greatestError, Math.abs(found[id] - probabilities[row][id]));
        }
      }
    }
    assertThat(greatestError).as(name).isLessThan(1e-6);
    return greatestError;
  }
}

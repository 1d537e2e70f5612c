package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SamplerGoldenTest {
  @Test
  void probabilitiesAreThoseOfHuggingFace() {
    GoldenSampling golden = new GoldenSampling();
    float[][] logits = golden.matrix("logits");
    assertThat(golden.hostCases()).hasSize(9);
    for (JsonNode host : golden.hostCases()) {
      String name = host.get("name").stringValue();
      Sampler sampler =
          new Sampler(
              SamplingParams.sampling()
                  .withTemperature(host.get("temperature").doubleValue())
                  .withTopK(host.get("top_k").intValue())
                  .withTopP(host.get("top_p").doubleValue()));
      float[][] expected = golden.matrix(name + ".probabilities");
      double greatestError = 0;
      for (int row = 0; row < logits.length; row++) {
        double[] probabilities = sampler.probabilities(logits[row]);
        double sum = 0;
        for (int id = 0; id < probabilities.length; id++) {
          double error = Math.abs(probabilities[id] - expected[row][id]);
          assertThat(error).as("%s, row %d, token %d", name, row, id).isLessThan(1e-6);
          greatestError = Math.max(greatestError, error);
          sum += probabilities[id];
        }
        assertThat(sum).isCloseTo(1, within(1e-12));
      }
      System.out.printf("%s: greatest error %.1e%n", name, greatestError);
    }
  }
}

package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.Logits;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;

/** A program without logits gives the tokens that its twin's logits give. */
class MostLikelyTokenTest {
  private static final int CAPACITY = 40;

  private static SmolLm3Model model(String name) {
    String root = System.getProperty("smollm3.root");
    return SmolLm3Model.open(Path.of(root, "weights-fixtures/goldens/models", name));
  }

  private static int[] prompt(SmolLm3Model model, int count, int salt) {
    int vocab = model.config().vocabSize();
    return IntStream.range(0, count).map(i -> (i * 37 + salt) % vocab).toArray();
  }

  private static List<RowOutput> step(DecoderRunner runner, List<RowRequest> rows) {
    return rows.get(0).start() == 0 ? runner.prefill(rows) : runner.decode(rows);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bf16-gqa-nope, stored, 1",
        "mha-bias-untied, stored, 1",
        "gqa-nope, int8-group32, 1",
        "bf16-gqa-nope, stored, 2",
        "mha-bias-untied, stored, 4"
      })
  void tokensAreThoseOfTheLogits(String text) {
    String[] setting = text.split(", ", -1);
    SmolLm3Model model = model(setting[0]);
    DType type = model.config().dtype() == DType.BF16 ? DType.BF16 : DType.F32;
    DecoderOptions logits =
        DecoderOptions.of(type, 2, CAPACITY)
            .withSharding(Sharding.of(Integer.parseInt(setting[2]), Sharding.Qkv.SEPARATE));
    DecoderOptions none = logits.withLogits(DecoderOptions.Logits.NONE);
    Map<String, String> options = Map.of("threads", "3", "weights", setting[1]);
    try (Backend backend = new CpuBackendProvider().open(new BackendOptions(options));
        DecoderRunner judge = model.load(backend, logits, LoadOptions.defaults());
        DecoderRunner runner = model.load(backend, none, LoadOptions.defaults())) {
      for (int rows = 1; rows <= 2; rows++) {
        List<RowRequest> requests = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
          requests.add(RowRequest.prompt(row, prompt(model, 5 + 4 * row, 3 + row)));
        }
        for (int i = 0; i < 20; i++) {
          List<RowOutput> wanted = step(judge, requests);
          List<RowOutput> actual = step(runner, requests);
          for (int row = 0; row < rows; row++) {
            int token = Logits.argmax(wanted.get(row).lastLogits());
            assertThat(actual.get(row).token()).as("token %d of row %d", i, row).hasValue(token);
            assertThat(actual.get(row).logits()).isEmpty();
            int end = requests.get(row).start() + requests.get(row).tokens().size();
            requests.set(row, RowRequest.at(row, end, token));
          }
        }
      }
      assertThatThrownBy(() -> runner.decode(List.of(RowRequest.at(0, 5, 1))).get(0).lastLogits())
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage(
              "the graphs return tokens, not logits; compile with output_logits, or load the model"
                  + " for logits");
      // Guessed tokens are checked by logits all the same.
      List<RowRequest> guess = List.of(RowRequest.at(0, 5, 1, 2, 3));
      assertThat(runner.speculate(guess).get(0).logits(2))
          .isEqualTo(judge.speculate(guess).get(0).logits(2));
    }
  }
}

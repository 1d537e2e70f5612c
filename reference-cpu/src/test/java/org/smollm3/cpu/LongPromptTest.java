package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.DecoderOptions;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** Prompts that are run in pieces. */
class LongPromptTest {
  private static final int TOKENS = 1030;

  private static int[] prompt(int vocab, int count, int salt) {
    return IntStream.range(0, count).map(i -> (i * 37 + salt) % vocab).toArray();
  }

  /** Alone or among others, and the cache that they leave: the same bits as in one piece. */
  @Test
  void piecesGiveTheBitsOfTheWhole() {
    SmolLm3Model model =
        SmolLm3Model.open(
            Path.of(
                System.getProperty("smollm3.root"),
                "weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny"));
    int vocab = model.config().vocabSize();
    List<RowRequest> prompts =
        List.of(
            RowRequest.prompt(0, prompt(vocab, TOKENS, 1)),
            RowRequest.prompt(1, prompt(vocab, 20, 2)));
    List<RowRequest> next = List.of(RowRequest.at(0, TOKENS, 9), RowRequest.at(1, 20, 9));
    DecoderOptions pieces = DecoderOptions.of(DType.BF16, 2, TOKENS + 1);
    DecoderOptions whole = pieces.withLogits(DecoderOptions.Logits.ALL_TOKENS);
    try (Backend backend =
            new CpuBackendProvider().open(new BackendOptions(Map.of("threads", "2")));
        DecoderRunner one = model.load(backend, whole, LoadOptions.defaults());
        DecoderRunner many = model.load(backend, pieces, LoadOptions.defaults())) {
      List<RowOutput> wanted = one.prefill(prompts);
      List<RowOutput> actual = many.prefill(prompts);
      for (int i = 0; i < wanted.size(); i++) {
        assertThat(wanted.get(i).logits().orElseThrow().shape().dim(0))
            .isEqualTo(prompts.get(i).tokens().size());
        assertThat(actual.get(i).logits().orElseThrow().shape().dim(0)).isEqualTo(1);
        assertThat(actual.get(i).lastLogits()).isEqualTo(wanted.get(i).lastLogits());
      }
      String cache = "kv_mgr.past_key_values.0";
      HostTensor left = one.session().readState(cache, 0).row(0);
      HostTensor piecewise = many.session().readState(cache, 0).row(0);
      assertThat(piecewise.segment().mismatch(left.segment())).isEqualTo(-1);
      wanted = one.decode(next);
      actual = many.decode(next);
      for (int i = 0; i < wanted.size(); i++) {
        assertThat(actual.get(i).lastLogits()).isEqualTo(wanted.get(i).lastLogits());
      }
    }
  }
}

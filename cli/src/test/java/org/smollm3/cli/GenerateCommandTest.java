package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.cli.GenerateRequest.Prompt;
import org.smollm3.cli.GenerateRequest.Sampling;
import org.smollm3.spi.BackendOptions;
import org.smollm3.tensor.DType;

class GenerateCommandTest {
  private final FakeGenerator generator = new FakeGenerator();

  @TempDir Path folder;

  @Test
  void printsTheTextAndALineEnd() {
    assertThat(run("Once")).isEqualTo(new TestRun(0, " upon a\ntime\n", ""));
  }

  @Test
  void theSpeedIsForATerminalOnly() {
    TestRun run = TestRun.of(commands(), "", true, Map.of(), "generate", "Once");

    assertThat(run.out()).isEqualTo(" upon a\ntime\n");
    assertThat(run.err())
        .isEqualTo(
            "loading\n[2 prompt + 3 new tokens on cpu, first after 0.50 s, then 8.0 tokens/s,"
                + " MAX_NEW_TOKENS]\n");
  }

  @Test
  void whatIsNotGivenIsLeftToTheLibrary() {
    run("Once");

    assertThat(generator.request())
        .isEqualTo(
            new GenerateRequest(
                Optional.empty(),
                Optional.empty(),
                BackendOptions.defaults(),
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                false,
                new Prompt.OfText("Once"),
                new Sampling(
                    false,
                    OptionalDouble.empty(),
                    OptionalInt.empty(),
                    OptionalDouble.empty(),
                    OptionalLong.empty()),
                OptionalInt.empty(),
                List.of(),
                false,
                Optional.empty()));
  }

  @Test
  void everyOptionArrives() {
    Path dump = folder.resolve("taps.safetensors");

    TestRun run =
        run(
            "--model=some dir",
            "--backend=cpu",
            "--backend-options=threads=2, load=sequential",
            "--compiled=a bundle",
            "--dtype=BF16",
            "--tp=4",
            "--fused-qkv",
            "--temperature=0.5",
            "--top-k=40",
            "--top-p=0.9",
            "--seed=-7",
            "--max-new-tokens=5",
            "--stop=.",
            "--stop",
            "\n\n",
            "--logprobs",
            "--taps=layers.3.*",
            "--dump=" + dump,
            "Once");

    assertThat(run.err()).isEmpty();
    GenerateRequest request = generator.request();
    assertThat(request.model()).contains(Path.of("some dir"));
    assertThat(request.backend()).contains("cpu");
    assertThat(request.backendOptions().values())
        .isEqualTo(Map.of("threads", "2", "load", "sequential"));
    assertThat(request.compiled()).contains(Path.of("a bundle"));
    assertThat(request.arithmetic()).contains(DType.BF16);
    assertThat(request.ranks()).hasValue(4);
    assertThat(request.fusedQkv()).isTrue();
    assertThat(request.sampling())
        .isEqualTo(
            new Sampling(
                false,
                OptionalDouble.of(0.5),
                OptionalInt.of(40),
                OptionalDouble.of(0.9),
                OptionalLong.of(-7)));
    assertThat(request.maxNewTokens()).hasValue(5);
    assertThat(request.stop()).containsExactly(".", "\n\n");
    assertThat(request.logProbabilities()).isTrue();
    assertThat(request.dump().orElseThrow().file()).isEqualTo(dump);
    assertThat(request.dump().orElseThrow().taps().matches("layers.3.mlp")).isTrue();
  }

  @Test
  void idsInsteadOfAPrompt() {
    run("--prompt-ids=1, 15,7");

    assertThat(generator.request().prompt()).isEqualTo(new Prompt.OfIds(List.of(1, 15, 7)));
  }

  @Test
  void readsThePromptFromStandardInputWithoutTheLastLineEnd() {
    TestRun.of(commands(), "Zwölf\n\nWölfe\r\n", false, Map.of(), "generate", "-");

    assertThat(generator.request().prompt()).isEqualTo(new Prompt.OfText("Zwölf\n\nWölfe"));
  }

  @Test
  void standardInputMustBeUtf8() {
    TestRun run =
        TestRun.of(
            commands(),
            new ByteArrayInputStream(new byte[] {'a', (byte) 0xff}),
            false,
            Map.of(),
            "generate",
            "-");

    assertThat(run)
        .isEqualTo(new TestRun(2, "", "smollm3: the prompt on standard input is not UTF-8 text\n"));
  }

  @Test
  void aPromptThatStartsWithDashesFollowsTwoDashes() {
    run("--greedy", "--", "--greedy");

    assertThat(generator.request().prompt()).isEqualTo(new Prompt.OfText("--greedy"));
  }

  @Test
  void logProbabilitiesFollowTheText() {
    assertThat(run("--logprobs", "Once").out())
        .isEqualTo(
            """
             upon a
            time

            id    log p  text
             5  -0.5000  ' upon'
             6  -1.2500  ' a\\n'
             7  -2.0000  'time'
            """);
  }

  @Test
  void jsonHasFieldsInAFixedOrderAndNoStreamedText() {
    assertThat(run("--json", "Once").out())
        .isEqualTo(
            """
            {
              "model" : "embedded",
              "backend" : "cpu",
              "backend_description" : "cpu (a test)",
              "backend_reason" : "it is the best",
              "prompt_ids" : [ 1, 2 ],
              "text" : " upon a\\ntime",
              "ids" : [ 5, 6, 7 ],
              "finish_reason" : "MAX_NEW_TOKENS",
              "prefill_seconds" : 0.5,
              "decode_seconds" : 0.25
            }
            """);
    assertThat(run("--json", "--logprobs", "Once").out())
        .contains("\"log_probabilities\" : [ -0.5, -1.25, -2.0 ]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                       | no prompt given; try: smollm3 generate \"Once upon a time\"",
        "Once upon a time       | 4 prompts given; put one prompt in quotes: \"Once upon a time\"",
        "--prompt-ids=1 Once    | give a PROMPT or --prompt-ids, not both",
        "--prompt-ids=1,,2      | --prompt-ids wants numbers with commas between, not '1,,2'",
        "--prompt-ids=1,-2      | --prompt-ids holds the negative id -2",
        "-                      | the prompt is empty; give some text to continue",
        "--greedy --top-k=4 x   | --greedy draws nothing at random, so --top-k has no meaning; give one of them",
        "--max-new-tokens=0 x   | --max-new-tokens wants at least 1, not 0",
        "--max-new-tokens=1e3 x | invalid value for option '--max-new-tokens': '1e3' is no whole number in range; see smollm3 generate --help",
        "--seed=99999999999999999999 x | invalid value for option '--seed': '99999999999999999999' is no whole number in range; see smollm3 generate --help",
        "--temperature=hot x    | invalid value for option '--temperature': 'hot' is no number; see smollm3 generate --help",
        "--dtype=f16 x          | --dtype wants f32 or bf16, not 'f16'",
        "--tp=0 x               | --tp wants 1 to 1024, not 0",
        "--tp=1025 x            | --tp wants 1 to 1024, not 1025",
        "--tp=two x             | invalid value for option '--tp': 'two' is no whole number in range; see smollm3 generate --help",
        "--stop= x              | --stop wants a text, not an empty one",
        "--model= x             | --model is empty",
        "--taps=* x             | --taps needs --dump FILE, where the tensors go",
        "--dump=f x             | --dump needs --taps GLOB, which tensors to write",
        "--taps=* --dump=no/such/f x | --dump: there is no folder '{cwd}/no/such'",
      })
  void whatCannotBeIsRefusedInOneLine(String line, String message) {
    String expected = message.replace("{cwd}", Path.of("").toAbsolutePath().toString());

    TestRun run = run(line == null ? new String[0] : line.strip().split(" +"));

    assertThat(run).isEqualTo(new TestRun(2, "", "smollm3: " + expected + "\n"));
    assertThat(generator.requests).isEmpty();
  }

  @Test
  void anEmptyPromptIsRefused() {
    assertThat(run("").err())
        .isEqualTo("smollm3: the prompt is empty; give some text to continue\n");
  }

  private TestRun run(String... args) {
    List<String> line = new ArrayList<>(List.of("generate"));
    line.addAll(List.of(args));
    return TestRun.of(commands(), line.toArray(String[]::new));
  }

  private List<Command> commands() {
    return List.of(new GenerateCommand(generator));
  }

  private static final class FakeGenerator implements TextGenerator {
    private final List<GenerateRequest> requests = new ArrayList<>();

    @Override
    public Result generate(GenerateRequest request, Listener listener) {
      requests.add(request);
      listener.status("loading");
      List<Token> tokens = new ArrayList<>();
      String[] texts = {" upon", " a\n", "time"};
      double[] logs = {-0.5, -1.25, -2.0};
      for (int i = 0; i < texts.length; i++) {
        listener.text(texts[i]);
        OptionalDouble log =
            request.logProbabilities() ? OptionalDouble.of(logs[i]) : OptionalDouble.empty();
        tokens.add(new Token(5 + i, texts[i], log));
      }
      return new Result(
          "embedded",
          "cpu",
          "cpu (a test)",
          "it is the best",
          List.of(1, 2),
          tokens,
          String.join("", texts),
          "MAX_NEW_TOKENS",
          0.5,
          0.25);
    }

    GenerateRequest request() {
      return requests.get(requests.size() - 1);
    }
  }
}

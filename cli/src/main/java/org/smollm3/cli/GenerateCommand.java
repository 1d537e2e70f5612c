package org.smollm3.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.smollm3.cli.GenerateRequest.Dump;
import org.smollm3.cli.GenerateRequest.Prompt;
import org.smollm3.cli.GenerateRequest.Sampling;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.TapPattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Continues a prompt and prints the text as it comes. */
final class GenerateCommand implements Command {
  private static final String MODEL = "--model";
  private static final String BACKEND = "--backend";
  private static final String COMPILED = "--compiled";
  private static final String GREEDY = "--greedy";
  private static final String TEMPERATURE = "--temperature";
  private static final String TOP_K = "--top-k";
  private static final String TOP_P = "--top-p";
  private static final String SEED = "--seed";
  private static final String MAX_NEW_TOKENS = "--max-new-tokens";
  private static final String STOP = "--stop";
  private static final String PROMPT_IDS = "--prompt-ids";
  private static final String LOGPROBS = "--logprobs";
  private static final String TAPS = "--taps";
  private static final String DUMP = "--dump";

  private final TextGenerator generator;

  GenerateCommand(TextGenerator generator) {
    this.generator = generator;
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command("generate", "Continue a prompt and print the text as it comes.");
    spec.addOption(Specs.value(MODEL, "DIR", "model folder (default: the small embedded model)"))
        .addOption(Specs.value(BACKEND, "NAME", "backend (default: the best available)"))
        .addOption(
            Specs.value(
                Options.BACKEND_OPTIONS, "LIST", "name=value,...; which there are: see README"))
        .addOption(
            Specs.value(
                COMPILED,
                "DIR",
                "run the compiled graphs in DIR (neuron, neuron-sim), with its shapes and type"))
        .addOption(
            Specs.value(Options.DTYPE, "TYPE", "arithmetic, f32 or bf16 (default: the model's)"))
        .addOption(
            Specs.wholeNumber(
                Options.TP,
                "N",
                Integer.class,
                "tensor-parallel ranks (default: the model's, or 1)"))
        .addOption(Specs.flag(Options.FUSED_QKV, "query, key and value projections as one weight"))
        .addOption(Specs.flag(GREEDY, "always take the most probable token"))
        .addOption(
            Specs.number(
                TEMPERATURE,
                "T",
                "flatten (above 1) or sharpen the probabilities (default: the model's)"))
        .addOption(
            Specs.wholeNumber(
                TOP_K, "K", Integer.class, "sample from the K most probable tokens; 0 for all"))
        .addOption(
            Specs.number(TOP_P, "P", "sample from the fewest tokens whose probabilities reach P"))
        .addOption(
            Specs.wholeNumber(SEED, "N", Long.class, "same seed, same text (default: a new one)"))
        .addOption(
            Specs.wholeNumber(
                MAX_NEW_TOKENS, "N", Integer.class, "end after N tokens (default: 256)"))
        .addOption(
            Specs.repeatable(STOP, "TEXT", "end before this text; may be given several times"))
        .addOption(Specs.value(PROMPT_IDS, "IDS", "prompt as token ids, such as 1,15,7; no PROMPT"))
        .addOption(Specs.flag(LOGPROBS, "report the log-probability of every token"))
        .addOption(
            Specs.value(
                TAPS, "GLOB", "inner tensors to record, such as 'layers.3.*'; needs " + DUMP))
        .addOption(Specs.value(DUMP, "FILE", "safetensors file for them"))
        .addOption(Specs.flag(Specs.JSON, "print one JSON object instead of the text"));
    Specs.withCommonOptions(spec);
    spec.addPositional(
        Specs.arguments("[PROMPT]", "text to continue; - reads it from standard input"));
    List<String> footer =
        new ArrayList<>(
            Specs.examples(
                "smollm3 generate \"Once upon a time\"",
                "smollm3 generate --greedy --max-new-tokens 20 --json \"The wolf said\"",
                "smollm3 generate --model ~/models/SmolLM3-3B --temperature 0.6 --top-p 0.95 - < FILE",
                "smollm3 generate --taps 'layers.3.*' --dump layer3.safetensors \"The fox\""));
    Specs.footer(spec, footer);
    return spec;
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    GenerateRequest request = request(parsed, console);
    if (parsed.matchedOptionValue(Specs.JSON, false)) {
      GenerateOutput.printJson(generator.generate(request, new Quiet(console)), console);
    } else {
      TextGenerator.Result result = generator.generate(request, new Streaming(console));
      GenerateOutput.printEnd(result, request, console);
    }
    return ExitCode.SUCCESS;
  }

  GenerateRequest request(ParseResult parsed, Console console) {
    Sampling sampling = sampling(parsed);
    OptionalInt maxNewTokens = Options.integer(parsed, MAX_NEW_TOKENS);
    if (maxNewTokens.isPresent() && maxNewTokens.getAsInt() < 1) {
      throw new InvalidRequestException(
          MAX_NEW_TOKENS + " wants at least 1, not " + maxNewTokens.getAsInt());
    }
    List<String> stop = parsed.matchedOptionValue(STOP, List.<String>of());
    if (stop.contains("")) {
      throw new InvalidRequestException(STOP + " wants a text, not an empty one");
    }
    return new GenerateRequest(
        Options.text(parsed, MODEL).map(value -> Options.path(MODEL, value)),
        Options.text(parsed, BACKEND),
        Options.backendOptions(parsed),
        Options.text(parsed, COMPILED).map(value -> Options.path(COMPILED, value)),
        Options.dtype(parsed),
        Options.ranks(parsed),
        parsed.matchedOptionValue(Options.FUSED_QKV, false),
        prompt(parsed, console),
        sampling,
        maxNewTokens,
        stop,
        parsed.matchedOptionValue(LOGPROBS, false),
        dump(parsed));
  }

  private static Sampling sampling(ParseResult parsed) {
    boolean greedy = parsed.matchedOptionValue(GREEDY, false);
    for (String option : List.of(TEMPERATURE, TOP_K, TOP_P, SEED)) {
      if (greedy && parsed.hasMatchedOption(option)) {
        throw new InvalidRequestException(
            GREEDY
                + " draws nothing at random, so "
                + option
                + " has no meaning; give one of them");
      }
    }
    return new Sampling(
        greedy,
        number(parsed, TEMPERATURE),
        Options.integer(parsed, TOP_K),
        number(parsed, TOP_P),
        parsed.hasMatchedOption(SEED)
            ? OptionalLong.of(parsed.<Long>matchedOptionValue(SEED, 0L))
            : OptionalLong.empty());
  }

  private static Prompt prompt(ParseResult parsed, Console console) {
    List<String> words = parsed.matchedPositionalValue(0, List.<String>of());
    Optional<String> ids = Options.text(parsed, PROMPT_IDS);
    if (words.size() > 1) {
      throw new InvalidRequestException(
          words.size() + " prompts given; put one prompt in quotes: \"" + firstWords(words) + "\"");
    }
    if (words.isEmpty() == ids.isEmpty()) {
      throw new InvalidRequestException(
          words.isEmpty()
              ? "no prompt given; try: smollm3 generate \"Once upon a time\""
              : "give a PROMPT or " + PROMPT_IDS + ", not both");
    }
    if (ids.isPresent()) {
      return new Prompt.OfIds(ids(ids.get()));
    }
    String prompt = words.get(0).equals("-") ? standardInput(console) : words.get(0);
    if (prompt.isEmpty()) {
      throw new InvalidRequestException("the prompt is empty; give some text to continue");
    }
    return new Prompt.OfText(prompt);
  }

  private static String firstWords(List<String> words) {
    String joined = OneLine.of(String.join(" ", words));
    return joined.codePointCount(0, joined.length()) <= 40
        ? joined
        : joined.substring(0, joined.offsetByCodePoints(0, 40)) + "...";
  }

  /** All of standard input, without the line end that {@code echo} adds. */
  private static String standardInput(Console console) {
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(console.in().readAllBytes()))
              .toString();
      return text.endsWith("\r\n")
          ? text.substring(0, text.length() - 2)
          : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    } catch (CharacterCodingException e) {
      throw new InvalidRequestException("the prompt on standard input is not UTF-8 text", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> ids(String text) {
    List<Integer> ids = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      try {
        int id = Integer.parseInt(part.strip());
        if (id < 0) {
          throw new InvalidRequestException(PROMPT_IDS + " holds the negative id " + id);
        }
        ids.add(id);
      } catch (NumberFormatException e) {
        throw new InvalidRequestException(
            PROMPT_IDS + " wants numbers with commas between, not " + OneLine.quote(text), e);
      }
    }
    return ids;
  }

  private static Optional<Dump> dump(ParseResult parsed) {
    Optional<String> taps = Options.text(parsed, TAPS);
    Optional<String> file = Options.text(parsed, DUMP);
    if (taps.isPresent() != file.isPresent()) {
      throw new InvalidRequestException(
          taps.isPresent()
              ? TAPS + " needs " + DUMP + " FILE, where the tensors go"
              : DUMP + " needs " + TAPS + " GLOB, which tensors to write");
    }
    if (file.isEmpty()) {
      return Optional.empty();
    }
    Path target = Options.path(DUMP, file.get());
    Path folder = Optional.ofNullable(target.toAbsolutePath().getParent()).orElse(target);
    if (!Files.isDirectory(folder)) {
      throw new InvalidRequestException(
          DUMP + ": there is no folder " + OneLine.quote(folder.toString()));
    }
    return Optional.of(new Dump(TapPattern.of(taps.orElseThrow()), target));
  }

  private static OptionalDouble number(ParseResult parsed, String option) {
    return parsed.hasMatchedOption(option)
        ? OptionalDouble.of(parsed.<Double>matchedOptionValue(option, 0.0))
        : OptionalDouble.empty();
  }

  /** Shows what takes a while, where someone is watching. */
  private record Quiet(Console console) implements TextGenerator.Listener {
    @Override
    public void status(String line) {
      if (console.interactive()) {
        console.err().println(OneLine.of(line));
      }
    }

    @Override
    public void text(String piece) {}
  }

  private record Streaming(Console console) implements TextGenerator.Listener {
    @Override
    public void status(String line) {
      new Quiet(console).status(line);
    }

    @Override
    public void text(String piece) {
      console.out().print(piece);
      console.out().flush();
    }
  }
}

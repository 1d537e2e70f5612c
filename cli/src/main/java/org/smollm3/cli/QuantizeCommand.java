package org.smollm3.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Quantizer;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.Int8Format;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.node.ObjectNode;

/** Rounds the weights of a checkpoint to int8. */
final class QuantizeCommand implements Command {
  private static final String GROUP = "--group";
  private static final String LABEL = "MODEL OUT";

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command("quantize", "Round the weights of a checkpoint to int8.")
            .addOption(
                Specs.wholeNumber(
                    GROUP,
                    "N",
                    Integer.class,
                    "columns that share a scale: 32 (default: a scale for each row)"))
            .addOption(Specs.flag(Specs.JSON, "print the result as JSON"));
    Specs.withCommonOptions(spec)
        .addPositional(
            Specs.arguments(
                LABEL, "model folder, and the folder to make, which must hold nothing"));
    Specs.footer(
        spec,
        List.of(
            "Matrices become int8 with bfloat16 scales, norms and biases stay; config.json says so,",
            "and the tokenizer is copied. OUT can be opened as a model by backends cpu and exact.",
            "docs/quantization.md has the errors. Without this command, the same rounding on every",
            "start: --backend cpu --backend-options weights=int8 (or int8-group32).",
            "",
            "Examples:",
            "  smollm3 quantize ~/models/SmolLM3-3B SmolLM3-3B-int8",
            "  smollm3 generate --model SmolLM3-3B-int8 \"Once upon a time\""));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    List<String> folders = Specs.positionals(parsed, LABEL, 2, 2);
    Path model = Options.path("MODEL", folders.get(0));
    Path out = Options.path("OUT", folders.get(1));
    Int8Format format = format(Options.integer(parsed, GROUP));
    Quantizer quantizer = Quantizer.of(FolderFiles.open(model), format);
    long start = System.nanoTime();
    try (ProgressLine progress =
        new ProgressLine("writing weights", quantizer.byteSize(), console)) {
      quantizer.write(out, progress::add);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (parsed.matchedOptionValue(Specs.JSON, false)) {
      ObjectNode root = Json.object();
      root.put("folder", out.toString());
      root.put("format", format.label());
      root.put("bytes", quantizer.byteSize());
      root.put("seconds", seconds);
      Json.print(root, console);
    } else {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%s: %s of weights as %s; %.1f s%n",
              OneLine.of(out.toString()),
              ProgressLine.size(quantizer.byteSize()),
              format.label(),
              seconds);
    }
    return ExitCode.SUCCESS;
  }

  private static Int8Format format(OptionalInt group) {
    if (group.isEmpty()) {
      return Int8Format.ROW;
    }
    if (group.getAsInt() != Int8Format.GROUP) {
      throw new InvalidRequestException(
          GROUP
              + " is "
              + group.getAsInt()
              + "; give "
              + Int8Format.GROUP
              + ", or leave it out for a scale for each row");
    }
    return Int8Format.GROUP_32;
  }
}

package org.smollm3.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.ShardedCheckpoint;
import org.smollm3.checkpoint.Sharder;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.node.ObjectNode;

/** Cuts a checkpoint for tensor-parallel ranks. */
final class ShardCommand implements Command {
  private static final String OUT = "--out";
  private static final String MODEL = "MODEL";

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command("shard", "Cut a checkpoint into one file for each tensor-parallel rank.")
            .addOption(Specs.wholeNumber(Options.TP, "N", Integer.class, "tensor-parallel ranks"))
            .addOption(
                Specs.flag(
                    Options.FUSED_QKV, "store query, key and value projections as one weight"))
            .addOption(
                Specs.value(
                    Options.DTYPE, "TYPE", "cast weights to f32 or bf16 (default: as stored)"))
            .addOption(Specs.value(OUT, "DIR", "the folder to make; must not hold anything yet"))
            .addOption(Specs.flag(Specs.JSON, "print the result as JSON"));
    Specs.withCommonOptions(spec).addPositional(Specs.arguments(MODEL, "model folder"));
    Specs.footer(
        spec,
        List.of(
            "Writes weights/tp{rank}_sharded_checkpoint.safetensors, with the names and shapes of",
            "Optimum Neuron, and config.json and the tokenizer beside, so that DIR can be opened as",
            "a model, with the same number of ranks.",
            "",
            "Examples:",
            "  smollm3 shard --tp 2 --out shards ~/models/SmolLM3-3B",
            "  smollm3 generate --model shards \"Once upon a time\""));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    Path model = Options.path(MODEL, Specs.positionals(parsed, MODEL, 1, 1).get(0));
    int degree =
        Options.ranks(parsed)
            .orElseThrow(() -> new InvalidRequestException("missing option " + Options.TP));
    Sharding sharding =
        Sharding.of(
            degree,
            parsed.matchedOptionValue(Options.FUSED_QKV, false)
                ? Sharding.Qkv.FUSED
                : Sharding.Qkv.SEPARATE);
    Optional<DType> dtype = Options.dtype(parsed);
    Path out =
        Options.text(parsed, OUT)
            .map(text -> Options.path(OUT, text))
            .orElseThrow(() -> new InvalidRequestException("missing option " + OUT));

    Sharder sharder = Sharder.of(FolderFiles.open(model), sharding, dtype);
    long start = System.nanoTime();
    try (ProgressLine progress = new ProgressLine("writing shards", sharder.byteSize(), console)) {
      sharder.write(out, progress::add);
    }
    report(parsed, console, out, degree, sharder.byteSize(), (System.nanoTime() - start) / 1e9);
    return ExitCode.SUCCESS;
  }

  private static void report(
      ParseResult parsed, Console console, Path out, int degree, long bytes, double seconds) {
    if (parsed.matchedOptionValue(Specs.JSON, false)) {
      ObjectNode root = Json.object();
      root.put("folder", out.toString());
      root.put("tp", degree);
      root.put("fused_qkv", parsed.matchedOptionValue(Options.FUSED_QKV, false));
      root.put("bytes", bytes);
      root.put("seconds", seconds);
      Json.print(root, console);
      return;
    }
    console
        .out()
        .printf(
            Locale.ROOT,
            "%s: %s in %d file%s under %s; %.1f s, %.0f MB/s%n",
            OneLine.of(out.toString()),
            ProgressLine.size(bytes),
            degree,
            degree == 1 ? "" : "s",
            ShardedCheckpoint.FOLDER,
            seconds,
            bytes / 1e6 / Math.max(seconds, 1e-3));
  }
}

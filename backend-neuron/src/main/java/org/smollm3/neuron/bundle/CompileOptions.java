package org.smollm3.neuron.bundle;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigBuilder;
import org.smollm3.neuron.trace.CustomCall;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.Tool.Invocation;
import org.smollm3.spi.Tool.Option;
import org.smollm3.tensor.DType;

/**
 * What {@code smollm3 compile} was asked for.
 *
 * @param model the snapshot
 * @param out the folder to make
 * @param runs to record of each graph
 * @param neffs what is made of the graphs
 */
record CompileOptions(
    Path model,
    Path out,
    NeuronConfig config,
    TraceOptions trace,
    int runs,
    Optional<Path> promptIds,
    NeffOptions neffs) {

  /** Those for the graphs; {@link NeffOptions#ALL} are the others. */
  static final List<Option> ALL =
      List.of(
          new Option("--out", "DIR", "the folder to make; must not hold anything yet", ""),
          new Option("--tp", "N", "tensor-parallel ranks", "1"),
          new Option("--batch-size", "N", "rows of token generation", "1"),
          new Option("--max-batch-size", "N", "sequences in the cache (default: batch size)", ""),
          new Option("--sequence-length", "N", "positions of a sequence", "128"),
          new Option("--max-context-length", "N", "longest prompt (default: sequence length)", ""),
          new Option("--prefill-chunk-size", "N", "prompts in chunks of N tokens; 0: whole", "0"),
          new Option("--speculation-length", "N", "tokens of a speculation graph; 0: none", "0"),
          new Option("--dtype", "TYPE", "f32 or bf16, of weights, arithmetic and cache", "bf16"),
          new Option("--max-topk", "N", "candidates of the sampler on the device", "256"),
          new Option(
              "--attention-tile",
              "N",
              "prompts attend to more keys than N in tiles of N",
              Integer.toString(TraceOptions.DEFAULT_ATTENTION_TILE)),
          new Option(
              "--custom-calls",
              "LIST",
              "leave these to the compiler: rms-norm, softmax, silu, top-k, arg-max, all",
              ""),
          new Option("--record-runs", "N", "runs of each graph to record by the evaluator", "0"),
          new Option(
              "--prompt-ids", "FILE", "token ids of their prompts, as JSON or a prompt a line", ""),
          Option.flag("--fused-qkv", "query, key and value projections as one weight"),
          Option.flag("--on-device-sampling", "graphs choose tokens instead of returning logits"),
          Option.flag("--output-logits", "return logits beside the chosen tokens"),
          Option.flag("--continuous-batching", "sequences join and leave a running batch"));

  static CompileOptions of(Invocation invocation) {
    int batch = number(invocation, "--batch-size", 1);
    int sequence = number(invocation, "--sequence-length", 128);
    NeuronConfigBuilder builder =
        NeuronConfig.builder()
            .tpDegree(number(invocation, "--tp", 1))
            .batchSize(batch)
            .maxBatchSize(number(invocation, "--max-batch-size", batch))
            .sequenceLength(sequence)
            .maxContextLength(number(invocation, "--max-context-length", sequence))
            .prefillChunkSize(number(invocation, "--prefill-chunk-size", 0))
            .speculationLength(number(invocation, "--speculation-length", 0))
            .torchDtype(dtype(invocation.value("--dtype").orElse("bf16")))
            .target(invocation.value("--target").orElse("trn1"))
            .fusedQkv(invocation.flag("--fused-qkv"))
            .onDeviceSampling(invocation.flag("--on-device-sampling"))
            .outputLogits(invocation.flag("--output-logits"))
            .continuousBatching(invocation.flag("--continuous-batching"))
            .maxTopk(number(invocation, "--max-topk", 256));
    TraceOptions trace =
        TraceOptions.defaults()
            .withAttentionTile(
                number(invocation, "--attention-tile", TraceOptions.DEFAULT_ATTENTION_TILE))
            .withCustomCalls(customCalls(invocation.value("--custom-calls").orElse("")));
    int runs = number(invocation, "--record-runs", 0);
    if (runs < 0) {
      throw new InvalidRequestException("--record-runs is " + runs + "; give 0 or more");
    }
    if (runs > 0 && !trace.customCalls().isEmpty()) {
      throw new InvalidRequestException(
          "--custom-calls go with --record-runs 0: no other XLA could repeat the runs");
    }
    return new CompileOptions(
        path("MODEL", invocation.arguments().get(0)),
        path("--out", invocation.required("--out")),
        builder.build(),
        trace,
        runs,
        invocation.value("--prompt-ids").map(text -> path("--prompt-ids", text)),
        NeffOptions.of(invocation));
  }

  private static int number(Invocation invocation, String option, int fallback) {
    return invocation.integer(option).orElse(fallback);
  }

  private static DType dtype(String text) {
    return switch (text) {
      case "f32" -> DType.F32;
      case "bf16" -> DType.BF16;
      default -> throw new InvalidRequestException("--dtype is '" + text + "'; give f32 or bf16");
    };
  }

  private static Set<CustomCall> customCalls(String text) {
    Set<CustomCall> calls = EnumSet.noneOf(CustomCall.class);
    for (String word : text.split(",", -1)) {
      String name = word.strip();
      if (name.equals("all")) {
        calls.addAll(EnumSet.allOf(CustomCall.class));
      } else if (!name.isEmpty()) {
        calls.add(customCall(name));
      }
    }
    return calls;
  }

  private static CustomCall customCall(String name) {
    return Arrays.stream(CustomCall.values())
        .filter(call -> label(call).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "--custom-calls names '"
                        + name
                        + "'; give all, or some of "
                        + Arrays.stream(CustomCall.values())
                            .map(CompileOptions::label)
                            .collect(Collectors.joining(", "))));
  }

  private static String label(CustomCall call) {
    return call.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Path path(String what, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new InvalidRequestException(what + " '" + text + "' is no path: " + e.getReason(), e);
    }
  }
}

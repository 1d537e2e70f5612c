package org.smollm3.bench;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Tool;
import org.smollm3.tensor.DType;

/**
 * What to measure.
 *
 * @param prompt tokens of a prefill
 * @param contexts how many positions are in the cache when decoding is measured, ascending
 * @param tokens decoded in one round
 * @param rounds of each measurement
 * @param chunk most tokens of a prefill at a time, on the way to a context
 * @param warmUp seconds of work before anything is measured
 */
record BenchPlan(
    int prompt,
    List<Integer> contexts,
    int tokens,
    int rounds,
    int chunk,
    int warmUp,
    DType arithmetic) {
  BenchPlan {
    contexts = List.copyOf(contexts);
  }

  static final List<Tool.Option> OPTIONS =
      List.of(
          new Tool.Option("--threads", "N", "threads, instead of one for each core", ""),
          new Tool.Option("--backend-options", "LIST", "name=value,... to open cpu with", ""),
          new Tool.Option("--prompt", "N", "tokens of the prompt whose prefill is measured", "512"),
          new Tool.Option(
              "--contexts", "N,...", "positions in the cache when decoding is measured", "16"),
          new Tool.Option("--tokens", "N", "tokens decoded in a round", "8"),
          new Tool.Option("--rounds", "N", "rounds, of which medians are shown", "5"),
          new Tool.Option("--chunk", "N", "most tokens of one prefill call", "512"),
          new Tool.Option("--warm-up", "SECONDS", "of work before anything is measured", "6"),
          new Tool.Option("--dtype", "TYPE", "arithmetic: f32 or bf16 (default: as stored)", ""));

  /**
   * @throws InvalidRequestException if an option is not what it should be
   */
  static BenchPlan of(Tool.Invocation invocation, SmolLm3Config config) {
    List<Integer> contexts = new ArrayList<>();
    for (String text : invocation.value("--contexts").orElse("16").split(",", -1)) {
      try {
        contexts.add(Integer.valueOf(text.strip()));
      } catch (NumberFormatException e) {
        throw new InvalidRequestException(
            "--contexts wants whole numbers separated by commas, not '" + text + "'", e);
      }
    }
    contexts.sort(null);
    BenchPlan plan =
        new BenchPlan(
            positive(invocation, "--prompt", 512),
            contexts,
            positive(invocation, "--tokens", 8),
            positive(invocation, "--rounds", 5),
            positive(invocation, "--chunk", 512),
            positive(invocation, "--warm-up", 6),
            arithmetic(invocation, config));
    if (contexts.getFirst() < 1) {
      throw new InvalidRequestException(
          "--contexts has " + contexts.getFirst() + "; give 1 or more");
    }
    if (plan.capacity() > config.maxPositionEmbeddings()) {
      throw new InvalidRequestException(
          "the longest context needs "
              + plan.capacity()
              + " positions, the model has "
              + config.maxPositionEmbeddings()
              + "; give smaller --contexts or --prompt");
    }
    return plan;
  }

  static int positive(Tool.Invocation invocation, String name, int fallback) {
    int value = invocation.integer(name).orElse(fallback);
    if (value < 1 || value > 1 << 24) {
      throw new InvalidRequestException(name + " is " + value + "; give 1 to " + (1 << 24));
    }
    return value;
  }

  private static DType arithmetic(Tool.Invocation invocation, SmolLm3Config config) {
    return switch (invocation.value("--dtype").orElse("")) {
      case "" -> config.dtype() == DType.BF16 ? DType.BF16 : DType.F32;
      case "f32" -> DType.F32;
      case "bf16" -> DType.BF16;
      default ->
          throw new InvalidRequestException(
              "--dtype is '" + invocation.required("--dtype") + "'; give f32 or bf16");
    };
  }

  static BackendOptions backend(Tool.Invocation invocation) {
    BackendOptions options =
        invocation
            .value("--backend-options")
            .map(BackendOptions::parse)
            .orElseGet(BackendOptions::defaults);
    return invocation.value("--threads").map(n -> options.with("threads", n)).orElse(options);
  }

  /** Positions that the cache needs. */
  int capacity() {
    return Math.max(prompt, contexts.getLast() + tokens);
  }
}

package org.smollm3.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.BackendOptions;
import org.smollm3.tensor.DType;
import picocli.CommandLine.ParseResult;

/** Options that several commands have, and the reading of their values. */
final class Options {
  static final String TP = "--tp";
  static final String FUSED_QKV = "--fused-qkv";
  static final String DTYPE = "--dtype";
  static final String BACKEND_OPTIONS = "--backend-options";

  private Options() {}

  /** The number of ranks asked for. */
  static OptionalInt ranks(ParseResult parsed) {
    OptionalInt degree = integer(parsed, TP);
    if (degree.isPresent()
        && (degree.getAsInt() < 1 || degree.getAsInt() > TensorParallelGroup.MOST_RANKS)) {
      throw new InvalidRequestException(
          TP + " wants 1 to " + TensorParallelGroup.MOST_RANKS + ", not " + degree.getAsInt());
    }
    return degree;
  }

  /** What the backend is to be opened with. */
  static BackendOptions backendOptions(ParseResult parsed) {
    return text(parsed, BACKEND_OPTIONS)
        .map(BackendOptions::parse)
        .orElseGet(BackendOptions::defaults);
  }

  /** F32 or BF16, if one is asked for. */
  static Optional<DType> dtype(ParseResult parsed) {
    return text(parsed, DTYPE)
        .map(
            text ->
                switch (text.toLowerCase(Locale.ROOT)) {
                  case "f32", "float32" -> DType.F32;
                  case "bf16", "bfloat16" -> DType.BF16;
                  default ->
                      throw new InvalidRequestException(
                          DTYPE + " wants f32 or bf16, not " + OneLine.quote(text));
                });
  }

  /** The value of an option, which must not be empty. */
  static Optional<String> text(ParseResult parsed, String option) {
    if (!parsed.hasMatchedOption(option)) {
      return Optional.empty();
    }
    String value = parsed.matchedOptionValue(option, "");
    if (value.isEmpty()) {
      throw new InvalidRequestException(option + " is empty");
    }
    return Optional.of(value);
  }

  static OptionalInt integer(ParseResult parsed, String option) {
    return parsed.hasMatchedOption(option)
        ? OptionalInt.of(parsed.<Integer>matchedOptionValue(option, 0))
        : OptionalInt.empty();
  }

  /**
   * @param option for the message
   */
  static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new InvalidRequestException(
          option + ": " + OneLine.quote(text) + " is no path: " + OneLine.of(e.getReason()), e);
    }
  }
}

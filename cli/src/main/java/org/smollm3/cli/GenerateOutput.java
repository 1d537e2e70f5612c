package org.smollm3.cli;

import java.util.Locale;
import org.smollm3.cli.TextGenerator.Result;
import org.smollm3.cli.TextGenerator.Token;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What {@code generate} prints beside the text itself. */
final class GenerateOutput {
  private GenerateOutput() {}

  /**
   * Ends the streamed text; reports log-probabilities if asked for, and the speed to a terminal.
   */
  static void printEnd(Result result, GenerateRequest request, Console console) {
    console.out().println();
    if (request.logProbabilities()) {
      console.out().println();
      TextTable table =
          new TextTable(TextTable.Align.RIGHT, TextTable.Align.RIGHT, TextTable.Align.LEFT);
      table.row("id", "log p", "text");
      for (Token token : result.tokens()) {
        String logProbability =
            token.logProbability().isPresent()
                ? String.format(Locale.ROOT, "%.4f", token.logProbability().getAsDouble())
                : "";
        table.row(token.id(), logProbability, escape(token.text()));
      }
      table.print(console.out());
    }
    console.out().flush();
    if (console.interactive()) {
      console.err().println(speed(result));
    }
  }

  /** One line: how much, how fast, by what. */
  static String speed(Result result) {
    int tokens = result.tokens().size();
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "[%d prompt + %d new tokens on %s, first after %.2f s",
            result.promptIds().size(),
            tokens,
            result.backend(),
            result.prefillSeconds()));
    if (tokens > 1 && result.decodeSeconds() > 0) {
      line.append(
          String.format(
              Locale.ROOT, ", then %.1f tokens/s", (tokens - 1) / result.decodeSeconds()));
    }
    return line.append(", ").append(result.finishReason()).append(']').toString();
  }

  static void printJson(Result result, Console console) {
    ObjectNode root = Json.object();
    root.put("model", result.model());
    root.put("backend", result.backend());
    root.put("backend_description", result.backendDescription());
    root.put("backend_reason", result.reason());
    ArrayNode promptIds = root.putArray("prompt_ids");
    result.promptIds().forEach(id -> promptIds.add(id.intValue()));
    root.put("text", result.text());
    ArrayNode ids = root.putArray("ids");
    result.tokens().forEach(token -> ids.add(token.id()));
    if (result.tokens().stream().anyMatch(token -> token.logProbability().isPresent())) {
      ArrayNode logProbabilities = root.putArray("log_probabilities");
      for (Token token : result.tokens()) {
        token.logProbability().ifPresentOrElse(logProbabilities::add, logProbabilities::addNull);
      }
    }
    root.put("finish_reason", result.finishReason());
    root.put("prefill_seconds", result.prefillSeconds());
    root.put("decode_seconds", result.decodeSeconds());
    Json.print(root, console);
  }

  /** Blanks and line ends made visible. */
  private static String escape(String text) {
    return "'" + text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + "'";
  }
}

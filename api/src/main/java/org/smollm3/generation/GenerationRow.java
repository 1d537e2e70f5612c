package org.smollm3.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.smollm3.text.SpecialText;
import org.smollm3.text.StreamingDecoder;
import org.smollm3.text.Tokenizer;

/** One sequence of a running generation: chooses its tokens and knows when it ends. */
final class GenerationRow {
  private final int index;
  private final int[] prompt;
  private final GenerationRequest request;
  private final int capacity;
  private final TokenChoice choice;
  private final Optional<StreamingDecoder> decoder;
  private final StopStringFilter filter;
  private final List<Integer> ids = new ArrayList<>();
  private final List<Double> logProbabilities = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private Optional<FinishReason> finished = Optional.empty();

  GenerationRow(
      int index,
      int[] prompt,
      GenerationRequest request,
      Optional<Tokenizer> tokenizer,
      int capacity,
      TokenChoice choice) {
    this.index = index;
    this.prompt = prompt;
    this.request = request;
    this.capacity = capacity;
    this.choice = choice;
    this.decoder = tokenizer.map(t -> t.decoder(SpecialText.SKIP));
    this.filter = request.stop().stopStringFilter();
  }

  /** Takes what the run gave, chooses the next token, and tells the listener. */
  void accept(RowOutput output, TokenListener listener) {
    int token = choice.choose(output);
    ids.add(token);
    OptionalDouble logProbability = OptionalDouble.empty();
    if (request.logProbabilities() == GenerationRequest.LogProbabilities.REPORT) {
      double value = Logits.logProbability(output.lastLogits(), token);
      logProbabilities.add(value);
      logProbability = OptionalDouble.of(value);
    }
    String piece = readable(token);
    text.append(piece);
    TokenListener.Flow flow =
        listener.onToken(new GeneratedToken(index, ids.size() - 1, token, piece, logProbability));
    if (finished.isEmpty() && flow == TokenListener.Flow.CANCEL) {
      finished = Optional.of(FinishReason.CANCELLED);
    }
  }

  /** The text that this token makes certain; also finds out whether it is the last one. */
  private String readable(int token) {
    boolean eos = request.stop().isEos(token);
    String decoded = eos ? "" : decoder.map(d -> d.push(token)).orElse("");
    StringBuilder piece = new StringBuilder(filter.push(decoded));
    if (filter.matched().isPresent()) {
      finished = Optional.of(FinishReason.STOP_STRING);
    } else if (eos) {
      finished = Optional.of(FinishReason.END_OF_TEXT);
    } else if (ids.size() == request.stop().maxNewTokens()) {
      finished = Optional.of(FinishReason.MAX_NEW_TOKENS);
    } else if (lastPosition() >= capacity) {
      finished = Optional.of(FinishReason.CONTEXT_LIMIT);
    }
    if (finished.isPresent()) {
      piece.append(filter.push(decoder.map(StreamingDecoder::finish).orElse("")));
      piece.append(filter.finish());
    }
    return piece.toString();
  }

  boolean isFinished() {
    return finished.isPresent();
  }

  /** The prompt, in the cache slot of this row's index. */
  RowRequest promptRequest() {
    return drawing(RowRequest.prompt(index, prompt));
  }

  /** The last token chosen, to be run. */
  RowRequest nextRequest() {
    return drawing(RowRequest.at(index, lastPosition(), ids.get(ids.size() - 1)));
  }

  private RowRequest drawing(RowRequest request) {
    return choice.draw().map(request::drawing).orElse(request);
  }

  /** Position of the last token. */
  private int lastPosition() {
    return prompt.length + ids.size() - 1;
  }

  GenerationResult result() {
    return new GenerationResult(
        IntStream.of(prompt).boxed().toList(),
        ids,
        text.toString(),
        logProbabilities,
        finished.orElseThrow());
  }
}

package org.smollm3.neuron.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenIds;
import org.smollm3.text.Tokenizer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The prompts of recorded runs, as token ids. */
final class PromptIds {
  private static final List<String> TEXTS =
      List.of(
          "Once upon a time",
          "The little dog",
          "One day, a girl named Lily went to the park with her mom.",
          "Tom");

  private PromptIds() {}

  /** What the tokenizer makes of a few texts. */
  static List<TokenIds> ofTexts(SmolLm3Model model) {
    if (!model.hasTokenizer()) {
      throw new InvalidRequestException(
          model.location()
              + " has no tokenizer for the prompts of recorded runs; give --prompt-ids FILE, or"
              + " --record-runs 0");
    }
    Tokenizer tokenizer = model.tokenizer();
    return TEXTS.stream().map(text -> TokenIds.of(tokenizer.encode(text))).toList();
  }

  /**
   * Reads a file: JSON, a list of prompts, each a list of ids (or one such list); or plain text, a
   * prompt a line, its ids between spaces or commas.
   *
   * @throws InvalidRequestException if it is neither, or an id is not of the vocabulary
   */
  static List<TokenIds> read(Path file, int vocabSize) {
    String text;
    try {
      text = Files.readString(file).strip();
    } catch (IOException e) {
      throw new InvalidRequestException(
          file + " cannot be read as text: " + e.getMessage() + "; name a file of token ids", e);
    }
    List<List<Integer>> rows = text.startsWith("[") ? json(file, text) : lines(file, text);
    if (rows.isEmpty()) {
      throw new InvalidRequestException(file + " holds no prompt; give at least one");
    }
    List<TokenIds> prompts = new ArrayList<>();
    for (List<Integer> row : rows) {
      if (row.isEmpty()) {
        throw new InvalidRequestException(file + ": prompt " + prompts.size() + " is empty");
      }
      for (int id : row) {
        if (id < 0 || id >= vocabSize) {
          throw new InvalidRequestException(
              file
                  + ": prompt "
                  + prompts.size()
                  + " has the token "
                  + id
                  + ", but the vocabulary has "
                  + vocabSize);
        }
      }
      prompts.add(TokenIds.of(row.stream().mapToInt(Integer::intValue).toArray()));
    }
    return prompts;
  }

  private static List<List<Integer>> json(Path file, String text) {
    JsonNode root;
    try {
      root = JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      throw new InvalidRequestException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
    boolean single = !root.isEmpty() && root.get(0).isNumber();
    List<List<Integer>> rows = new ArrayList<>();
    for (JsonNode row : single ? List.of(root) : root) {
      List<Integer> ids = new ArrayList<>();
      for (JsonNode id : row) {
        if (!row.isArray() || !id.canConvertToInt() || !id.isIntegralNumber()) {
          throw new InvalidRequestException(
              file + ": " + id + " is no token id; give lists of ids, such as [[1, 2], [3]]");
        }
        ids.add(id.asInt());
      }
      rows.add(ids);
    }
    return rows;
  }

  private static List<List<Integer>> lines(Path file, String text) {
    List<List<Integer>> rows = new ArrayList<>();
    for (String line : text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList()) {
      List<Integer> ids = new ArrayList<>();
      for (String word : Arrays.asList(line.split("[\\s,]+"))) {
        try {
          ids.add(Integer.valueOf(word));
        } catch (NumberFormatException e) {
          throw new InvalidRequestException(
              file + ": '" + word + "' is no token id; give a prompt a line, ids between spaces",
              e);
        }
      }
      rows.add(ids);
    }
    return rows;
  }
}

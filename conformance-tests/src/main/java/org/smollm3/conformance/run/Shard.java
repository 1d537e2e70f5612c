package org.smollm3.conformance.run;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.smollm3.error.InvalidRequestException;

/**
 * A part of a run: of all its cases, counted over all its rules, every {@code count}-th.
 *
 * @param index from 0, below {@code count}
 */
public record Shard(int index, int count) {
  public static final Shard WHOLE = new Shard(0, 1);

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})/([0-9]{1,6})");

  public Shard {
    if (index < 0 || index >= count) {
      throw new InvalidRequestException(
          "no shard " + index + "/" + count + "; of N shards the first is 0/N, the last N-1/N");
    }
  }

  /**
   * From a text such as {@code 0/4}.
   *
   * @throws InvalidRequestException if it is none
   */
  public static Shard of(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new InvalidRequestException("'" + text + "' is no shard; write it as 0/4");
    }
    return new Shard(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** How many numbers it has from {@code from} on and below {@code to}. */
  long count(long from, long to) {
    return below(to) - below(from);
  }

  private long below(long limit) {
    return (limit + count - 1 - index) / count;
  }

  boolean has(long number) {
    return number % count == index;
  }

  @Override
  public String toString() {
    return index + "/" + count;
  }
}

package org.smollm3.spi;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Names of taps, as comma-separated globs: {@code *} stands for any characters, dots included, and
 * {@code ?} for one character. {@code layers.3.*} is all of layer 3.
 */
public final class TapPattern {
  /** Matches nothing. */
  public static final TapPattern NONE = new TapPattern("", List.of());

  private final String glob;
  private final List<Pattern> patterns;

  private TapPattern(String glob, List<Pattern> patterns) {
    this.glob = glob;
    this.patterns = patterns;
  }

  public static TapPattern of(String glob) {
    return new TapPattern(
        glob,
        Arrays.stream(glob.split(",", -1))
            .map(String::strip)
            .filter(part -> !part.isEmpty())
            .map(TapPattern::compile)
            .toList());
  }

  private static Pattern compile(String glob) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString());
  }

  public boolean matches(String name) {
    for (Pattern pattern : patterns) {
      if (pattern.matcher(name).matches()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String toString() {
    return glob;
  }
}

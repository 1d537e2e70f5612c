package org.smollm3.conformance.mutants;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.smollm3.spi.MutantSource.Mutant;

/**
 * The closed list of reasons why a mutant may be as good as the right graph. A reason alone is not
 * enough: the mutant must give the same bits as well.
 */
enum Equivalence {
  /** The score of what is not seen: of any number so low the exponential is zero. */
  MASKED_SCORE("constant", "constant\\(-1\\.0+e\\+09\\).*is -(2|5)\\.0E[89]");

  private final String kind;
  private final Pattern pattern;

  /**
   * @param kind of the mutant
   * @param pattern of its instruction and change
   */
  Equivalence(String kind, String pattern) {
    this.kind = kind;
    this.pattern = Pattern.compile(pattern);
  }

  static Optional<Equivalence> of(Mutant mutant) {
    for (Equivalence reason : values()) {
      if (mutant.kind().matches(reason.kind)
          && reason.pattern.matcher(mutant.instruction() + " | " + mutant.change()).find()) {
        return Optional.of(reason);
      }
    }
    return Optional.empty();
  }

  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}

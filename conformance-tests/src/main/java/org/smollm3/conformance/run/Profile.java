package org.smollm3.conformance.run;

import java.util.Locale;
import org.smollm3.conformance.check.Tries;
import org.smollm3.error.InvalidRequestException;

/** How much is tried. */
public enum Profile {
  /** At most ten seconds. */
  QUICK,
  /** A few minutes. */
  STANDARD,
  /** As long as it takes. */
  FULL;

  int tries(Tries tries) {
    return switch (this) {
      case QUICK -> tries.quick();
      case STANDARD -> tries.standard();
      case FULL -> tries.full();
    };
  }

  /** In lower case, as it is written on the command line and in reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws InvalidRequestException if there is no such profile
   */
  public static Profile of(String label) {
    for (Profile profile : values()) {
      if (profile.label().equals(label)) {
        return profile;
      }
    }
    throw new InvalidRequestException(
        "no profile '" + label + "'; there are quick, standard and full");
  }
}

package org.smollm3.neuron.neff;

import java.util.Locale;
import java.util.Optional;

/** Generations of Neuron devices, by the names in NEFFs and those of instance families. */
public enum NeuronArchitecture {
  /** Trainium and Inferentia 2. */
  SUNDA("v2", "trn1"),
  /** Trainium 2. */
  CAYMAN("v3", "trn2"),
  /** Trainium 3. */
  MARIANA("v4", "trn3");

  private final String version;
  private final String family;

  NeuronArchitecture(String version, String family) {
    this.version = version;
    this.family = family;
  }

  /** The instance family that Optimum's {@code target} names, such as {@code trn1}. */
  public String family() {
    return family;
  }

  /** What a NEFF was compiled for, such as {@code sunda} or {@code v2}. */
  static Optional<NeuronArchitecture> ofTarget(String target) {
    for (NeuronArchitecture architecture : values()) {
      boolean named = architecture.name().equalsIgnoreCase(target);
      if (named || architecture.version.equals(target)) {
        return Optional.of(architecture);
      }
    }
    return Optional.empty();
  }

  /** The architecture of an instance family; {@code inf2} is as {@code trn1}. */
  public static Optional<NeuronArchitecture> ofFamily(String family) {
    if (family.equals("inf2")) {
      return Optional.of(SUNDA);
    }
    for (NeuronArchitecture architecture : values()) {
      if (architecture.family.equals(family)) {
        return Optional.of(architecture);
      }
    }
    return Optional.empty();
  }

  /** As a NEFF names it. */
  String target() {
    return name().toLowerCase(Locale.ROOT);
  }
}

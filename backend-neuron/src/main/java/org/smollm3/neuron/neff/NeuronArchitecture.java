package org.smollm3.neuron.neff;

import java.util.Locale;
import java.util.Optional;

/** Generations of Neuron devices, by the names in NEFFs and those of instance families. */
public enum NeuronArchitecture {
  /** Trainium and Inferentia 2. */
  SUNDA("v2", "trn1", 1),
  /** Trainium 2. */
  CAYMAN("v3", "trn2", 2),
  /** Trainium 3. */
  MARIANA("v4", "trn3", 2);

  private final String version;
  private final String family;
  private final int mostLogicalCores;

  NeuronArchitecture(String version, String family, int mostLogicalCores) {
    this.version = version;
    this.family = family;
    this.mostLogicalCores = mostLogicalCores;
  }

  /** The instance family that Optimum's {@code target} names, such as {@code trn1}. */
  public String family() {
    return family;
  }

  /** The largest LNC: so many physical cores can form a logical one. */
  public int mostLogicalCores() {
    return mostLogicalCores;
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

  /** The architecture of an instance family; {@code inf2} and {@code trn1n} are as {@code trn1}. */
  public static Optional<NeuronArchitecture> ofFamily(String family) {
    if (family.equals("inf2") || family.equals("trn1n")) {
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

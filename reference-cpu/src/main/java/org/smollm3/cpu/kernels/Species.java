package org.smollm3.cpu.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of kernels whose results do not depend on the width, because every lane is computed
 * by itself: as wide as those of the {@link Lanes} that run, up to the 16 virtual lanes. C2 learns
 * from the profiles of the Vector API's methods of which class vectors are; where they have seen
 * two widths it boxes the vectors of the hottest loops, twenty times slower. So a JVM should use
 * one width only.
 */
final class Species {
  /** System property that forces the width of the vectors: 128, 256 or 512. */
  static final String PROPERTY = "smollm3.vectorBits";

  static final VectorSpecies<Float> FLOATS =
      switch (System.getProperty(PROPERTY, "").strip()) {
        case "128" -> FloatVector.SPECIES_128;
        case "256" -> FloatVector.SPECIES_256;
        case "512" -> FloatVector.SPECIES_512;
        default ->
            FloatVector.SPECIES_PREFERRED.length() > Layout.LANES
                ? FloatVector.SPECIES_512
                : FloatVector.SPECIES_PREFERRED;
      };

  static final VectorSpecies<Integer> INTS =
      switch (FLOATS.vectorBitSize()) {
        case 128 -> IntVector.SPECIES_128;
        case 256 -> IntVector.SPECIES_256;
        case 512 -> IntVector.SPECIES_512;
        default -> IntVector.SPECIES_64;
      };

  private Species() {}
}

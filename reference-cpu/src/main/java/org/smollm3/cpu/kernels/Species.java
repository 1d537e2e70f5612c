package org.smollm3.cpu.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of kernels whose results do not depend on the width, because every lane is computed
 * by itself: the widest the hardware has, up to the 16 virtual lanes.
 */
final class Species {
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > Layout.LANES
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS =
      FLOATS.length() == Layout.LANES ? IntVector.SPECIES_512 : IntVector.SPECIES_PREFERRED;

  private Species() {}
}

package org.smollm3.generation;

/**
 * The generator SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014, with the constants of Vigna's splitmix64.c). Written out so that a seed gives
 * the same tokens on every JDK.
 */
final class SplitMix64 {
  private long state;

  SplitMix64(long seed) {
    state = seed;
  }

  long nextLong() {
    state += 0x9e37_79b9_7f4a_7c15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
    return z ^ (z >>> 31);
  }

  /** The next number of at least 0 and less than 1, a multiple of 2^-53. */
  double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** The next number of at least 0 and less than 1, a multiple of 2^-24. */
  float nextFloat() {
    return (nextLong() >>> 40) * 0x1.0p-24f;
  }
}

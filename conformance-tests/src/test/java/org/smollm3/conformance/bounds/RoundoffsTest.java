package org.smollm3.conformance.bounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Determinism;
import org.smollm3.spi.NumericsProfile.Rounding;
import org.smollm3.spi.NumericsProfile.Subnormals;
import org.smollm3.tensor.DType;

class RoundoffsTest {
  /** The judge's own part in a unit. */
  private static final double ITS_OWN = 0x1p-19;

  private static NumericsProfile profile(DType accumulation, Rounding rounding) {
    return new NumericsProfile(
        accumulation, accumulation, rounding, Subnormals.KEPT, Determinism.BITWISE, Set.of());
  }

  private static void assertUnit(double unit, double expected) {
    assertThat(unit / expected).isCloseTo(1, within(ITS_OWN));
  }

  @Test
  void aUnitIsThatOfTheTypeAndOfItsRounding() {
    Roundoffs nearest = new Roundoffs(profile(DType.F32, Rounding.NEAREST_EVEN));
    assertUnit(nearest.unit(DType.F32), 0x1p-24);
    assertUnit(nearest.unit(DType.BF16), 0x1p-8);
    assertUnit(new Roundoffs(profile(DType.F32, Rounding.TRUNCATE)).unit(DType.BF16), 0x1p-7);
  }

  /** Whatever type is asked for, what is computed is carried in that of the accumulation. */
  @Test
  void whoRoundsNothingHasTheUnitOfWhatItCarries() {
    Roundoffs none = new Roundoffs(profile(DType.F64, Rounding.NONE));
    for (DType dtype : new DType[] {DType.BF16, DType.F32, DType.F64}) {
      assertUnit(none.unit(dtype), 0x1p-53);
      assertThat(none.underflow(dtype)).isEqualTo(Double.MIN_VALUE);
    }
    assertUnit(none.function(), 8 * 0x1p-53);
    assertUnit(none.gamma(100), 100 * 0x1p-53);
  }

  @Test
  void independentRoundingsOfASumGrowWithTheRootOfTheirNumber() {
    NumericsProfile profile = profile(DType.F32, Rounding.NEAREST_EVEN);
    Roundoffs worst = new Roundoffs(profile, Roundoffs.Sums.WORST);
    Roundoffs likely = new Roundoffs(profile, Roundoffs.Sums.LIKELY);
    assertThat(worst.gamma(400)).isCloseTo(400 * 0x1p-24, within(0x1p-24));
    assertThat(likely.gamma(400)).isCloseTo(4 * 20 * 0x1p-24, within(0x1p-24));
    // up to 16 terms the worst is less
    assertThat(likely.gamma(9)).isEqualTo(worst.gamma(9));
  }
}

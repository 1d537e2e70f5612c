package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SharesTest {
  @Property
  void coverAllRowsOnceAndShrink(
      @ForAll @IntRange(min = 1, max = 200_000) int rows,
      @ForAll @IntRange(min = 1, max = 64) int threads,
      @ForAll @IntRange(min = 1, max = 4096) int least) {
    Shares shares = Shares.of(rows, threads, least);
    int next = 0;
    for (int i = 0; i < shares.count(); i++) {
      assertThat(shares.first(i)).isEqualTo(next);
      assertThat(shares.rows(i)).isPositive();
      if (i > 0) {
        assertThat(shares.rows(i)).isLessThanOrEqualTo(shares.rows(i - 1));
      }
      if (i + 1 < shares.count()) {
        assertThat(shares.rows(i)).isGreaterThanOrEqualTo(least);
      }
      next += shares.rows(i);
    }
    assertThat(next).isEqualTo(rows);
  }

  @Test
  void twoThreadsTakeAQuarterEachFirst() {
    Shares shares = Shares.of(2048, 2, 32);
    assertThat(shares.rows(0)).isEqualTo(512);
    assertThat(shares.rows(1)).isEqualTo(384);
    assertThat(shares.rows(shares.count() - 1)).isLessThanOrEqualTo(32);
    assertThat(shares.count()).isLessThan(20);
  }
}

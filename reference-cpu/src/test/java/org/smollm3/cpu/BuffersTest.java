package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class BuffersTest {
  @Test
  void releasedMemoryIsTakenAgain() {
    try (Buffers buffers = new Buffers()) {
      Buffers.Buffer first = buffers.take(5000);
      long address = first.segment().address();
      assertThat(first.segment().byteSize()).isEqualTo(5000);
      assertThat(address % 64).isZero();
      first.release();
      long allocated = buffers.allocated();
      assertThat(buffers.take(5100).segment().address()).isEqualTo(address);
      assertThat(buffers.allocated()).isEqualTo(allocated);
      assertThat(buffers.take(5100).segment().address()).isNotEqualTo(address);
    }
  }

  @Test
  void sharedMemoryIsFreeAfterItsLastUser() {
    try (Buffers buffers = new Buffers()) {
      Buffers.Buffer shared = buffers.take(100);
      shared.retain();
      shared.release();
      assertThat(buffers.take(100).segment().address()).isNotEqualTo(shared.segment().address());
      shared.release();
      assertThat(buffers.take(100).segment().address()).isEqualTo(shared.segment().address());
    }
  }

  @Test
  void sizeClassesWasteAtMostAQuarter() {
    assertThat(Buffers.sizeClass(0)).isEqualTo(256);
    assertThat(Buffers.sizeClass(257)).isEqualTo(320);
    assertThat(Buffers.sizeClass(512)).isEqualTo(512);
    for (long bytes = 256; bytes < 1 << 20; bytes += 37) {
      assertThat(Buffers.sizeClass(bytes)).isBetween(bytes, bytes + bytes / 4 + 1);
    }
  }

  @Test
  void closingFreesEverythingAndTwiceIsHarmless() {
    Buffers buffers = new Buffers();
    Buffers.Buffer buffer = buffers.take(8);
    buffers.close();
    buffers.close();
    assertThatThrownBy(() -> buffer.segment().get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}

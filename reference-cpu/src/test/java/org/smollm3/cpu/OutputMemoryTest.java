package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class OutputMemoryTest {
  private final OutputMemory memory = new OutputMemory();

  private static HostTensor values(float... values) {
    return HostTensor.ofFloats(Shape.of(values.length), values);
  }

  private static long address(HostTensor tensor) {
    return tensor.segment().address();
  }

  @Test
  void outputsOfOneRunAreApartFromEachOtherAndFromWhatTheyCopy() {
    HostTensor source = values(1, 2, 3);
    memory.startRun();
    HostTensor first = memory.copy(source);
    HostTensor second = memory.copy(source);
    source.setFloat(0, 7);
    second.setFloat(1, 8);
    assertThat(first.toFloatArray()).containsExactly(1, 2, 3);
    assertThat(second.toFloatArray()).containsExactly(1, 8, 3);
  }

  @Test
  void theNextRunTakesTheMemoryOfTheLast() {
    memory.startRun();
    long first = address(memory.copy(values(1, 2)));
    long second = address(memory.copy(values(3, 4)));
    memory.startRun();
    HostTensor again = memory.copy(values(5, 6));
    assertThat(again.toFloatArray()).containsExactly(5, 6);
    assertThat(address(again)).isIn(first, second);
    assertThat(address(memory.copy(values(5, 6)))).isIn(first, second).isNotEqualTo(address(again));
    assertThat(address(memory.copy(values(5, 6)))).isNotIn(first, second);
  }

  @Test
  void memoryThatARunDidNotUseIsNotKept() {
    memory.startRun();
    HostTensor first = memory.copy(values(1, 2, 3));
    memory.startRun();
    memory.copy(values(1));
    memory.startRun();
    assertThat(address(memory.copy(values(4, 5, 6)))).isNotEqualTo(address(first));
    assertThat(first.toFloatArray()).containsExactly(1, 2, 3);
  }
}

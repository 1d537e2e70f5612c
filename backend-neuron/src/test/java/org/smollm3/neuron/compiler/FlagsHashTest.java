package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FlagsHashTest {
  @Test
  void isTheOneOfPublishedCaches() {
    assertThat(FlagsHash.of(List.of("--target=trn1"))).isEqualTo("e30acd3a");
  }

  @Test
  void listsAreWrittenAsPythonWritesThem() {
    assertThat(FlagsHash.json(List.of())).isEqualTo("[]");
    assertThat(FlagsHash.json(List.of("a b", "\"\\/", "\n\r\t\b\f\u0001\u007f", "é€😀")))
        .isEqualTo(
            "[\"a b\",\"\\\"\\\\/\",\"\\n\\r\\t\\b\\f\\u0001\u007f\","
                + "\"\\u00e9\\u20ac\\ud83d\\ude00\"]");
  }

  @Test
  void theConsolesVerbosityDoesNotCount() {
    assertThat(FlagsHash.significant(List.of("--verbose=35", "-O1", "--verbose", "info", "--x")))
        .containsExactly("-O1", "--x");
  }
}

package org.smollm3.conformance.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.smollm3.error.BackendException;

class AppExampleTest {
  private static String run(String... names) {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      AppExample.main(names);
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  @ResourceLock("java.lang.System.out")
  void itOpensBackendsByNameAndByDefaultAndSaysWhy() {
    assertThat(run("exact", "cpu"))
        .contains("backend 'cpu'")
        .contains("chosen: available with the highest priority")
        .contains("'neuron' is unavailable: libnrt.so.1 not found")
        .containsPattern("Once upon a time.{5,}");
    assertThatThrownBy(() -> run("tpu"))
        .isInstanceOf(BackendException.class)
        .hasMessage("unknown backend 'tpu'; there are: neuron, cpu, exact");
  }
}

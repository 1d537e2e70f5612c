package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.spi.Availability;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** A Java that was started without jdk.incubator.vector, in a process of its own. */
@Timeout(120)
class WithoutVectorModuleTest {
  @Test
  void scalarTwinsRunAndGiveTheSameBits() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-Dsmollm3.threads=2",
                Program.class.getName())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output.lines())
        .contains(
            "scalar twins of the vector kernels, slow, 2 threads; for speed start java with"
                + " --add-modules jdk.incubator.vector",
            "hash " + Program.hash(512));
  }

  /** What runs there. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      System.out.println(((Availability.Available) new CpuBackendProvider().probe()).details());
      System.out.println("hash " + hash(0));
    }

    /** Of the bits of a norm and a linear layer. */
    static int hash(int bits) {
      Random random = new Random(3);
      HostTensor x = Bodies.random(DType.BF16, random, 1, 3, 70);
      HostTensor w = Bodies.random(DType.BF16, random, 40, 70);
      HostTensor norm = Bodies.random(DType.BF16, random, 70);
      HostTensor y =
          Bodies.cpu(
              2,
              bits,
              CpuOps::new,
              (ops, t, s) -> {
                var normed = ops.rmsNorm(t.get(0), t.get(2), 1e-6);
                return ops.linear(normed, t.get(1), Optional.empty(), DType.F32);
              },
              List.of(),
              x,
              w,
              norm);
      return java.util.Arrays.hashCode(y.toFloatArray());
    }
  }
}

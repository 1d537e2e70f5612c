package org.smollm3.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.spi.BackendOptions;

/** What runs in each JVM of {@link FreshJvms}: the kernels, for some seconds. */
public final class FreshJvm {
  private FreshJvm() {}

  /**
   * Writes a line for each kernel: its best share of the multiply-add peak, a blank, its name.
   *
   * @param args the number of threads, the seconds, and the file to write
   * @throws IOException if the file cannot be written
   */
  public static void main(String[] args) throws IOException {
    BackendOptions options = BackendOptions.defaults().with("threads", args[0]);
    try (MeasuredCpu cpu = MeasuredCpu.open(options);
        SelfTest test = new SelfTest(cpu)) {
      List<SelfTest.Result> results = test.best(Double.parseDouble(args[1]));
      List<String> lines = new ArrayList<>();
      for (SelfTest.Result result : results) {
        lines.add(String.format(Locale.ROOT, "%.6f %s", result.share(), result.name()));
      }
      Files.write(Path.of(args[2]), lines);
    }
  }
}

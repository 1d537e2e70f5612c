package org.smollm3.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.spi.BackendOptions;

/** What runs in each JVM of {@link FreshJvms}: the kernels, for some seconds. */
public final class FreshJvm {
  private FreshJvm() {}

  /**
   * Prints a line for each kernel: its best share of the multiply-add peak, a blank, its name.
   *
   * @param args the number of threads or nothing for one for each core, and the seconds
   */
  public static void main(String[] args) {
    BackendOptions options =
        new BackendOptions(args[0].isEmpty() ? Map.of() : Map.of("threads", args[0]));
    try (MeasuredCpu cpu = MeasuredCpu.open(options);
        SelfTest test = new SelfTest(cpu)) {
      List<SelfTest.Result> results = test.best(Double.parseDouble(args[1]));
      for (SelfTest.Result result : results) {
        System.out.printf(Locale.ROOT, "%s%.6f %s%n", MARK, result.share(), result.name());
      }
    }
  }

  /** Sets results apart from what a JVM may say. */
  static final String MARK = "share ";
}

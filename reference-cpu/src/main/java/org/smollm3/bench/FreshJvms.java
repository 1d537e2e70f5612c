package org.smollm3.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.error.BackendException;
import org.smollm3.spi.BackendOptions;

/**
 * The kernels in several JVMs, one after the other, each new and with no option that matters for
 * speed: whether every one of them gets fast.
 */
final class FreshJvms {
  /** Of the best JVM's speed. */
  private static final double GOAL = 0.9;

  private final Map<String, List<Double>> shares = new LinkedHashMap<>();
  private final String threads;

  FreshJvms(String threads) {
    this.threads = threads;
  }

  /**
   * Runs them.
   *
   * @param threads of the kernels in each
   * @param seconds how long the kernels run in each
   * @throws BackendException if one cannot be started or fails
   */
  static FreshJvms run(int count, String threads, double seconds, Consumer<String> progress) {
    // A number of threads that is none is refused here, not by the first JVM.
    MeasuredCpu.open(BackendOptions.defaults().with("threads", threads)).close();
    FreshJvms all = new FreshJvms(threads);
    for (int i = 1; i <= count; i++) {
      progress.accept("JVM " + i + " of " + count);
      all.start(seconds);
    }
    return all;
  }

  private void start(double seconds) {
    try {
      Path results = Files.createTempFile("smollm3-fresh-jvm", ".txt");
      try {
        start(threads, seconds, results);
        Files.readAllLines(results).forEach(this::add);
      } finally {
        Files.delete(results);
      }
    } catch (IOException e) {
      throw new BackendException("cannot start a JVM: " + e.getMessage(), e);
    }
  }

  private static void start(String threads, double seconds, Path results) throws IOException {
    try {
      Process process =
          new ProcessBuilder(command(threads, seconds, results)).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int code = process.waitFor();
      if (code != 0) {
        throw new BackendException("a JVM ended with code " + code + ": " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BackendException("interrupted while a JVM ran", e);
    }
  }

  private void add(String line) {
    String[] parts = line.split(" ", 2);
    add(parts[1], Double.parseDouble(parts[0]));
  }

  /** One more JVM's best share of the peak. */
  void add(String kernel, double share) {
    shares.computeIfAbsent(kernel, name -> new ArrayList<>()).add(share);
  }

  private static List<String> command(String threads, double seconds, Path results) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    Module module = FreshJvms.class.getModule();
    if (module.isNamed()) {
      command.add("--module-path");
      command.add(System.getProperty("jdk.module.path"));
      command.add("--module");
      command.add(module.getName() + "/" + FreshJvm.class.getName());
    } else {
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add(FreshJvm.class.getName());
    }
    command.add(threads);
    command.add(String.valueOf(seconds));
    command.add(results.toString());
    return command;
  }

  private double worst(List<Double> of) {
    Samples samples = new Samples(of);
    return samples.min() / samples.max();
  }

  /** Whether every kernel reached the goal in every JVM. */
  boolean isGood() {
    return shares.values().stream().allMatch(of -> worst(of) >= GOAL);
  }

  void print(PrintWriter out, double seconds) {
    int count = shares.values().stream().mapToInt(List::size).max().orElse(0);
    out.printf(
        Locale.ROOT,
        "%d fresh JVMs, %s thread%s, the best of each within %.1f s, as a share of the best JVM's%n",
        count,
        threads,
        threads.equals("1") ? "" : "s",
        seconds);
    out.printf(
        "%-22s%8s%8s%14s  %s%n", "kernel", "worst", "median", "below 90 %", "best, % of peak");
    shares.forEach(
        (kernel, of) -> {
          Samples samples = new Samples(of);
          long below = of.stream().filter(share -> share < GOAL * samples.max()).count();
          out.printf(
              Locale.ROOT,
              "%-22s%6.1f %%%6.1f %%%8d of %2d  %.2f%n",
              kernel,
              100 * worst(of),
              100 * samples.median() / samples.max(),
              below,
              of.size(),
              100 * samples.max());
        });
  }
}

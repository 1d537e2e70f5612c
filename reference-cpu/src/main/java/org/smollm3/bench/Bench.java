package org.smollm3.bench;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.cpu.kernels.KernelTimes;
import org.smollm3.cpu.kernels.KernelTimes.Family;
import org.smollm3.cpu.kernels.Probe;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowRequest;

/**
 * Measures a loaded model. What the machine can do is measured right before and right after each
 * piece of work, because memory and cores may be shared with others whose load changes within
 * seconds. Both are measured over pieces as long as those of the work: what disturbs a machine for
 * a tenth of every second is in each prefill, so it has to be in the multiply-adds beside it; it is
 * in few single tokens, as in few passes over the memory that one reads.
 */
final class Bench {
  /** Seconds that the machine's multiply-adds are measured for at most, before and after. */
  private static final double LONGEST_PEAK = 2;

  /** Passes over the weights before and after the tokens of a round. */
  private static final int READS = 4;

  private final BenchPlan plan;
  private final DecoderRunner runner;
  private final KernelTimes times;
  private final Optional<Probe> probe;
  private final List<MemorySegment> weights;
  private final int vocabSize;
  private final Memory memory;
  private final Consumer<String> progress;

  /**
   * @param weights the memory that decoding reads, for measuring how fast it can be read
   * @param progress hears what is being measured
   */
  Bench(
      BenchPlan plan,
      DecoderRunner runner,
      MeasuredCpu cpu,
      List<MemorySegment> weights,
      int vocabSize,
      Memory memory,
      Consumer<String> progress) {
    this.plan = plan;
    this.runner = runner;
    this.times = cpu.times();
    this.probe = cpu.probe();
    this.weights = weights;
    this.vocabSize = vocabSize;
    this.memory = memory;
    this.progress = progress;
  }

  /** Samples of one kind of work by what was measured. */
  private static final class Log {
    private final Map<String, List<Double>> lists = new TreeMap<>();

    void add(String name, double value) {
      lists.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
    }

    Samples get(String name) {
      return new Samples(lists.getOrDefault(name, List.of()));
    }

    Map<Family, Samples> parts() {
      Map<Family, Samples> parts = new EnumMap<>(Family.class);
      for (Family family : Family.values()) {
        parts.put(family, get(family.name()));
      }
      return parts;
    }
  }

  /** Tokens that differ from each other, the same for every run. */
  private int[] tokens(int first, int count) {
    return IntStream.range(first, first + count)
        .map(i -> (int) (((i * 2_654_435_761L) >>> 8) % vocabSize))
        .toArray();
  }

  private static KernelTimes.Total of(Map<Family, KernelTimes.Total> parts, Family family) {
    return parts.getOrDefault(family, KernelTimes.Total.NONE);
  }

  private double read() {
    return probe.map(p -> p.readBandwidth(weights)).orElse(Double.NaN);
  }

  /** Several passes over the weights. */
  private List<Double> reads() {
    List<Double> reads = new ArrayList<>();
    for (int i = 0; i < READS; i++) {
      reads.add(read());
    }
    return reads;
  }

  private double fma(double seconds) {
    return probe.map(p -> fma(p, seconds)).orElse(Double.NaN);
  }

  /** Multiply-adds a second over at least this time. */
  private static double fma(Probe probe, double seconds) {
    long start = System.nanoTime();
    double times = 0;
    int count = 0;
    do {
      times += 1 / probe.fmaPeak();
      count++;
    } while ((System.nanoTime() - start) / 1e9 < seconds);
    return count / times;
  }

  private void prefill(int first, int count) {
    for (int done = 0; done < count; done += plan.chunk()) {
      int piece = Math.min(plan.chunk(), count - done);
      runner.prefill(List.of(RowRequest.at(0, first + done, tokens(first + done, piece))));
    }
  }

  /**
   * Until the compiler has done its work: the machine's own limits, too, are loops of Java.
   * Decoding takes as long as prefill, for it is most of what is measured: what lies between its
   * kernels runs once a token and is compiled after some tens of them.
   */
  void warmUp() {
    progress.accept("warming up");
    long end = System.nanoTime() + 1_000_000_000L * plan.warmUp();
    for (int i = 0; i < 2 || System.nanoTime() < end; i++) {
      read();
      fma(0);
      long start = System.nanoTime();
      prefill(0, Math.min(plan.prompt(), 64));
      long filled = System.nanoTime();
      long until = Math.min(end, filled + (filled - start));
      do {
        runner.decode(List.of(RowRequest.at(0, 1, tokens(1, 1))));
      } while (System.nanoTime() < until);
    }
    // Twice: the loop that is not in use yet has to be compiled before it is judged.
    for (int i = 0; i < 2; i++) {
      probe.ifPresent(p -> p.chooseReading(weights));
    }
  }

  BenchReport.Prefill prefill() {
    Log log = new Log();
    long first = System.nanoTime();
    prefill(0, plan.prompt());
    double half = Math.min(LONGEST_PEAK, (System.nanoTime() - first) / 2e9);
    for (int round = 0; round < plan.rounds(); round++) {
      progress.accept("prefill, round " + (round + 1));
      double before = fma(half);
      times.take();
      long start = System.nanoTime();
      prefill(0, plan.prompt());
      double seconds = (System.nanoTime() - start) / 1e9;
      Map<Family, KernelTimes.Total> parts = times.take();
      double peak = (before + fma(half)) / 2;
      KernelTimes.Total linear = of(parts, Family.LINEAR);
      double flops = (double) linear.flops() + of(parts, Family.ATTENTION).flops();
      log.add("rate", plan.prompt() / seconds);
      log.add("peak", peak);
      log.add("flops", flops / seconds);
      log.add("share", flops / seconds / peak);
      log.add("linearShare", linear.flops() * 1e9 / linear.nanos() / peak);
      parts.forEach((family, total) -> log.add(family.name(), total.nanos() / 1e9 / seconds));
      memory.sample();
    }
    return new BenchReport.Prefill(
        plan.prompt(),
        log.get("rate"),
        log.get("peak"),
        log.get("flops"),
        log.get("share"),
        log.get("linearShare"),
        log.parts());
  }

  /** Fills the cache from one context to the next and decodes there. */
  List<BenchReport.Decode> decode() {
    List<BenchReport.Decode> results = new ArrayList<>();
    int filled = 0;
    double fillSeconds = 0;
    for (int context : plan.contexts()) {
      progress.accept("prefill up to " + context);
      long start = System.nanoTime();
      prefill(filled, context - filled);
      fillSeconds += (System.nanoTime() - start) / 1e9;
      filled = context;
      results.add(decode(context, fillSeconds));
    }
    return results;
  }

  private BenchReport.Decode decode(int context, double fillSeconds) {
    Log log = new Log();
    for (int round = 0; round < plan.rounds(); round++) {
      progress.accept("decode at " + context + ", round " + (round + 1));
      List<Double> reads = reads();
      List<Token> tokens = new ArrayList<>();
      for (int i = 0; i < plan.tokens(); i++) {
        times.take();
        long start = System.nanoTime();
        runner.decode(List.of(RowRequest.at(0, context + i, tokens(context + i, 1))));
        tokens.add(new Token((System.nanoTime() - start) / 1e9, times.take()));
      }
      reads.addAll(reads());
      double bandwidth = new Samples(reads).median();
      tokens.forEach(token -> add(log, token, bandwidth));
      memory.sample();
    }
    return new BenchReport.Decode(
        context,
        fillSeconds,
        log.get("rate"),
        log.get("bandwidth"),
        log.get("bytes"),
        log.get("share"),
        log.get("linearShare"),
        log.parts());
  }

  /** A decoded token, and what its kernels took. */
  private record Token(double seconds, Map<Family, KernelTimes.Total> parts) {}

  private static void add(Log log, Token token, double bandwidth) {
    double seconds = token.seconds();
    KernelTimes.Total linear = of(token.parts(), Family.LINEAR);
    double bytes = (double) linear.bytes() + of(token.parts(), Family.ATTENTION).bytes();
    log.add("rate", 1 / seconds);
    log.add("bandwidth", bandwidth);
    log.add("bytes", bytes / seconds);
    log.add("share", bytes / seconds / bandwidth);
    log.add("linearShare", linear.bytes() * 1e9 / linear.nanos() / bandwidth);
    token.parts().forEach((family, total) -> log.add(family.name(), total.nanos() / 1e9 / seconds));
  }
}

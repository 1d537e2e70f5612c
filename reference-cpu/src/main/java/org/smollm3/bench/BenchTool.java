package org.smollm3.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.smollm3.cpu.MeasuredCpu;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.DecoderOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Tool;

/** {@code smollm3 bench}: the speed of "cpu" on this machine. */
public final class BenchTool implements Tool {
  private static final String FIXTURE = "fixture";

  /** Most of the time that the compiler gets before a kernel is called slow. */
  private static final double SELF_TEST_SECONDS = 10;

  /** For {@link ServiceLoader}. */
  public BenchTool() {}

  @Override
  public Usage usage() {
    List<Option> options = new ArrayList<>();
    options.add(
        new Option(
            "--shape", "SHAPE", "a synthetic model instead of DIR, as fixture takes it", ""));
    options.add(new Option("--layers", "N", "number of layers of the synthetic model", ""));
    options.addAll(BenchPlan.OPTIONS);
    options.add(
        new Option("--fresh-jvms", "N", "instead, whether the kernels get fast in N new JVMs", ""));
    options.add(new Option("--seconds", "N", "that the kernels run in each of them", "10"));
    options.add(Option.flag("--json", "print the results as JSON"));
    return new Usage(
        "bench",
        "Measure the speed of backend cpu beside what this machine can do at most.",
        List.of(
            "DIR is a model snapshot; without it and without --shape the embedded model is taken."
                + " A synthetic model is written to a temporary folder and removed.",
            "Reading memory and multiply-adds are measured right before and after each round by"
                + " the same threads over the same memory; shares are of those.",
            "Tokens are the most likely ones, as of a generation without sampling: all logits are"
                + " computed, but only the greatest is kept.",
            "With --fresh-jvms kernels run on one thread, unless --threads is given: whether they are"
                + " compiled well shows best without what sharing short work costs. It ends with 1"
                + " if a kernel in one of the JVMs stays below 90 % of the best.",
            "Examples:",
            "  smollm3 bench --shape smollm3-3b --layers 8 --contexts 16,4096",
            "  smollm3 bench ~/models/SmolLM3-3B --prompt 512 --json",
            "  smollm3 bench ~/models/SmolLM3-3B --backend-options weights=int8"),
        "DIR",
        0,
        1,
        options);
  }

  @Override
  public int run(Invocation invocation) {
    if (invocation.value("--fresh-jvms").isPresent()) {
      return freshJvms(invocation);
    }
    if (invocation.value("--shape").isPresent()) {
      if (!invocation.arguments().isEmpty()) {
        throw new InvalidRequestException("give DIR or --shape, not both");
      }
      return synthetic(invocation);
    }
    if (invocation.value("--layers").isPresent()) {
      throw new InvalidRequestException("--layers goes with --shape; DIR has its own layers");
    }
    return measure(
        invocation,
        () ->
            invocation.arguments().isEmpty()
                ? SmolLm3Model.embedded()
                : SmolLm3Model.open(Path.of(invocation.arguments().getFirst())));
  }

  private static int freshJvms(Invocation invocation) {
    int count = BenchPlan.positive(invocation, "--fresh-jvms", 20);
    int seconds = BenchPlan.positive(invocation, "--seconds", 10);
    FreshJvms all =
        FreshJvms.run(
            count,
            invocation.value("--threads").orElse("1"),
            seconds,
            text -> progress(invocation, text));
    progress(invocation, "");
    all.print(invocation.out(), seconds);
    return all.isGood() ? 0 : 1;
  }

  /** Says it loudly when the JVM has left a kernel to its interpreter. */
  private static void selfTest(Invocation invocation, MeasuredCpu cpu) {
    progress(invocation, "self-test of the kernels");
    try (SelfTest test = new SelfTest(cpu)) {
      for (SelfTest.Result result : test.untilFast(SELF_TEST_SECONDS)) {
        if (result.isSlow()) {
          invocation.err().println("smollm3: warning: " + result.warning());
        }
      }
    }
    cpu.times().take();
  }

  private interface Opener {
    SmolLm3Model open();
  }

  private static int synthetic(Invocation invocation) {
    try {
      Path folder = Files.createTempDirectory("smollm3-bench");
      try {
        Map<String, String> values = new HashMap<>();
        values.put("--out", folder.toString());
        values.put("--shape", invocation.required("--shape"));
        invocation.value("--layers").ifPresent(n -> values.put("--layers", n));
        Tool maker =
            ServiceLoader.load(Tool.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(tool -> tool.usage().name().equals(FIXTURE))
                .findFirst()
                .orElseThrow(
                    () ->
                        new InvalidRequestException(
                            "--shape needs smollm3-weights-fixtures, which is not here; give DIR"));
        Invocation making =
            new Invocation(
                List.of(), values, invocation.err(), invocation.err(), invocation.interactive());
        maker.run(making);
        return measure(invocation, () -> SmolLm3Model.open(folder));
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new InvalidRequestException("cannot use a temporary folder: " + e.getMessage(), e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static int measure(Invocation invocation, Opener opener) {
    long start = System.nanoTime();
    SmolLm3Model model = opener.open();
    double openSeconds = since(start);
    BenchPlan plan = BenchPlan.of(invocation, model.config());
    Memory memory = new Memory();
    try (MeasuredCpu cpu = MeasuredCpu.open(BenchPlan.backend(invocation))) {
      start = System.nanoTime();
      DecoderOptions options =
          DecoderOptions.of(plan.arithmetic(), 1, plan.capacity())
              .withLogits(DecoderOptions.Logits.NONE);
      try (DecoderRunner runner = model.load(cpu.backend(), options, LoadOptions.defaults())) {
        double loadSeconds = since(start);
        runner.prefill(List.of(RowRequest.prompt(0, 1, 2, 3, 4, 5, 6, 7, 8)));
        double firstToken = sinceProcessStart();
        selfTest(invocation, cpu);
        List<MemorySegment> weights = cpu.weights();
        Bench bench =
            new Bench(
                plan,
                runner,
                cpu,
                weights,
                model.config().vocabSize(),
                memory,
                text -> progress(invocation, text));
        bench.warmUp();
        BenchReport.Prefill prefill = bench.prefill();
        List<BenchReport.Decode> decode = bench.decode();
        BenchReport report =
            new BenchReport(
                model.location(),
                cpu.details() + ", " + plan.arithmetic() + " arithmetic",
                cpu.weightFormats(),
                cpu.weightMemory(),
                weights.stream().mapToLong(MemorySegment::byteSize).sum(),
                openSeconds,
                loadSeconds,
                firstToken,
                prefill,
                decode,
                memory.peak(),
                memory.peakBeyondMappedFiles());
        progress(invocation, "");
        if (invocation.flag("--json")) {
          invocation.out().println(report.json());
        } else {
          report.print(invocation.out());
        }
        return 0;
      }
    }
  }

  private static void progress(Invocation invocation, String text) {
    if (invocation.interactive()) {
      invocation.err().printf("\r%-60s%s", text, text.isEmpty() ? "\r" : "");
      invocation.err().flush();
    }
  }

  private static double since(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static double sinceProcessStart() {
    return ProcessHandle.current()
        .info()
        .startInstant()
        .map(start -> Duration.between(start, Instant.now()).toMillis() / 1e3)
        .orElse(Double.NaN);
  }
}

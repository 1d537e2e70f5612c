package org.smollm3.conformance.command;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.faults.Fault;
import org.smollm3.conformance.faults.FaultCatalogue;
import org.smollm3.conformance.faults.SelfTest;
import org.smollm3.conformance.mutants.MutantRun;
import org.smollm3.conformance.run.Notes;
import org.smollm3.conformance.run.Profile;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.Runner;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Tool.Invocation;

/**
 * The kit's test of itself as a command. With a folder for the report it notes there what is done,
 * and a second call goes on where the first one was ended.
 */
final class SelfTestRun {
  /** Right backends that round differently, of which those are run that are there. */
  private static final List<String> RIGHT = List.of("cpu", "exact", "hlo", "neuron-sim");

  private static final long PROGRESS_NANOS = 20_000_000_000L;

  /** What the kit is tested with. */
  enum Part {
    /** Backends with one known fault, which the rule of that fault must reject. */
    FAULTS,
    /** Backends in which all is right, which no rule may reject. */
    RUNS,
    /** Lowered graphs with one instruction changed, of which nearly all must be rejected. */
    MUTANTS
  }

  private final Runner runner;
  private final RunPlan plan;
  private final Set<Part> parts;
  private final Map<String, Supplier<Backend>> right;
  private final int seeds;
  private final int runs;
  private final PrintWriter out;
  private final Optional<Path> folder;
  private final Notes notes;

  private SelfTestRun(
      Runner runner, Invocation invocation, Map<String, Supplier<Backend>> right, Set<Part> parts) {
    this.runner = runner;
    this.plan = ConformOptions.plan(invocation);
    this.parts = parts;
    this.right = right;
    this.seeds = ConformOptions.atLeast(1, invocation, ConformOptions.SEEDS, 20);
    this.runs = ConformOptions.atLeast(0, invocation, ConformOptions.RUNS, 200);
    this.out = invocation.out();
    this.folder = ReportFolder.of(invocation);
    this.notes = new Notes(folder, "self-test.txt");
  }

  /**
   * @param factory opens a backend by name
   * @throws InvalidRequestException if options are not what they should be
   */
  static SelfTestRun of(
      Runner runner, Invocation invocation, Function<String, Supplier<Backend>> factory) {
    List<String> names = ConformOptions.words(invocation, ConformOptions.BACKEND);
    if (names.isEmpty()) {
      names =
          Backends.discover().candidates().stream()
              .map(Backends.Candidate::name)
              .filter(RIGHT::contains)
              .sorted(Comparator.comparing(RIGHT::indexOf))
              .toList();
    }
    Map<String, Supplier<Backend>> right = new LinkedHashMap<>();
    names.forEach(name -> right.put(name, factory.apply(name)));
    SelfTestRun run = new SelfTestRun(runner, invocation, right, parts(invocation));
    runner.rules(run.plan); // refuses rules that there are not
    return run;
  }

  private static Set<Part> parts(Invocation invocation) {
    boolean isOfSomeRules = !ConformOptions.rules(invocation).isEmpty();
    Set<Part> parts = EnumSet.noneOf(Part.class);
    for (String word : ConformOptions.words(invocation, ConformOptions.PARTS)) {
      if (!word.equals("all")) {
        parts.add(part(word));
      }
    }
    if (isOfSomeRules && parts.contains(Part.MUTANTS)) {
      throw new InvalidRequestException(
          "mutants are judged by all rules of their graph; leave out " + ConformOptions.RULE);
    }
    if (!parts.isEmpty()) {
      return parts;
    }
    return isOfSomeRules ? EnumSet.of(Part.FAULTS, Part.RUNS) : EnumSet.allOf(Part.class);
  }

  private static Part part(String word) {
    try {
      return Part.valueOf(word.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new InvalidRequestException(
          "'" + word + "' is no part of the self-test; give faults, runs or mutants", e);
    }
  }

  /**
   * @return whether every fault was rejected, no right backend was, and enough mutants were
   */
  boolean run() {
    List<String> wrong = new ArrayList<>();
    if (parts.contains(Part.FAULTS)) {
      int missed = faults(right.values().iterator().next());
      if (missed > 0) {
        wrong.add(missed + " faults missed");
      }
    }
    if (parts.contains(Part.RUNS)) {
      for (Map.Entry<String, Supplier<Backend>> entry : right.entrySet()) {
        int failed = falseAlarms(entry.getKey(), entry.getValue());
        if (failed > 0) {
          wrong.add(failed + " false alarms on " + entry.getKey());
        }
      }
    }
    if (parts.contains(Part.MUTANTS) && !new MutantRun(out, folder).run()) {
      wrong.add("too few mutants killed");
    }
    out.printf("self-test: %s%n", wrong.isEmpty() ? "passed" : String.join(", ", wrong));
    out.flush();
    return wrong.isEmpty();
  }

  /** The backend as it is, in quick runs with the seeds from 1 on. */
  private int falseAlarms(String name, Supplier<Backend> factory) {
    long start = System.nanoTime();
    long told = start;
    int failed = 0;
    int before = 0;
    try (BackendUnderTest backend = BackendUnderTest.open(factory)) {
      RunPlan quick = RunPlan.of(Profile.QUICK).withRules(plan.rules().toArray(String[]::new));
      for (long seed = 1; seed <= runs; seed++) {
        String line = "run of " + name + " " + plan.rules() + " with seed " + seed;
        if (notes.has(line)) {
          before++;
          continue;
        }
        Optional<String> failure = runner.firstFailure(backend, quick.withSeed(seed));
        if (failure.isEmpty()) {
          notes.add(line);
        } else {
          failed++;
          out.printf("FALSE   %s, seed %d: %s%n", name, seed, failure.get());
        }
        long now = System.nanoTime();
        if (now - told > PROGRESS_NANOS) {
          told = now;
          out.printf("right   %s: %d of %d runs, %d failed%n", name, seed, runs, failed);
          out.flush();
        }
      }
    }
    out.printf(
        Locale.ROOT,
        "%s: %d runs without a fault: %d failed%s; %.0f s%n",
        name,
        runs,
        failed,
        byARunBefore(before),
        (System.nanoTime() - start) / 1e9);
    out.flush();
    return failed;
  }

  private int faults(Supplier<Backend> factory) {
    SelfTest selfTest = new SelfTest(runner, factory);
    long start = System.nanoTime();
    int missed = 0;
    int before = 0;
    List<Fault> faults =
        FaultCatalogue.all().stream()
            .filter(fault -> plan.rules().isEmpty() || plan.rules().contains(fault.rule()))
            .toList();
    for (Fault fault : faults) {
      if (notes.has(line(fault))) {
        before++;
        continue;
      }
      SelfTest.Result result = selfTest.run(fault, seeds, plan.profile());
      if (result.isRejected()) {
        notes.add(line(fault));
      } else {
        missed++;
      }
      out.printf(
          "%-7s %-16s %-28s %s%n",
          result.isRejected() ? "seen" : "MISSED",
          fault.rule(),
          fault.name(),
          result.isRejected() ? fault.text() : "let pass with the seeds " + result.missed());
      out.flush();
    }
    out.printf(
        Locale.ROOT,
        "%d faults, %d seeds each: %d seen, %d missed%s; %.0f s%n",
        faults.size(),
        seeds,
        faults.size() - missed,
        missed,
        byARunBefore(before),
        (System.nanoTime() - start) / 1e9);
    out.flush();
    return missed;
  }

  private static String byARunBefore(int count) {
    return count == 0 ? "" : " (" + count + " by a run before)";
  }

  private String line(Fault fault) {
    return fault.rule() + " " + fault.name() + " " + plan.profile().label() + " " + seeds;
  }
}

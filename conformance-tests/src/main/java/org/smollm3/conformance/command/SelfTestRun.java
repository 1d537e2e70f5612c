package org.smollm3.conformance.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.faults.Fault;
import org.smollm3.conformance.faults.FaultCatalogue;
import org.smollm3.conformance.faults.SelfTest;
import org.smollm3.conformance.run.Profile;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.Runner;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Backend;

/**
 * The kit's test of itself as a command. With a folder for the report it notes there what is done,
 * and a second call goes on where the first one was ended.
 */
final class SelfTestRun {
  private static final String DONE = "self-test.txt";

  private final Runner runner;
  private final Supplier<Backend> right;
  private final SelfTest selfTest;
  private final int seeds;
  private final int runs;
  private final RunPlan plan;
  private final PrintWriter out;
  private final Optional<Path> notes;

  SelfTestRun(
      Runner runner,
      Supplier<Backend> right,
      int seeds,
      int runs,
      RunPlan plan,
      PrintWriter out,
      Optional<Path> folder) {
    this.runner = runner;
    this.right = right;
    this.selfTest = new SelfTest(runner, right);
    this.seeds = seeds;
    this.runs = runs;
    this.plan = plan;
    this.out = out;
    this.notes = folder.map(path -> path.resolve(DONE));
  }

  /**
   * @return how many faults a rule let pass with some seed, and how many runs of the right backend
   *     failed
   */
  int run() {
    runner.rules(plan); // refuses rules that there are not
    return faults() + falseAlarms();
  }

  /** The backend as it is, in quick runs with the seeds from 1 on. */
  private int falseAlarms() {
    long start = System.nanoTime();
    Set<String> done = done();
    int failed = 0;
    try (BackendUnderTest backend = BackendUnderTest.open(right)) {
      String name = backend.backend().name();
      RunPlan quick = RunPlan.of(Profile.QUICK).withRules(plan.rules().toArray(String[]::new));
      for (long seed = 1; seed <= runs; seed++) {
        String line = "run of " + name + " " + plan.rules() + " with seed " + seed;
        if (done.contains(line)) {
          continue;
        }
        Optional<String> failure = runner.firstFailure(backend, quick.withSeed(seed));
        if (failure.isEmpty()) {
          note(line);
        } else {
          failed++;
          out.printf("FALSE   seed %d: %s%n", seed, failure.get());
        }
        if (seed % 10 == 0) {
          out.printf("right   %s: %d of %d runs, %d failed%n", name, seed, runs, failed);
          out.flush();
        }
      }
    }
    out.printf(
        Locale.ROOT,
        "%d runs without a fault: %d failed; %.0f s%n",
        runs,
        failed,
        (System.nanoTime() - start) / 1e9);
    out.flush();
    return failed;
  }

  private int faults() {
    long start = System.nanoTime();
    Set<String> done = done();
    int missed = 0;
    int before = 0;
    List<Fault> faults =
        FaultCatalogue.all().stream()
            .filter(fault -> plan.rules().isEmpty() || plan.rules().contains(fault.rule()))
            .toList();
    for (Fault fault : faults) {
      if (done.contains(line(fault))) {
        before++;
        continue;
      }
      SelfTest.Result result = selfTest.run(fault, seeds, plan.profile());
      if (result.isRejected()) {
        note(line(fault));
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
        before == 0 ? "" : " (" + before + " seen by a run before)",
        (System.nanoTime() - start) / 1e9);
    out.flush();
    return missed;
  }

  private String line(Fault fault) {
    return fault.rule() + " " + fault.name() + " " + plan.profile().label() + " " + seeds;
  }

  private Set<String> done() {
    if (notes.isEmpty() || !Files.exists(notes.get())) {
      return Set.of();
    }
    try {
      return new HashSet<>(Files.readAllLines(notes.get()));
    } catch (IOException e) {
      throw new InvalidRequestException("cannot read " + notes.get() + ": " + e, e);
    }
  }

  private void note(String line) {
    if (notes.isPresent()) {
      try {
        Files.writeString(
            notes.get(), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new InvalidRequestException("cannot write " + notes.get() + ": " + e, e);
      }
    }
  }
}

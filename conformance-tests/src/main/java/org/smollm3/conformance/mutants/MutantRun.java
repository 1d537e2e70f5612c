package org.smollm3.conformance.mutants;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.smollm3.conformance.mutants.MutantVerdict.Fate;
import org.smollm3.conformance.run.Notes;
import org.smollm3.error.BackendException;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.MutantSource.Mutant;

/**
 * All mutants of all graphs. With a folder it notes there what came of each, and a second run goes
 * on where the first one was ended.
 */
public final class MutantRun {
  private static final String DONE = "mutants.txt";

  /** Of those that are not equivalent, at least so many must be killed. */
  private static final double LEAST_KILLED = 0.98;

  /** Of all, at most so many may be equivalent. */
  private static final double MOST_EQUIVALENT = 0.10;

  private final PrintWriter out;
  private final Notes notes;
  private final Map<String, MutantVerdict> done = new HashMap<>();
  private final Map<Fate, Integer> fates = new TreeMap<>();
  private final Map<String, Integer> reasons = new TreeMap<>();
  private final Map<String, Map<Fate, Integer>> kinds = new TreeMap<>();

  public MutantRun(PrintWriter out, Optional<Path> folder) {
    this.out = out;
    this.notes = new Notes(folder, DONE);
  }

  /**
   * Runs what is not done yet and prints the counts.
   *
   * @return whether enough were killed
   * @throws BackendException if no backend makes mutants
   */
  public boolean run() {
    MutantSource source =
        ServiceLoader.load(MutantSource.class)
            .findFirst()
            .orElseThrow(
                () ->
                    new BackendException(
                        "nothing makes mutants; put smollm3-backend-neuron on the path"));
    long start = System.nanoTime();
    read();
    int before = done.size();
    for (MutantTarget target : MutantTarget.ALL) {
      run(source, target);
    }
    print((System.nanoTime() - start) / 1e9, before);
    return isEnough();
  }

  private void run(MutantSource source, MutantTarget target) {
    MutantJudge judge = new MutantJudge(source, target);
    List<Mutant> mutants = judge.mutants();
    out.printf("%s: %d mutants%n", target.graph(), mutants.size());
    out.flush();
    for (int i = 0; i < mutants.size(); i++) {
      Mutant mutant = mutants.get(i);
      String key = key(target, i, mutant);
      MutantVerdict verdict = done.get(key);
      if (verdict == null) {
        verdict = judge.judge(mutant);
        note(key, verdict);
      }
      count(mutant, verdict);
      if (verdict.fate() == Fate.SURVIVED) {
        out.printf(
            "SURVIVED %s%n  %s%n  %s: %s%n  %s%n",
            target.graph(), mutant.instruction(), mutant.kind(), mutant.change(), verdict.why());
        out.flush();
      }
    }
  }

  /** What it is too, so that notes of other mutants are not taken for it. */
  private static String key(MutantTarget target, int index, Mutant mutant) {
    String text = mutant.kind() + mutant.instruction() + mutant.change();
    return target.graph() + " " + index + " " + Integer.toHexString(text.hashCode());
  }

  private void count(Mutant mutant, MutantVerdict verdict) {
    fates.merge(verdict.fate(), 1, Integer::sum);
    kinds
        .computeIfAbsent(mutant.kind(), kind -> new TreeMap<>())
        .merge(verdict.fate(), 1, Integer::sum);
    if (verdict.fate() == Fate.EQUIVALENT) {
      reasons.merge(verdict.why(), 1, Integer::sum);
    }
  }

  private int count(Fate fate) {
    return fates.getOrDefault(fate, 0);
  }

  private int all() {
    return count(Fate.KILLED) + count(Fate.EQUIVALENT) + count(Fate.SURVIVED);
  }

  private double killed() {
    return (double) count(Fate.KILLED) / Math.max(1, all() - count(Fate.EQUIVALENT));
  }

  private boolean isEnough() {
    return killed() >= LEAST_KILLED && count(Fate.EQUIVALENT) <= MOST_EQUIVALENT * all();
  }

  private void print(double seconds, int before) {
    out.printf("%-20s %8s %8s %10s %8s%n", "", "mutants", "killed", "equivalent", "survived");
    kinds.forEach(
        (kind, counts) ->
            out.printf(
                "%-20s %8d %8d %10d %8d%n",
                kind,
                counts.values().stream().mapToInt(Integer::intValue).sum(),
                counts.getOrDefault(Fate.KILLED, 0),
                counts.getOrDefault(Fate.EQUIVALENT, 0),
                counts.getOrDefault(Fate.SURVIVED, 0)));
    out.printf(
        "%-20s %8d %8d %10d %8d%n",
        "all", all(), count(Fate.KILLED), count(Fate.EQUIVALENT), count(Fate.SURVIVED));
    reasons.forEach((reason, n) -> out.printf("equivalent, %s: %d%n", reason, n));
    out.printf(
        Locale.ROOT,
        "killed %.2f %% of those that are not equivalent (at least %.0f %%); %.2f %% are equivalent"
            + " (at most %.0f %%)%s; %.0f s%n",
        100 * killed(),
        100 * LEAST_KILLED,
        100.0 * count(Fate.EQUIVALENT) / Math.max(1, all()),
        100 * MOST_EQUIVALENT,
        before == 0 ? "" : "; " + before + " by a run before",
        seconds);
    out.flush();
  }

  /** What runs before noted; lines that are none are left alone, and their mutants run again. */
  private void read() {
    for (String line : notes.lines()) {
      String[] parts = line.split("\t", -1);
      for (Fate fate : Fate.values()) {
        if (parts.length == 3 && parts[1].equals(fate.name())) {
          done.put(parts[0], new MutantVerdict(fate, parts[2]));
        }
      }
    }
  }

  private void note(String key, MutantVerdict verdict) {
    notes.add(key + "\t" + verdict.fate() + "\t" + verdict.why());
  }
}

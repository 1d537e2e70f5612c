package org.smollm3.conformance.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.conformance.cases.CaseMaker.Candidate;
import org.smollm3.conformance.check.Measure;
import org.smollm3.conformance.check.Outcome;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.UlpHistogram;
import org.smollm3.conformance.run.RuleResult.Failure;
import org.smollm3.conformance.run.RuleResult.Note;
import org.smollm3.conformance.run.RuleResult.Shrunk;
import org.smollm3.conformance.run.RuleResult.Worst;

/** Counts what comes of a rule's cases, which arrive by their number. */
final class RuleTally {
  private final RuleCheck check;
  private final int planned;
  private final List<Failure> failures = new ArrayList<>();
  private final List<Note> notes = new ArrayList<>();
  private Optional<Worst> worst = Optional.empty();
  private UlpHistogram ulps = UlpHistogram.EMPTY;
  private int passed;
  private int failed;
  private int unsupported;
  private int noVerdict;
  private int warned;
  private long nanos;

  RuleTally(RuleCheck check, int planned) {
    this.check = check;
    this.planned = planned;
  }

  /** Tries a case. */
  void run(CaseThread cases, int index, Candidate candidate) {
    long start = System.nanoTime();
    String line = candidate.value().toString();
    switch (cases.run(check, candidate.value())) {
      case Outcome.Passed outcome -> {
        passed++;
        measured(index, line, outcome.worst(), outcome.ulps());
        if (!outcome.warnings().isEmpty()) {
          warned++;
          note(index, line, outcome.warnings().get(0));
        }
      }
      case Outcome.Failed outcome -> {
        measured(index, line, outcome.worst(), outcome.ulps());
        if (failures.size() < RuleResult.KEPT_FAILURES) {
          Optional<Shrunk> shrunk =
              failed == 0 ? Shrinker.simplest(check, cases, candidate) : Optional.empty();
          failures.add(new Failure(index, line, outcome.why(), outcome.worst(), shrunk));
        }
        failed++;
      }
      case Outcome.Unsupported outcome -> {
        unsupported++;
        note(index, line, outcome.what());
      }
      case Outcome.NoVerdict outcome -> {
        noVerdict++;
        note(index, line, outcome.why());
      }
    }
    nanos += System.nanoTime() - start;
  }

  private void measured(int index, String line, Optional<Measure> measure, UlpHistogram distances) {
    ulps = ulps.plus(distances);
    if (measure.isPresent()
        && (worst.isEmpty() || measure.get().ratio() > worst.get().measure().ratio())) {
      worst = Optional.of(new Worst(index, line, measure.get()));
    }
  }

  private void note(int index, String line, String text) {
    if (notes.size() < RuleResult.KEPT_NOTES) {
      notes.add(new Note(index, line, text));
    }
  }

  RuleResult result() {
    return new RuleResult(
        check.rule(),
        true,
        planned,
        passed,
        failed,
        unsupported,
        noVerdict,
        warned,
        worst,
        failures,
        notes,
        ulps,
        nanos / 1_000_000);
  }
}

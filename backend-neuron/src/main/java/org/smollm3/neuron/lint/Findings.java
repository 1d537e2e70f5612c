package org.smollm3.neuron.lint;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.compiler.CompilerTarget;
import org.smollm3.neuron.hlo.HloInstruction;

/** Collects what is found. */
final class Findings {
  private final Optional<CompilerTarget> target;
  private final List<Finding> all = new ArrayList<>();

  Findings(Optional<CompilerTarget> target) {
    this.target = target;
  }

  /** Whether the module is for chips of the first generation (NeuronCore-v2) and no others. */
  boolean isFirstGeneration() {
    return target
        .map(
            chip ->
                switch (chip) {
                  case INF2, TRN1, TRN1N -> true;
                  case TRN2, TRN3 -> false;
                })
        .orElse(false);
  }

  void error(Rule rule, HloInstruction where, String message) {
    add(rule, Severity.ERROR, where, message);
  }

  void warning(Rule rule, HloInstruction where, String message) {
    add(rule, Severity.WARNING, where, message);
  }

  private void add(Rule rule, Severity severity, HloInstruction where, String message) {
    add(new Finding(rule, severity, where.name(), where.source(), message));
  }

  void add(Finding finding) {
    all.add(finding);
  }

  List<Finding> all() {
    return List.copyOf(all);
  }
}

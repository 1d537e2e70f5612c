package org.smollm3.conformance.check;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** A {@link LayerProgram} in a backend, and in the judge once it is asked, step by step. */
public final class Trial implements AutoCloseable {
  private final LayerProgram program;
  private final BackendUnderTest backend;
  private final Findings findings;
  private final Session session;
  private Optional<Session> judge = Optional.empty();
  private final List<Step> steps = new ArrayList<>();
  private int judged;
  private Optional<Outputs> last = Optional.empty();

  private record Step(String graph, Map<String, HostTensor> inputs) {}

  Trial(LayerProgram program, BackendUnderTest backend, Findings findings) {
    this.program = program;
    this.backend = backend;
    this.findings = findings;
    this.session = backend.load(program.spec(), program.source(), LoadOptions.defaults());
  }

  /** The backend's own session, for what is not a run. */
  public Session session() {
    return session;
  }

  /**
   * Runs a graph in the backend; fails where ranks differ, an output has the wrong type, or inputs
   * are not as they were.
   *
   * @return copies of each rank's outputs, by name
   */
  public List<Map<String, HostTensor>> run(String graph, Map<String, HostTensor> inputs) {
    List<Map<String, HostTensor>> ranks = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      GuardedInputs guarded = new GuardedInputs(inputs, arena);
      Outputs outputs = session.run(graph, guarded.tensors());
      outputs.outputsByRank().forEach(rank -> ranks.add(copies(rank)));
      guarded.requireUntouched(findings);
    }
    steps.add(new Step(graph, inputs));
    findings.require(
        ranks.size() == program.ranks(),
        () -> "there are outputs of " + ranks.size() + " ranks, of " + program.ranks());
    ranks.get(0).forEach((name, first) -> sameOnAllRanks(graph, name, first, ranks));
    return ranks;
  }

  private static Map<String, HostTensor> copies(Map<String, HostTensor> outputs) {
    Map<String, HostTensor> copies = new LinkedHashMap<>();
    outputs.forEach((name, y) -> copies.put(name, y.copy()));
    return copies;
  }

  private void sameOnAllRanks(
      String graph, String name, HostTensor first, List<Map<String, HostTensor>> ranks) {
    program
        .outputType(graph, name)
        .ifPresent(
            type -> {
              DType wanted = type.isFloating() ? backend.carriedType().orElse(type) : type;
              findings.require(
                  first.dtype() == wanted,
                  () -> name + " is " + first.dtype() + " and must be " + wanted);
            });
    if (!name.endsWith(LayerProgram.LOCAL)) {
      for (int rank = 1; rank < ranks.size(); rank++) {
        Optional<HostTensor> other = Optional.ofNullable(ranks.get(rank).get(name));
        String label = name + " of rank " + rank;
        findings.require(other.isPresent(), () -> label + " is missing");
        other.ifPresent(y -> findings.sameBits(label, y, first));
      }
    }
  }

  /** Runs a graph and judges every output of every rank. */
  public List<Map<String, HostTensor>> judge(String graph, Map<String, HostTensor> inputs) {
    List<Map<String, HostTensor>> actual = run(graph, inputs);
    bounds(actual.get(0).keySet())
        .forEach(
            (label, expected) -> {
              int rank = Integer.parseInt(label.substring(0, label.indexOf(' ')));
              String name = label.substring(label.indexOf(' ') + 1);
              Optional.ofNullable(actual.get(rank).get(name))
                  .ifPresent(
                      y ->
                          findings.withinBounds(
                              rank == 0 ? name : name + " of rank " + rank, y, expected, terms()));
            });
    return actual;
  }

  /** Values and bounds of rank 0 of an output of the last run. */
  public Bounded bounds(String output) {
    return Optional.ofNullable(bounds(List.of(output)).get("0 " + output)).orElseThrow();
  }

  /** Of the last run by {@code rank name}; ranks above 0 only of outputs of their own. */
  private Map<String, Bounded> bounds(Iterable<String> names) {
    Outputs outputs = catchUp().orElseThrow();
    Map<String, Bounded> bounds = new LinkedHashMap<>();
    for (String name : names) {
      int ranks = name.endsWith(LayerProgram.LOCAL) ? program.ranks() : 1;
      for (int rank = 0; rank < ranks; rank++) {
        Map<String, HostTensor> here = outputs.outputsByRank().get(rank);
        HostTensor value = Optional.ofNullable(here.get(name)).orElseThrow();
        HostTensor error = Optional.ofNullable(here.get(Bounded.errorName(name))).orElseThrow();
        bounds.put(rank + " " + name, new Bounded(value, error));
      }
    }
    return bounds;
  }

  /** Runs in the judge what the backend has run since. */
  private Optional<Outputs> catchUp() {
    Session truth =
        judge.orElseGet(
            () ->
                backend
                    .oracle()
                    .load(
                        backend.bounded(program.spec()), program.source(), LoadOptions.defaults()));
    judge = Optional.of(truth);
    for (; judged < steps.size(); judged++) {
      Step step = steps.get(judged);
      last = Optional.of(truth.run(step.graph(), step.inputs()));
    }
    return last;
  }

  /** Judges a state on every rank. */
  public void judgeState(String name) {
    catchUp();
    Session truth = judge.orElseThrow();
    for (int rank = 0; rank < program.ranks(); rank++) {
      findings.withinBounds(
          name + " of rank " + rank,
          session.readState(name, rank),
          Bounded.state(truth, name, rank),
          terms());
    }
  }

  /** A state of a rank must have these bits, NaN of whatever kind. */
  public void expectState(String name, int rank, HostTensor expected) {
    HostTensor actual = session.readState(name, rank);
    findings.require(
        backend.carriedType().isPresent() || actual.dtype() == expected.dtype(),
        () -> name + " is " + actual.dtype() + " and must be " + expected.dtype());
    findings.sameValues(name + " of rank " + rank, actual, expected);
  }

  /** An output that rank 0 gave must have these bits, NaN of whatever kind. */
  public void expect(String label, HostTensor actual, HostTensor expected) {
    findings.sameValues(label, actual, expected);
  }

  private String terms() {
    return program.ranks()
        + " ranks, sums in "
        + backend.numerics().accumulation().name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void close() {
    session.close();
    judge.ifPresent(Session::close);
  }
}

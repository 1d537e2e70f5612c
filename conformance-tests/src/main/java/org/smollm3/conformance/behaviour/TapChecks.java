package org.smollm3.conformance.behaviour;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Taps, and how weights are read. */
final class TapChecks {
  private TapChecks() {}

  private static final Param<Integer> TP = LifecycleChecks.TP;

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck("TAP-01", CaseSpace.fixed(TP), Tries.of(2, 4), TapChecks::values),
        new RuleCheck("TAP-02", CaseSpace.fixed(TP), Tries.of(2, 4), TapChecks::names),
        new RuleCheck("TAP-03", CaseSpace.fixed(TP), Tries.of(2, 4), TapChecks::listener),
        new RuleCheck("WEIGHT-01", CaseSpace.fixed(TP), Tries.of(2, 4), TapChecks::pieces),
        new RuleCheck("WEIGHT-02", CaseSpace.fixed(TP), Tries.of(2, 4), TapChecks::shared));
  }

  private static void values(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    try (Session session =
        backend.load(
            Probe.program(degree), Probe.weights(), LoadOptions.defaults().withTaps("*"))) {
      Outputs outputs = session.run(Probe.ADD, Probe.x(1, 2, 3));
      for (int rank = 0; rank < degree; rank++) {
        Map<String, HostTensor> taps = outputs.tapsByRank().get(rank);
        String where = " on rank " + rank;
        Probe.difference("tap sum.total" + where, SessionChecks.get(taps, "sum.total"), 1, 2, 3)
            .ifPresent(findings::fail);
        Probe.difference("tap scaled" + where, SessionChecks.get(taps, "scaled"), scaled(rank))
            .ifPresent(findings::fail);
        Probe.difference(
                "y" + where,
                SessionChecks.get(outputs.outputsByRank().get(rank), Probe.Y),
                scaled(rank))
            .ifPresent(findings::fail);
      }
    }
  }

  private static double[] scaled(int rank) {
    return new double[] {rank + 1.0, 4 * (rank + 1.0), 9 * (rank + 1.0)};
  }

  private static void names(BackendUnderTest backend, Case c, Findings findings) {
    Map<String, List<String>> asked =
        Map.of(
            "*", List.of("sum.total", "scaled"),
            "sum.*", List.of("sum.total"),
            "s?aled", List.of("scaled"),
            "scaled,sum.total", List.of("sum.total", "scaled"),
            "nothing", List.of());
    asked.forEach(
        (glob, names) -> {
          try (Session session =
              backend.load(
                  Probe.program(c.get(TP)),
                  Probe.weights(),
                  LoadOptions.defaults().withTaps(glob))) {
            Outputs outputs = session.run(Probe.ADD, Probe.x(1, 2, 3));
            for (Map<String, HostTensor> rank : outputs.tapsByRank()) {
              List<String> found = List.copyOf(rank.keySet());
              findings.require(
                  found.equals(names),
                  () -> "taps of '" + glob + "' are " + found + " and must be " + names);
            }
          }
        });
    try (Session session =
        backend.load(Probe.program(c.get(TP)), Probe.weights(), LoadOptions.defaults())) {
      for (Map<String, HostTensor> rank : session.run(Probe.ADD, Probe.x(1, 2, 3)).tapsByRank()) {
        findings.require(
            rank.isEmpty(), () -> "there are taps that nobody asked for: " + rank.keySet());
      }
    }
  }

  private static void listener(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    record Heard(String name, int rank, HostTensor value) {}
    List<Heard> heard = Collections.synchronizedList(new ArrayList<>());
    LoadOptions options =
        LoadOptions.defaults()
            .withTaps("scaled")
            .withListener((name, rank, value) -> heard.add(new Heard(name, rank, value)));
    try (Session session = backend.load(Probe.program(degree), Probe.weights(), options)) {
      session.run(Probe.ADD, Probe.x(1, 2, 3));
      List<Heard> first = List.copyOf(heard);
      for (int rank = 0; rank < degree; rank++) {
        int number = rank;
        List<Heard> own = first.stream().filter(tap -> tap.rank() == number).toList();
        findings.require(
            own.size() == 1 && own.get(0).name().equals("scaled"),
            () ->
                "on rank "
                    + number
                    + " the listener hears "
                    + own.stream().map(Heard::name).toList()
                    + ", not 'scaled' once");
        own.forEach(
            tap ->
                Probe.difference(
                        "what the listener hears of rank " + number, tap.value(), scaled(number))
                    .ifPresent(findings::fail));
      }
      findings.require(
          first.size() == degree,
          () -> "the listener is called " + first.size() + " times, not " + degree);
    }
  }

  /** A weight of rows that lie apart and of padding. */
  private static void pieces(BackendUnderTest backend, Case c, Findings findings) {
    try (Arena arena = Arena.ofShared()) {
      // 1, -1, 2, -1: one float in two, and a zero after them.
      MemorySegment memory = arena.allocate(16, 64);
      memory.copyFrom(Probe.tensor(1, -1, 2, -1).segment());
      WeightView view =
          new WeightView(
              "apart",
              DType.F32,
              Probe.SHAPE,
              List.of(new WeightView.Mapped(memory, 2, 4, 8), new WeightView.Zeros(4)));
      try (Session session =
          backend.load(
              Probe.program(c.get(TP), List.of(show())),
              (name, rank) -> view,
              LoadOptions.defaults())) {
        for (Map<String, HostTensor> rank : session.run("show", Map.of()).outputsByRank()) {
          Probe.difference("a weight in pieces", SessionChecks.get(rank, Probe.Y), 1, 2, 0)
              .ifPresent(findings::fail);
        }
      }
      Probe.difference(
              "the memory of a weight, after a run,",
              HostTensor.wrap(DType.F32, Shape.of(4), memory),
              1,
              -1,
              2,
              -1)
          .ifPresent(findings::fail);
    }
  }

  private static GraphSpec show() {
    return new GraphSpec(
        "show",
        List.of(),
        context ->
            new GraphResult(
                Map.of(Probe.Y, context.weight(Probe.SCALE)),
                Map.of(Probe.TOTAL, context.state(Probe.TOTAL))));
  }

  /** Weights of one identity may be one memory; a run that writes a state must not reach it. */
  private static void shared(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor weight = Probe.tensor(1, 2, 3);
    GraphSpec copy =
        new GraphSpec(
            "copy",
            List.of(),
            context ->
                new GraphResult(
                    Map.of(Probe.Y, context.weight(Probe.SCALE)),
                    Map.of(
                        Probe.TOTAL,
                        context
                            .ops()
                            .updateInto(
                                context.state(Probe.TOTAL), context.weight(Probe.SCALE), 0))));
    try (Session session =
        backend.load(
            Probe.program(c.get(TP), List.of(copy, Probe.add(), show())),
            (name, rank) -> Probe.view("one", weight),
            LoadOptions.defaults())) {
      session.run("copy", Map.of());
      session.run(Probe.ADD, Probe.x(10, 10, 10));
      for (Map<String, HostTensor> rank : session.run("show", Map.of()).outputsByRank()) {
        Probe.difference(
                "a weight, after the state it was copied to was written,",
                SessionChecks.get(rank, Probe.Y),
                1,
                2,
                3)
            .ifPresent(findings::fail);
      }
      Probe.difference("the memory of a weight, after runs,", weight, 1, 2, 3)
          .ifPresent(findings::fail);
    }
  }
}

package org.smollm3.conformance.behaviour;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** What is refused, by which type, and that nothing is worse after it. */
final class ErrorChecks {
  private ErrorChecks() {}

  private static final Param<Integer> TP = LifecycleChecks.TP;

  static List<RuleCheck> all() {
    return List.of(
        call("ERR-01", "a run without its input", Probe.ADD, Map.of()),
        call(
            "ERR-02",
            "a run with an unknown input",
            Probe.ADD,
            Map.of(Probe.X, Probe.tensor(1, 2, 3), "z", Probe.tensor(1))),
        call("ERR-03", "a run with an input of another shape", Probe.ADD, Probe.x(1, 2)),
        call(
            "ERR-04",
            "a run with an input of another type",
            Probe.ADD,
            Map.of(Probe.X, HostTensor.ofInts(Probe.SHAPE, 1, 2, 3))),
        call("ERR-05", "a run of an unknown graph", "subtract", Probe.x(1, 2, 3)),
        new RuleCheck("ERR-06", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::unknownState),
        new RuleCheck("ERR-07", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::noWeight),
        new RuleCheck("ERR-08", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::misshaped),
        new RuleCheck("ERR-09", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::brokenBody),
        new RuleCheck("ERR-10", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::consumed),
        new RuleCheck("ERR-11", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::twice),
        new RuleCheck("ERR-12", CaseSpace.fixed(TP), Tries.of(2, 4), ErrorChecks::lostState),
        new RuleCheck("ERR-13", CaseSpace.fixed(), Tries.ONCE, ErrorChecks::localRanks));
  }

  /** A run that must be refused, between runs that must be right. */
  private static RuleCheck call(
      String rule, String what, String graph, Map<String, HostTensor> inputs) {
    return new RuleCheck(
        rule,
        CaseSpace.fixed(TP),
        Tries.of(2, 4),
        (backend, c, findings) -> {
          try (ProbeSession session = ProbeSession.open(backend, findings, c.get(TP))) {
            session.add(1, 2, 3);
            Refusals.expect(
                findings,
                InvalidRequestException.class,
                what,
                () -> session.session().run(graph, inputs));
            session.peek("after a refusal");
            session.add(4, 5, 6);
          }
        });
  }

  private static void unknownState(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    ProgramSpec program = Probe.program(degree, Capability.STATE_READ);
    try (ProbeSession session =
        new ProbeSession(
            backend.load(program, Probe.weights(), LoadOptions.defaults()),
            findings,
            "a session")) {
      session.add(1, 2, 3);
      Refusals.expect(
          findings,
          InvalidRequestException.class,
          "reading an unknown state",
          () -> session.session().readState("sum", 0));
      for (int rank : List.of(-1, degree)) {
        Refusals.expect(
            findings,
            InvalidRequestException.class,
            "reading a state of rank " + rank,
            () -> session.session().readState(Probe.TOTAL, rank));
      }
      session.add(4, 5, 6);
    }
  }

  /** Missing on the last rank only, when others have theirs already. */
  private static void noWeight(BackendUnderTest backend, Case c, Findings findings) {
    int last = c.get(TP) - 1;
    requireRefused(
        backend,
        c,
        findings,
        "a load without a weight of rank " + last,
        (name, rank) -> {
          if (rank == last) {
            throw new InvalidModelException("there is no weight '" + name + "' of rank " + rank);
          }
          return Probe.weights().weight(name, rank);
        });
  }

  private static void misshaped(BackendUnderTest backend, Case c, Findings findings) {
    int last = c.get(TP) - 1;
    requireRefused(
        backend,
        c,
        findings,
        "a load with a weight of another shape on rank " + last,
        (name, rank) ->
            rank == last
                ? Probe.view("wrong", Probe.tensor(1, 2, 3, 4))
                : Probe.weights().weight(name, rank));
    requireRefused(
        backend,
        c,
        findings,
        "a load with an integer weight on rank " + last,
        (name, rank) ->
            rank == last
                ? Probe.view("integers", HostTensor.ofInts(Probe.SHAPE, 1, 2, 3))
                : Probe.weights().weight(name, rank));
  }

  private static void requireRefused(
      BackendUnderTest backend, Case c, Findings findings, String what, WeightSource weights) {
    ProgramSpec program = Probe.program(c.get(TP));
    // Ends the case here if the backend cannot run over so many ranks.
    ProbeSession.open(backend, findings, c.get(TP)).close();
    Refusals.expect(
        findings,
        InvalidModelException.class,
        what,
        () -> backend.backend().load(program, weights, LoadOptions.defaults()).close());
    try (ProbeSession session = ProbeSession.open(backend, findings, c.get(TP))) {
      session.add(1, 2, 3);
    }
  }

  /** Of a graph whose body is wrong, refused when it is loaded or when it is run. */
  private static Optional<String> refuse(
      BackendUnderTest backend,
      Case c,
      Findings findings,
      Class<? extends RuntimeException> type,
      String what,
      GraphBody body) {
    GraphSpec graph = new GraphSpec("wrong", List.of(), body);
    ProgramSpec program = Probe.program(c.get(TP), List.of(Probe.peek(), graph));
    ProbeSession.open(backend, findings, c.get(TP)).close();
    return Refusals.expect(
        findings,
        type,
        what,
        () -> {
          try (Session session =
              backend.backend().load(program, Probe.weights(), LoadOptions.defaults())) {
            session.run("wrong", Map.of());
          }
        });
  }

  private static void brokenBody(BackendUnderTest backend, Case c, Findings findings) {
    refuse(
            backend,
            c,
            findings,
            InvalidRequestException.class,
            "a body that adds tensors of two shapes",
            context -> {
              State state = context.state(Probe.TOTAL);
              Tensor y =
                  context.scope(
                      "layers.3.mlp",
                      () ->
                          context
                              .ops()
                              .add(
                                  context.ops().iota(Shape.of(2), 0),
                                  context.ops().iota(Shape.of(3), 0)));
              return new GraphResult(Map.of(Probe.Y, y), Map.of(Probe.TOTAL, state));
            })
        .ifPresent(
            message -> {
              for (String part : List.of("layers.3.mlp", "add")) {
                findings.require(
                    message.toLowerCase(Locale.ROOT).contains(part),
                    () -> "the message does not name '" + part + "': " + message);
              }
            });
  }

  private static void consumed(BackendUnderTest backend, Case c, Findings findings) {
    refuse(
        backend,
        c,
        findings,
        StateConsumedException.class,
        "a body that updates a state by a handle it has used before",
        context -> {
          State state = context.state(Probe.TOTAL);
          Tensor ones = context.ops().constant(Probe.tensor(1, 1, 1));
          State first = context.ops().updateInto(state, ones, 0);
          context.ops().updateInto(state, ones, 0);
          return new GraphResult(Map.of(Probe.Y, ones), Map.of(Probe.TOTAL, first));
        });
    refuse(
        backend,
        c,
        findings,
        StateConsumedException.class,
        "a body that uses what it read of a state after it has updated it",
        context -> {
          State state = context.state(Probe.TOTAL);
          Tensor before = context.ops().read(state);
          State next =
              context.ops().updateInto(state, context.ops().constant(Probe.tensor(1, 1, 1)), 0);
          Tensor y = context.ops().add(before, before);
          return new GraphResult(Map.of(Probe.Y, y), Map.of(Probe.TOTAL, next));
        });
  }

  private static void twice(BackendUnderTest backend, Case c, Findings findings) {
    ProgramSpec right = Probe.program(c.get(TP));
    ProbeSession.open(backend, findings, c.get(TP)).close();
    for (int what = 0; what < 3; what++) {
      ProgramSpec wrong =
          new ProgramSpec(
              right.name(),
              right.tensorParallelDegree(),
              what == 0 ? doubled(right.weights()) : right.weights(),
              what == 1 ? doubled(right.states()) : right.states(),
              what == 2 ? doubled(right.graphs()) : right.graphs(),
              right.requires());
      Refusals.expect(
          findings,
          InvalidRequestException.class,
          "a program with two " + List.of("weights", "states", "graphs").get(what) + " of one name",
          () -> backend.backend().load(wrong, Probe.weights(), LoadOptions.defaults()).close());
    }
  }

  private static <T> List<T> doubled(List<T> list) {
    return Stream.concat(list.stream(), list.stream()).toList();
  }

  private static void lostState(BackendUnderTest backend, Case c, Findings findings) {
    refuse(
        backend,
        c,
        findings,
        InvalidRequestException.class,
        "a body that does not return the handle of a state",
        context -> new GraphResult(Map.of(Probe.Y, context.ops().scalar(DType.F32, 1)), Map.of()));
  }

  private static void localRanks(BackendUnderTest backend, Case c, Findings findings) {
    LoadOptions defaults = LoadOptions.defaults();
    // Ends the case here if the backend cannot run the program.
    ProbeSession.open(backend, findings, 1).close();
    for (int rank : List.of(-1, 1)) {
      Refusals.expect(
          findings,
          InvalidRequestException.class,
          "a load for rank " + rank + " of 1",
          () ->
              backend
                  .backend()
                  .load(
                      Probe.program(1),
                      Probe.weights(),
                      new LoadOptions(defaults.taps(), defaults.listener(), List.of(rank)))
                  .close());
    }
    LoadOptions all = new LoadOptions(defaults.taps(), defaults.listener(), List.of(0));
    try (ProbeSession session =
        new ProbeSession(
            backend.load(Probe.program(1), Probe.weights(), all), findings, "rank 0 of 1")) {
      session.add(1, 2, 3);
    }
  }
}

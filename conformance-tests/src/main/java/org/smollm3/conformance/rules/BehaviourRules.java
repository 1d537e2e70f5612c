package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on refusals, errors, lifecycle and sessions side by side. */
final class BehaviourRules {
  private BehaviourRules() {}

  static final List<Rule> RULES =
      List.of(
          rule("LIFE-01", "a backend has a name, the same on every call", "Backend.name"),
          rule(
              "LIFE-02",
              "a backend declares the same capabilities and numerics on every call, and so does "
                  + "another one of the same provider",
              "Backend.capabilities, numerics"),
          rule("LIFE-03", "closing a session twice is harmless", "Session"),
          rule(
              "LIFE-04",
              "after close a session throws IllegalStateException on any call but close",
              "Session"),
          rule("LIFE-05", "closing a backend twice is harmless", "Backend"),
          rule(
              "LIFE-06",
              "states are zero in every new session, whatever was in memory before",
              "ProgramSpec.states"),
          rule(
              "LIFE-07",
              "states last from run to run, and all graphs of a session see the same",
              "ProgramSpec"),
          rule("LIFE-08", "resetStates makes the states zero on all ranks", "Session.resetStates"),
          rule(
              "LIFE-09", "closing one backend does nothing to another and its sessions", "Backend"),
          rule("LIFE-10", "readState gives a copy, of the rank asked for", "Session.readState"),
          rule("SESSION-01", "two sessions of one backend share no state", "Session"),
          rule(
              "SESSION-02",
              "runs from several threads on one session come one after the other, and none is lost",
              "Session"),
          rule(
              "SESSION-03",
              "sessions that run at the same time do not disturb each other",
              "Session, Backend"),
          rule(
              "SESSION-04",
              "where determinism is declared the same run gives the same bits again, in another "
                  + "session too",
              "NumericsProfile.Determinism"),
          rule(
              "SESSION-05",
              "outputs are memory of their own, neither that of an input, nor of a state, nor of "
                  + "another output",
              "Session.run"),
          rule(
              "SESSION-06",
              "a run leaves its inputs as they are, and no later run looks at them",
              "Session.run"),
          rule(
              "SESSION-07",
              "outputs come by rank, and every rank has its own number and weights",
              "Outputs, GraphContext.rank, WeightSource"),
          rule(
              "ERR-01",
              "a run without one of its inputs is refused as an invalid request, and nothing has "
                  + "changed",
              "Session.run"),
          rule(
              "ERR-02",
              "a run with an unknown input is refused as an invalid request, and nothing has "
                  + "changed",
              "Session.run"),
          rule(
              "ERR-03",
              "a run with an input of another shape is refused as an invalid request, and nothing "
                  + "has changed",
              "Session.run"),
          rule(
              "ERR-04",
              "a run with an input of another type is refused as an invalid request, and nothing "
                  + "has changed",
              "Session.run"),
          rule(
              "ERR-05",
              "a run of an unknown graph is refused as an invalid request, and nothing has changed",
              "Session.run, ProgramSpec.graph"),
          rule(
              "ERR-06",
              "reading an unknown state, or one of a rank that there is not, is an invalid request",
              "Session.readState"),
          rule(
              "ERR-07",
              "a missing weight makes an invalid model, and the backend goes on as before",
              "Backend.load"),
          rule(
              "ERR-08",
              "a weight of another shape, or of integers, makes an invalid model",
              "Backend.load"),
          rule(
              "ERR-09",
              "a body with an operation on shapes that do not fit is an invalid request that names "
                  + "the scope and the operation",
              "TensorOps, GraphContext.scope"),
          rule(
              "ERR-10",
              "a handle that was consumed, and a tensor read from it, cannot be used",
              "State"),
          rule(
              "ERR-11",
              "a program with two weights, states or graphs of one name is an invalid request",
              "ProgramChecks"),
          rule(
              "ERR-12",
              "a body that does not return the final handle of a state is an invalid request",
              "GraphResult"),
          rule(
              "ERR-13",
              "a local rank that the program has not is an invalid request",
              "LoadOptions.localRanks"),
          rule(
              "CAP-01",
              "a program that requires an undeclared capability is refused, by its name",
              "Backend.load, Capability"),
          rule(
              "CAP-02",
              "ranks, taps and open dimensions are refused where they are not declared, whatever "
                  + "the program says it requires",
              "Backend.load, Capability"),
          rule("CAP-03", "every declared capability is taken", "Backend.capabilities"),
          rule(
              "CAP-04",
              "an open dimension takes any size, in one session",
              "Capability.DYNAMIC_SHAPES"),
          rule(
              "CAP-05",
              "a load for some of the ranks serves those alone, or is refused",
              "LoadOptions.localRanks"),
          rule(
              "TAP-01",
              "taps hold what was tapped, on every rank, and change no output",
              "GraphContext.tap"),
          rule(
              "TAP-02",
              "the taps that were asked for are returned, in the order in which the body made "
                  + "them, and no others",
              "TapPattern, Outputs"),
          rule(
              "TAP-03",
              "the listener hears each tap asked for once on every rank",
              "TapListener, LoadOptions"),
          rule(
              "WEIGHT-01",
              "a weight is its pieces end to end, rows that lie apart and padding too",
              "WeightView"),
          rule("WEIGHT-02", "no run writes to a weight", "WeightView, GraphContext.weight"));

  private static Rule rule(String id, String text, String source) {
    return new Rule(id, Level.BEHAVIOUR, text, source);
  }
}

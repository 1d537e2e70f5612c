package org.smollm3.conformance.behaviour;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile.Determinism;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Sessions side by side and from several threads, and whose memory is whose. */
final class SessionChecks {
  private SessionChecks() {}

  private static final Param<Integer> TP = LifecycleChecks.TP;
  private static final Param<Integer> THREADS = Param.integer("threads", 2, 5);
  private static final int RUNS = 12;

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck("SESSION-01", CaseSpace.fixed(TP), Tries.of(2, 6), SessionChecks::apart),
        new RuleCheck(
            "SESSION-02", CaseSpace.fixed(TP, THREADS), Tries.of(2, 10), SessionChecks::threads),
        new RuleCheck(
            "SESSION-03", CaseSpace.fixed(TP, THREADS), Tries.of(2, 6), SessionChecks::sideBySide),
        new RuleCheck("SESSION-04", CaseSpace.of(TP), Tries.of(2, 10), SessionChecks::sameBits),
        new RuleCheck("SESSION-05", CaseSpace.fixed(TP), Tries.of(2, 4), SessionChecks::noAlias),
        new RuleCheck("SESSION-06", CaseSpace.fixed(TP), Tries.of(2, 4), SessionChecks::inputsRead),
        new RuleCheck("SESSION-07", CaseSpace.fixed(TP), Tries.of(2, 4), SessionChecks::ranks));
  }

  private static void apart(BackendUnderTest backend, Case c, Findings findings) {
    try (ProbeSession first = ProbeSession.open(backend, findings, c.get(TP), "the first session");
        ProbeSession second =
            ProbeSession.open(backend, findings, c.get(TP), "the second session")) {
      first.add(1, 2, 3);
      second.peek("before any run");
      second.add(40, 50, 60);
      first.peek("after a run of another");
      second.session().resetStates();
      second.forget();
      first.add(1, 1, 1);
      second.peek("after a reset");
    }
  }

  /** Each run adds one; a run that meets another loses one. */
  private static void threads(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    int threads = c.get(THREADS);
    try (Session session =
        backend.load(Probe.program(degree), Probe.weights(), LoadOptions.defaults())) {
      together(
          threads,
          findings,
          thread -> {
            for (int run = 0; run < RUNS; run++) {
              session.run(Probe.ADD, Probe.x(1, 1, 1));
            }
          });
      HostTensor total = session.run(Probe.PEEK, Map.of()).get(Probe.Y);
      double runs = (double) threads * RUNS;
      Probe.difference(
              "after " + threads + " threads added 1 " + RUNS + " times: y",
              total,
              runs,
              2 * runs,
              3 * runs)
          .ifPresent(findings::fail);
    }
  }

  private static void sideBySide(BackendUnderTest backend, Case c, Findings findings) {
    List<ProbeSession> sessions = new ArrayList<>();
    ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    try {
      for (int i = 0; i < c.get(THREADS); i++) {
        sessions.add(ProbeSession.open(backend, findings, c.get(TP)));
      }
      together(
          sessions.size(),
          findings,
          thread -> {
            Session session = sessions.get(thread).session();
            double step = thread + 1.0;
            for (int run = 1; run <= RUNS; run++) {
              HostTensor y = session.run(Probe.ADD, Probe.x(step, step, step)).get(Probe.Y);
              double total = run * step;
              Probe.difference(
                      "session " + thread + " in run " + run + ": y",
                      y,
                      total,
                      2 * total,
                      3 * total)
                  .ifPresent(wrong::add);
            }
          });
    } finally {
      sessions.forEach(ProbeSession::close);
    }
    wrong.stream().findFirst().ifPresent(findings::fail);
  }

  private interface Work {
    void run(int thread);
  }

  /** Starts all at once and waits for all. */
  private static void together(int count, Findings findings, Work work) {
    CountDownLatch start = new CountDownLatch(count);
    ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      start.countDown();
                      start.await();
                      work.run(number);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    } catch (RuntimeException | Error e) {
                      failures.add("one of " + count + " threads fails: " + e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BackendException("interrupted while waiting for runs", e);
      }
    }
    failures.stream().findFirst().ifPresent(findings::fail);
  }

  /** Sums whose last bits show any change of order. */
  private static void sameBits(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    Random random = c.random();
    Shape shape = Shape.of(5, 300);
    GraphSpec graph =
        new GraphSpec(
            "sums",
            List.of(new TensorSpec(Probe.X, DType.F32, shape)),
            context -> {
              Tensor sums = context.ops().reduce(context.input(Probe.X), Reduction.SUM, 1);
              Tensor all = context.collectives().allReduce(sums, Reduction.SUM, DType.F32);
              return new GraphResult(Map.of(Probe.Y, all), Map.of());
            });
    ProgramSpec program =
        new ProgramSpec(
            "sums", degree, List.of(), List.of(), List.of(graph), Set.of(Capability.FLOAT32));
    Map<String, HostTensor> inputs =
        Map.of(Probe.X, Values.of(Regime.OUTLIERS, DType.F32, shape, random));
    try (Session one = backend.load(program, Probe.weights(), LoadOptions.defaults());
        Session other = backend.load(program, Probe.weights(), LoadOptions.defaults())) {
      if (backend.numerics().determinism() == Determinism.NONE) {
        one.run("sums", inputs);
        return;
      }
      HostTensor first = one.run("sums", inputs).get(Probe.Y).copy();
      findings.sameBits("y of the second run", one.run("sums", inputs).get(Probe.Y), first);
      findings.sameBits("y of another session", other.run("sums", inputs).get(Probe.Y), first);
    }
  }

  /** Outputs that are an input or a state are copies of it. */
  private static void noAlias(BackendUnderTest backend, Case c, Findings findings) {
    GraphSpec echo =
        new GraphSpec(
            "echo",
            List.of(new TensorSpec(Probe.X, DType.F32, Probe.SHAPE)),
            context -> {
              State state = context.state(Probe.TOTAL);
              Tensor x = context.input(Probe.X);
              return new GraphResult(
                  Map.of(Probe.Y, x, "again", x, "kept", context.ops().read(state)),
                  Map.of(Probe.TOTAL, state));
            });
    ProgramSpec program = Probe.program(c.get(TP), List.of(Probe.add(), Probe.peek(), echo));
    try (Session session = backend.load(program, Probe.weights(), LoadOptions.defaults())) {
      session.run(Probe.ADD, Probe.x(1, 2, 3));
      HostTensor input = Probe.tensor(4, 5, 6);
      Outputs outputs = session.run("echo", Map.of(Probe.X, input));
      outputs.get(Probe.Y).segment().fill((byte) 0x7f);
      Probe.difference("an input whose output was written to", input, 4, 5, 6)
          .ifPresent(findings::fail);
      Probe.difference("an output whose twin was written to", outputs.get("again"), 4, 5, 6)
          .ifPresent(findings::fail);
      input.segment().fill((byte) 0);
      Probe.difference("an output whose input was written to", outputs.get("again"), 4, 5, 6)
          .ifPresent(findings::fail);
      outputs.get("kept").segment().fill((byte) 0x7f);
      Probe.difference(
              "after an output that shows a state was written to: y",
              session.run(Probe.PEEK, Map.of()).get(Probe.Y),
              1,
              4,
              9)
          .ifPresent(findings::fail);
    }
  }

  /** They are left as they are, and not looked at after the run. */
  private static void inputsRead(BackendUnderTest backend, Case c, Findings findings) {
    try (Session session =
        backend.load(Probe.program(c.get(TP)), Probe.weights(), LoadOptions.defaults())) {
      HostTensor input = Probe.tensor(1, 2, 3);
      Map<String, HostTensor> inputs = new HashMap<>(Map.of(Probe.X, input));
      session.run(Probe.ADD, inputs);
      findings.require(
          inputs.keySet().equals(Set.of(Probe.X)),
          () -> "the run changed the map of its inputs to " + inputs.keySet());
      Probe.difference("an input after its run", input, 1, 2, 3).ifPresent(findings::fail);
      input.segment().fill((byte) 0x7f);
      Probe.difference(
              "after an input of an earlier run was written to: y",
              session.run(Probe.PEEK, Map.of()).get(Probe.Y),
              1,
              4,
              9)
          .ifPresent(findings::fail);
    }
  }

  /** Outputs come by rank, each from its own weights, and rank() is the rank's number. */
  private static void ranks(BackendUnderTest backend, Case c, Findings findings) {
    int degree = c.get(TP);
    GraphSpec graph =
        new GraphSpec(
            "who",
            List.of(),
            context ->
                new GraphResult(
                    Map.of(Probe.Y, context.weight(Probe.SCALE), "rank", context.rank()),
                    Map.of(Probe.TOTAL, context.state(Probe.TOTAL))));
    try (Session session =
        backend.load(
            Probe.program(degree, List.of(graph)), Probe.weights(), LoadOptions.defaults())) {
      Outputs outputs = session.run("who", Map.of());
      findings.require(
          outputs.outputsByRank().size() == degree,
          () -> outputs.outputsByRank().size() + " ranks return outputs, not " + degree);
      for (int rank = 0; rank < outputs.outputsByRank().size(); rank++) {
        String where = " of rank " + rank;
        Map<String, HostTensor> own = outputs.outputsByRank().get(rank);
        Probe.difference("rank" + where, get(own, "rank"), rank).ifPresent(findings::fail);
        Probe.difference("y" + where, get(own, Probe.Y), Probe.scale(rank).toDoubleArray())
            .ifPresent(findings::fail);
      }
    }
  }

  static HostTensor get(Map<String, HostTensor> tensors, String name) {
    return Optional.ofNullable(tensors.get(name))
        .orElseThrow(() -> new BackendException("'" + name + "' is not there"));
  }
}

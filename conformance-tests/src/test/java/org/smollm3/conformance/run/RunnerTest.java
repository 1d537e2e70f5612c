package org.smollm3.conformance.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.smollm3.conformance.ConformanceKit;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.faults.Fault;
import org.smollm3.conformance.faults.FaultyBackend;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;
import org.smollm3.tensor.HostTensor;

class RunnerTest {
  private static final Runner RUNNER = ConformanceKit.runner();
  private static final RunPlan DOT = RunPlan.of(Profile.STANDARD).withRules("OP-DOT-01");

  private static Backend cpu() {
    return Backends.discover().open("cpu", BackendOptions.defaults());
  }

  private static RunReport run(Supplier<Backend> factory, RunPlan plan) {
    try (BackendUnderTest backend = BackendUnderTest.open(factory)) {
      return RUNNER.run(backend, List.of(), plan, Progress.NONE);
    }
  }

  /** Off by a factor in every seventh element. */
  private static Backend off(double factor) {
    if (factor == 1) {
      return cpu(); // storing a NaN again would change its bits
    }
    return Meddling.withOutputs(
        cpu(),
        y -> {
          for (long i = 0; i < y.size(); i++) {
            if (i % 7 == 6) {
              y.setDouble(i, y.getDouble(i) * factor);
            }
          }
          return y;
        });
  }

  private static RuleResult only(RunReport report) {
    assertThat(report.results()).hasSize(1);
    return report.results().get(0);
  }

  @Test
  void aCorrectBackendPasses() {
    RuleResult result = only(run(RunnerTest::cpu, DOT));

    assertThat(result.verdict()).isEqualTo(Verdict.PASS);
    assertThat(result.tries()).isEqualTo(result.planned()).isEqualTo(60);
    assertThat(result.worst().orElseThrow().measure().ratio()).isBetween(0.1, 1.0);
    assertThat(result.ulps().isEmpty()).isFalse();
  }

  @Test
  void aFaultyOneFailsWithACaseThatIsSimplerAndFailsAgain() {
    RunReport report = run(() -> off(1.05), DOT);
    RuleResult result = only(report);

    assertThat(result.verdict()).isEqualTo(Verdict.FAIL);
    assertThat(report.passed()).isFalse();
    RuleResult.Failure failure = result.failures().get(0);
    RuleResult.Shrunk shrunk = failure.shrunk().orElseThrow();
    assertThat(shrunk.caseLine()).isNotEqualTo(failure.caseLine());
    assertThat(report.rerun("OP-DOT-01", shrunk.caseLine()))
        .isEqualTo(
            "./smollm3 conform --backend cpu --rule OP-DOT-01 --case '" + shrunk.caseLine() + "'");
    try (BackendUnderTest backend = BackendUnderTest.open(() -> off(1.05))) {
      RuleResult again = only(RUNNER.runCase(backend, List.of(), "OP-DOT-01", shrunk.caseLine()));
      assertThat(again.verdict()).isEqualTo(Verdict.FAIL);
      assertThat(again.failures().get(0).why()).isEqualTo(shrunk.why());
    }
  }

  @Test
  void shardsInAnyOrderMakeTheWholeThroughTheirFiles() {
    RunPlan plan = RunPlan.of(Profile.QUICK).withLevels(Level.OPERATIONS).withTries(13).withSeed(5);
    for (double factor : new double[] {1, 1.05}) {
      RunReport whole = run(() -> off(factor), plan);
      List<RunReport> shards = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        RunReport shard = run(() -> off(factor), plan.withShard(new Shard(i, 3)));
        shards.add(ReportReader.read(ReportWriter.write(shard), "a shard"));
        assertThat(shards.get(i)).isEqualTo(shard);
      }
      Collections.reverse(shards);

      assertThat(ReportMerge.merge(shards).withoutTimes()).isEqualTo(whole.withoutTimes());
      assertThat(whole.passed()).isEqualTo(factor == 1);
    }
  }

  @Test
  void whatAreNotAllShardsOfOneRunIsNotMerged() {
    RunPlan plan = DOT.withTries(4);
    RunReport first = run(RunnerTest::cpu, plan.withShard(new Shard(0, 2)));
    RunReport second = run(RunnerTest::cpu, plan.withShard(new Shard(1, 2)));
    RunReport other = run(RunnerTest::cpu, plan.withSeed(2).withShard(new Shard(1, 2)));

    assertThat(ReportMerge.merge(List.of(first, second)).results().get(0).tries()).isEqualTo(4);
    for (List<RunReport> wrong :
        List.of(
            List.<RunReport>of(), List.of(first), List.of(first, first), List.of(first, other))) {
      assertThatThrownBy(() -> ReportMerge.merge(wrong))
          .isInstanceOf(InvalidRequestException.class);
    }
  }

  @Test
  void whatIsNoReportIsRefused() {
    String whole = ReportWriter.write(run(RunnerTest::cpu, DOT.withTries(1)));
    for (String text :
        List.of("", "{}", "[1]", whole.substring(0, 300), whole.replace("\"planned\"", "\"p\""))) {
      assertThatThrownBy(() -> ReportReader.read(text, "x.json"))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageStartingWith("x.json ");
    }
  }

  @Test
  void withoutAProfileThereIsNoVerdict() {
    RunReport report = run(() -> Declared.withoutProfile(cpu()), DOT.withTries(2));

    assertThat(only(report).verdict()).isEqualTo(Verdict.NO_VERDICT);
    assertThat(report.passed()).isFalse();
    assertThat(report.subject().numerics()).isEmpty();
  }

  @Test
  void whatIsNotDeclaredMustBeRefused() {
    Set<Capability> none = Set.of();
    RuleResult refused = only(run(() -> Declared.of(cpu(), none, true), DOT.withTries(3)));
    assertThat(refused.verdict()).isEqualTo(Verdict.UNSUPPORTED);
    assertThat(refused.notes().get(0).text()).contains("does not support");

    RuleResult accepted = only(run(() -> Declared.of(cpu(), none, false), DOT.withTries(3)));
    assertThat(accepted.verdict()).isEqualTo(Verdict.FAIL);
    assertThat(accepted.failures().get(0).why()).contains("does not declare");
  }

  @Test
  void whatABackendThrowsIsAFinding() {
    UnaryOperator<HostTensor> throwing =
        y -> {
          throw new IllegalStateException("out of\nluck");
        };
    RuleResult result = only(run(() -> Meddling.withOutputs(cpu(), throwing), DOT.withTries(1)));

    assertThat(result.failures().get(0).why())
        .startsWith("threw IllegalStateException: out of at org.smollm3");
  }

  @Test
  void whatABackendWritesToItsInputsOrBesideThemIsSeen() {
    Supplier<Backend> into =
        () -> Meddling.withInputs(cpu(), x -> x.segment().set(ValueLayout.JAVA_BYTE, 1, (byte) 7));
    Supplier<Backend> before = () -> Meddling.withInputs(cpu(), x -> beside(x, -1));
    Supplier<Backend> after =
        () -> Meddling.withInputs(cpu(), x -> beside(x, x.segment().byteSize()));
    RunPlan plan = DOT.withTries(1);

    assertThat(only(run(into, plan)).failures().get(0).why()).contains("wrote to byte 1 of");
    assertThat(only(run(before, plan)).failures().get(0).why()).contains("wrote to byte -1 of");
    assertThat(only(run(after, plan)).failures().get(0).why())
        .containsPattern("wrote to byte ([0-9]+) of its input '[xw]', which has \\1");
  }

  /** As native code would. */
  private static void beside(HostTensor x, long at) {
    MemorySegment.ofAddress(x.segment().address() + at)
        .reinterpret(1)
        .set(ValueLayout.JAVA_BYTE, 0, (byte) 7);
  }

  @Test
  void aRunStopsWhenItIsToldAndCountsWhatItHas() {
    List<Progress.State> seen = new ArrayList<>();
    Progress progress =
        new Progress() {
          @Override
          public void onCase(State state) {
            seen.add(state);
          }

          @Override
          public boolean isToStop() {
            return seen.size() == 3;
          }
        };
    try (BackendUnderTest backend = BackendUnderTest.open(RunnerTest::cpu)) {
      RunReport report = RUNNER.run(backend, List.of(), DOT.withTries(10), progress);
      assertThat(only(report).tries()).isEqualTo(3);
      assertThat(only(report).planned()).isEqualTo(10);
      assertThat(seen).extracting(Progress.State::done).containsExactly(1L, 2L, 3L);
      assertThat(seen).allMatch(state -> state.total() == 10 && state.remaining().isPresent());
      assertThat(report.missing()).isEqualTo(7);
      assertThat(report.passed()).isFalse();
      seen.clear();
      RunPlan part = DOT.withTries(10).withShard(new Shard(1, 3));
      report = RUNNER.run(backend, List.of(), part, progress);
      assertThat(report.missing()).isZero();
      assertThat(report.passed()).isTrue();
    }
    // Of the ten cases this shard has the numbers 1, 4 and 7.
    assertThat(seen).extracting(Progress.State::done).containsExactly(1L, 2L, 3L);
    assertThat(seen).allMatch(state -> state.total() == 3 && state.remaining().isPresent());
  }

  @Test
  void rulesAndShardsThatThereAreNotAreRefused() {
    assertThatThrownBy(() -> run(RunnerTest::cpu, DOT.withRules("OP-DOT-99")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("OP-DOT-99");
    for (String shard : List.of("2/2", "0/0", "1", "-1/2", "a/b")) {
      assertThatThrownBy(() -> Shard.of(shard)).isInstanceOf(InvalidRequestException.class);
    }
    assertThat(Shard.of("1/2")).isEqualTo(new Shard(1, 2));
  }

  @Test
  void aBackendThatHangsFailsOneCaseAndIsGivenUp() {
    CountDownLatch never = new CountDownLatch(1);
    AtomicBoolean closed = new AtomicBoolean();
    Runner impatient =
        new Runner(RuleCatalogue.standard(), ConformanceKit.checks(), Duration.ofSeconds(1));
    Supplier<Backend> hanging =
        () ->
            Meddling.withOutputs(
                cpu(),
                y -> {
                  boolean interrupted = false;
                  while (never.getCount() > 0 && !interrupted) {
                    try {
                      never.await();
                    } catch (InterruptedException e) {
                      interrupted = true;
                    }
                  }
                  closed.set(true);
                  return y;
                });
    try (BackendUnderTest backend = BackendUnderTest.open(hanging)) {
      RunPlan plan = RunPlan.of(Profile.QUICK).withRules("OP-DOT-01", "OP-DOT-02");
      RunReport report = impatient.run(backend, List.of(), plan, Progress.NONE);

      assertThat(report.results().get(0).verdict()).isEqualTo(Verdict.FAIL);
      assertThat(report.results().get(0).tries()).isEqualTo(1);
      assertThat(report.results().get(0).failures().get(0).why())
          .isEqualTo("no end after 1 s: the backend hangs; what comes after was not tried");
      assertThat(report.results().get(1).verdict()).isEqualTo(Verdict.NOT_RUN);
      assertThat(report.passed()).isFalse();
      assertThat(closed).isFalse();
    } finally {
      never.countDown();
    }
  }

  @Test
  void onlyCasesOfTheDegreesThatWereGivenAreTried() {
    Set<Integer> seen = new TreeSet<>();
    Supplier<Backend> counting =
        () ->
            new FaultyBackend(
                cpu(),
                new Fault(
                    "none",
                    "counts degrees",
                    "",
                    context -> {
                      seen.add(context.tensorParallelDegree());
                      return context;
                    },
                    UnaryOperator.identity()));
    RunPlan plan = RunPlan.of(Profile.STANDARD).withRules("PAR-01", "PAR-02");
    RunReport all = run(counting, plan);
    assertThat(seen).containsExactly(1, 2, 4, 8);
    seen.clear();
    RunReport two = run(counting, plan.withDegrees(Set.of(2)));
    assertThat(seen).containsExactly(2);
    assertThat(two.passed()).isTrue();
    assertThat(two.results().get(0).tries()).isEqualTo(all.results().get(0).tries());
    assertThat(ReportReader.read(ReportWriter.write(two), "a report")).isEqualTo(two);

    RunReport none = run(counting, plan.withDegrees(Set.of(7)));
    assertThat(none.results()).extracting(RuleResult::verdict).containsOnly(Verdict.NOT_RUN);
    assertThat(none.passed()).isFalse();
    assertThatThrownBy(() -> plan.withDegrees(Set.of(0)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("0 is no tensor-parallel degree; give 1 or more");
  }

  @Test
  void theLineThatRunsACaseAgainOpensTheSameBackend() {
    try (BackendUnderTest backend = BackendUnderTest.open(RunnerTest::cpu)) {
      RunPlan plan = RunPlan.of(Profile.QUICK).withRules("OP-DOT-01");
      List<String> options = List.of("--backend-options", "a=1,b=it's", "--plugin-path", "x.jar");
      RunReport report = RUNNER.run(backend, options, plan, Progress.NONE);

      assertThat(report.rerun("OP-DOT-01", "m=1"))
          .isEqualTo(
              "./smollm3 conform --backend cpu --backend-options 'a=1,b=it'\\''s' --plugin-path"
                  + " x.jar --rule OP-DOT-01 --case 'm=1'");
      assertThat(ReportReader.read(ReportWriter.write(report), "a report")).isEqualTo(report);
    }
  }

  @Test
  void whatIsWithinItsBoundAndYetUnlikelyIsAWarning() {
    // 0.6 of K u, which for K = 600 is four times 4 sqrt(K) u
    Supplier<Backend> unlikely =
        () ->
            Meddling.withOutputs(
                cpu(),
                y -> {
                  for (long i = 0; i < y.size(); i++) {
                    y.setDouble(i, y.getDouble(i) * (1 + 0.6 * 600 * 0x1p-24));
                  }
                  return y;
                });
    String line = "m=1 n=1 k=600 left=f32 right=f32 dtype=f32 regime=positive seed=1";
    try (BackendUnderTest wrong = BackendUnderTest.open(unlikely);
        BackendUnderTest right = BackendUnderTest.open(RunnerTest::cpu)) {
      RuleResult result = only(RUNNER.runCase(wrong, List.of(), "OP-DOT-01", line));
      assertThat(result.verdict()).isEqualTo(Verdict.PASS);
      assertThat(result.warned()).isEqualTo(1);
      assertThat(result.notes().get(0).text()).contains("further off than independent roundings");
      assertThat(only(RUNNER.runCase(right, List.of(), "OP-DOT-01", line)).warned()).isZero();
    }
  }
}

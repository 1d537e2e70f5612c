package org.smollm3.neuron.lint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.neuron.lint.LintGraphs.NONE;
import static org.smollm3.neuron.lint.LintGraphs.addAlone;
import static org.smollm3.neuron.lint.LintGraphs.addDoubled;
import static org.smollm3.neuron.lint.LintGraphs.allReduce;
import static org.smollm3.neuron.lint.LintGraphs.allToAll;
import static org.smollm3.neuron.lint.LintGraphs.compareNegated;
import static org.smollm3.neuron.lint.LintGraphs.count;
import static org.smollm3.neuron.lint.LintGraphs.customCall;
import static org.smollm3.neuron.lint.LintGraphs.dot;
import static org.smollm3.neuron.lint.LintGraphs.filled;
import static org.smollm3.neuron.lint.LintGraphs.gather;
import static org.smollm3.neuron.lint.LintGraphs.gatherPairs;
import static org.smollm3.neuron.lint.LintGraphs.given;
import static org.smollm3.neuron.lint.LintGraphs.module;
import static org.smollm3.neuron.lint.LintGraphs.power;
import static org.smollm3.neuron.lint.LintGraphs.random;
import static org.smollm3.neuron.lint.LintGraphs.randomBits;
import static org.smollm3.neuron.lint.LintGraphs.reduce;
import static org.smollm3.neuron.lint.LintGraphs.reduceScatter;
import static org.smollm3.neuron.lint.LintGraphs.rmsNorm;
import static org.smollm3.neuron.lint.LintGraphs.scatter;
import static org.smollm3.neuron.lint.LintGraphs.sort;
import static org.smollm3.neuron.lint.LintGraphs.u64;
import static org.smollm3.neuron.lint.LintGraphs.unary;
import static org.smollm3.neuron.lint.LintGraphs.update;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.neuron.compiler.CompilerTarget;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleReader;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.neuron.protobuf.ProtoWriter;
import org.smollm3.spi.Comparison;
import org.smollm3.tensor.Shape;

class LintTest {

  /** A graph that breaks one rule, and one that does nearly the same and breaks none. */
  private record Case(
      Rule rule,
      Severity severity,
      String code,
      String message,
      Function<ComputationBuilder, HloInstruction> wrong,
      Function<ComputationBuilder, HloInstruction> right) {}

  private static List<Case> cases() {
    return Stream.of(operators(), customCalls(), integers(), indices(), bodies())
        .flatMap(List::stream)
        .toList();
  }

  private static List<Case> operators() {
    return List.of(
        new Case(
            Rule.UNSUPPORTED_OPERATION,
            Severity.ERROR,
            "EVRF001",
            "is-finite is not among the compiler's operations",
            ops ->
                ops.add(
                    Opcode.IS_FINITE,
                    HloShape.of(ElementType.PRED, 4),
                    List.of(given(ops, ElementType.F32, 4)),
                    NONE),
            ops -> unary(ops, Opcode.LOGISTIC, ElementType.F32, NONE)),
        new Case(
            Rule.UNSUPPORTED_OPERATION,
            Severity.ERROR,
            "EVRF001",
            "random numbers of distribution 2",
            ops -> random(ops, 2),
            ops -> random(ops, 1)),
        new Case(
            Rule.RANDOM_ALGORITHM,
            Severity.ERROR,
            "EVRF006",
            "its algorithm is 2; only RNG_DEFAULT (0)",
            ops -> randomBits(ops, 2),
            ops -> randomBits(ops, 0)),
        new Case(
            Rule.FLOAT64,
            Severity.ERROR,
            "ESPP004",
            "it gives f64[4]{0}",
            ops -> ops.convert(given(ops, ElementType.F32, 4), ElementType.F64),
            ops -> ops.convert(given(ops, ElementType.F32, 4), ElementType.F16)),
        new Case(
            Rule.POWER_EXPONENT,
            Severity.ERROR,
            "",
            "is not constant",
            ops -> power(ops, given(ops, ElementType.F32, 4)),
            ops -> power(ops, filled(ops, ElementType.F32))),
        new Case(
            Rule.ALL_TO_ALL_DIMENSION,
            Severity.WARNING,
            "",
            "along dimension 1",
            ops -> allToAll(ops, 1),
            ops -> allToAll(ops, 0)));
  }

  private static List<Case> customCalls() {
    return List.of(
        new Case(
            Rule.CUSTOM_CALL_TARGET,
            Severity.ERROR,
            "EVRF015",
            "'AwsNeuronGolu' is not known",
            ops -> customCall(ops, "AwsNeuronGolu", given(ops, ElementType.F32, 4)),
            ops -> customCall(ops, "AwsNeuronGelu", given(ops, ElementType.F32, 4))),
        new Case(
            Rule.TOP_K_TYPE,
            Severity.ERROR,
            "EVRF013",
            "it selects from s32[4]{0}",
            ops -> customCall(ops, "AwsNeuronTopK", given(ops, ElementType.S32, 4)),
            ops -> customCall(ops, "AwsNeuronTopK", given(ops, ElementType.BF16, 4))),
        new Case(
            Rule.RMS_NORM_EPSILON,
            Severity.ERROR,
            "",
            "its epsilon parameter.",
            ops -> rmsNorm(ops, given(ops, ElementType.F32)),
            ops -> rmsNorm(ops, ops.scalar(ElementType.F32, 1e-6))));
  }

  private static List<Case> integers() {
    return List.of(
        new Case(
            Rule.INTEGER_DOT,
            Severity.ERROR,
            "EVRF035",
            "a dot of s32[4,4]{1,0}",
            ops -> dot(ops, ElementType.S32),
            ops -> dot(ops, ElementType.F32)),
        new Case(
            Rule.INTEGER_ALL_REDUCE,
            Severity.ERROR,
            "EVRF061",
            "--implicit-integer-downcast=all_reduce",
            ops -> allReduce(ops, ElementType.S32),
            ops -> allReduce(ops, ElementType.BF16)),
        new Case(
            Rule.INTEGER_REDUCE_SCATTER,
            Severity.ERROR,
            "EVRF063",
            "--implicit-integer-downcast=reduce_scatter",
            ops -> reduceScatter(ops, ElementType.U32),
            ops -> reduceScatter(ops, ElementType.F32)),
        new Case(
            Rule.SCATTER_COMPUTE_INTEGER,
            Severity.ERROR,
            "EVRF060",
            "a scatter with add into s32[4,6]{1,0}",
            ops -> scatter(ops, Opcode.ADD, ElementType.S32),
            ops -> scatter(ops, Opcode.ADD, ElementType.F32)),
        new Case(
            Rule.SCATTER_COMPUTE_TYPE,
            Severity.ERROR,
            "EVRF016",
            "a scatter with or into pred[4,6]{1,0}",
            ops -> scatter(ops, Opcode.OR, ElementType.PRED),
            ops ->
                scatter(
                    ops, ops.module().assign(ElementType.PRED), given(ops, ElementType.S32, 2, 1))),
        new Case(
            Rule.INT64,
            Severity.WARNING,
            "",
            "it gives s64[4]{0}; 64-bit integers are cut to 32 bits",
            ops -> ops.unary(Opcode.NEGATE, given(ops, ElementType.S64, 4)),
            ops -> ops.unary(Opcode.NEGATE, given(ops, ElementType.S32, 4))));
  }

  private static List<Case> indices() {
    return List.of(
        new Case(
            Rule.GATHER_IOTA,
            Severity.ERROR,
            "EVRF056",
            "its indices count up to 4, but in dimension 0 of f32[4,6] they must stay below 4",
            ops -> gather(ops, count(ops, 5), 1, 6),
            ops -> gather(ops, count(ops, 4), 1, 6)),
        new Case(
            Rule.GATHER_IOTA,
            Severity.ERROR,
            "EVRF056",
            "its indices count up to 6, but in dimension 1",
            ops -> gatherPairs(ops, 7),
            ops -> gatherPairs(ops, 6)),
        new Case(
            Rule.SCATTER_IOTA,
            Severity.ERROR,
            "EVRF031",
            "its indices count up to 9, but in dimension 0 of f32[4,6]",
            ops -> scatter(ops, ops.module().assign(ElementType.F32), count(ops, 10)),
            ops -> scatter(ops, ops.module().assign(ElementType.F32), count(ops, 4))),
        new Case(
            Rule.GATHER_WINDOW,
            Severity.ERROR,
            "",
            "windows along the indexed dimension 0",
            ops -> gather(ops, given(ops, ElementType.S32, 3, 1), 2, 6),
            ops -> gather(ops, given(ops, ElementType.S32, 3, 1), 1, 6)),
        new Case(
            Rule.UPDATE_INDEX,
            Severity.WARNING,
            "",
            "it writes where parameter.",
            ops -> update(ops, given(ops, ElementType.S32)),
            ops -> update(ops, ops.scalar(ElementType.S32, 1))));
  }

  private static List<Case> bodies() {
    return List.of(
        new Case(
            Rule.REDUCE_BODY,
            Severity.ERROR,
            "",
            "it reduces by subtract",
            ops -> reduce(ops, Opcode.SUBTRACT),
            ops -> reduce(ops, Opcode.AND)),
        new Case(
            Rule.REDUCE_BODY,
            Severity.ERROR,
            "",
            "it reduces by the computation doubled",
            ops -> reduce(ops, addDoubled(ops.module()), ops.scalar(ElementType.F32, 0)),
            ops -> reduce(ops, Opcode.MULTIPLY)),
        new Case(
            Rule.REDUCE_BODY,
            Severity.ERROR,
            "",
            "it reduces by the computation alone",
            ops -> reduce(ops, addAlone(ops.module()), ops.scalar(ElementType.F32, 0)),
            ops -> reduce(ops, Opcode.MAXIMUM)),
        new Case(
            Rule.REDUCE_INIT,
            Severity.ERROR,
            "",
            "its initial value parameter.",
            ops ->
                reduce(
                    ops,
                    ops.module().combine(Opcode.ADD, ElementType.F32),
                    given(ops, ElementType.F32)),
            ops -> reduce(ops, Opcode.ADD)),
        new Case(
            Rule.SORT_COMPARATOR,
            Severity.WARNING,
            "",
            "its comparator negated",
            ops -> sort(ops, compareNegated(ops.module())),
            ops -> sort(ops, ops.module().comparator(Comparison.GT, List.of(ElementType.F32)))));
  }

  @TestFactory
  Stream<DynamicTest> oneFindingWhereARuleIsBrokenAndNoneBesideIt() {
    return cases().stream()
        .map(
            broken ->
                DynamicTest.dynamicTest(
                    broken.rule() + ": " + broken.message(),
                    () -> {
                      List<Finding> findings = Lint.check(module(broken.wrong()));
                      assertThat(findings).hasSize(1);
                      Finding finding = findings.get(0);
                      assertThat(finding.rule()).isEqualTo(broken.rule());
                      assertThat(finding.severity()).isEqualTo(broken.severity());
                      assertThat(finding.rule().code().orElse("")).isEqualTo(broken.code());
                      assertThat(finding.layer()).isEqualTo("layers.3.mlp");
                      assertThat(finding.message()).contains(broken.message());
                      assertThat(finding.toString()).doesNotContain("\n");
                      assertThat(Lint.check(module(broken.right()))).isEmpty();
                    }));
  }

  @Test
  void everyRuleHasATest() {
    Set<Rule> tested = EnumSet.of(Rule.LARGE_ID, Rule.UNSIGNED_64_CONSTANT, Rule.POWER_INT64);
    cases().forEach(broken -> tested.add(broken.rule()));

    assertThat(tested).containsExactlyInAnyOrder(Rule.values());
  }

  private static List<Rule> rules(Function<ComputationBuilder, HloInstruction> graph) {
    return Lint.check(module(graph)).stream().map(Finding::rule).toList();
  }

  @Test
  void idsAbove31BitsAreErrors() {
    assertThat(rulesOfIds(7, 1L << 31)).containsExactly(Rule.LARGE_ID);
    assertThat(rulesOfIds(1L << 31, 7)).containsExactly(Rule.LARGE_ID);
    assertThat(rulesOfIds(7, Integer.MAX_VALUE)).isEmpty();
  }

  /** Of a module whose one computation and one instruction have these ids. */
  private static List<Rule> rulesOfIds(long computationId, long instructionId) {
    byte[] bytes =
        ProtoWriter.message(
            module -> {
              module.string(1, "m");
              module.message(
                  3, computation -> computation(computation, computationId, instructionId));
              module.integer(6, computationId);
            });
    return Lint.check(HloModuleReader.read("ids", bytes)).stream().map(Finding::rule).toList();
  }

  private static void computation(ProtoWriter out, long id, long instructionId) {
    out.string(1, "main");
    out.message(
        2,
        instruction -> {
          instruction.string(1, "p");
          instruction.string(2, "parameter");
          instruction.message(3, shape -> shape.integer(2, ElementType.F32.number()));
          instruction.integer(35, instructionId);
        });
    out.integer(5, id);
    out.integer(6, instructionId);
  }

  @Test
  void unsignedConstantsOfMoreThan32BitsAreErrorsBesideTheirType() {
    assertThat(rules(ops -> u64(ops, 1L << 32)))
        .containsExactly(Rule.INT64, Rule.UNSIGNED_64_CONSTANT);
    assertThat(rules(ops -> u64(ops, -1))).containsExactly(Rule.INT64, Rule.UNSIGNED_64_CONSTANT);
    assertThat(rules(ops -> u64(ops, (1L << 32) - 1))).containsExactly(Rule.INT64);
  }

  @Test
  void powersOf64BitIntegersAreErrors() {
    assertThat(rules(ops -> power(ops, filled(ops, ElementType.S64)))).contains(Rule.POWER_INT64);
    assertThat(rules(ops -> power(ops, filled(ops, ElementType.S32)))).isEmpty();
  }

  @Test
  void onTheFirstTrainiumADotOf32BitIntegersIsAWarning() {
    HloModule narrow = module(ops -> dot(ops, ElementType.S32));
    HloModule wide = module(ops -> dot(ops, ElementType.S64));

    for (CompilerTarget target : CompilerTarget.values()) {
      boolean isFirst =
          Set.of(CompilerTarget.TRN1, CompilerTarget.TRN1N, CompilerTarget.INF2).contains(target);
      assertThat(severityOfDot(narrow, target))
          .isEqualTo(isFirst ? Severity.WARNING : Severity.ERROR);
      assertThat(severityOfDot(wide, target)).isEqualTo(Severity.ERROR);
    }
  }

  private static Severity severityOfDot(HloModule module, CompilerTarget target) {
    return Lint.check(module, target).stream()
        .filter(finding -> finding.rule() == Rule.INTEGER_DOT)
        .findFirst()
        .orElseThrow()
        .severity();
  }

  @Test
  void a64BitTypeIsNamedWhereItComesUpAndNotWhereItIsPassedOn() {
    HloModule module =
        module(
            ops -> {
              HloInstruction x = given(ops, ElementType.S64, 4);
              return ops.unary(Opcode.NEGATE, ops.unary(Opcode.ABS, x));
            });

    assertThat(Lint.check(module)).extracting(Finding::instruction).containsExactly("parameter.1");
  }

  @Test
  void calledComputationsAreCheckedToo() {
    HloModule module =
        module(
            ops -> {
              HloComputation odd = ops.module().combine(Opcode.POWER, ElementType.F32);
              HloInstruction x = given(ops, ElementType.F32);
              return ops.add(
                  Opcode.CALL, x.shape(), List.of(x, x), new HloAttributes.Calls(List.of(odd)));
            });

    assertThat(Lint.check(module)).extracting(Finding::rule).containsExactly(Rule.POWER_EXPONENT);
  }

  @Test
  void operationsOutsideTheTableThatReleasedCodeWritesAreCountedAndNotFound() {
    HloModule module =
        module(
            ops ->
                ops.tuple(
                    List.of(
                        unary(ops, Opcode.LOGISTIC, ElementType.F32, NONE),
                        unary(ops, Opcode.LOGISTIC, ElementType.BF16, NONE),
                        allToAll(ops, 0))));

    assertThat(Lint.check(module)).isEmpty();
    assertThat(Lint.unlisted(module)).isEqualTo(Map.of("logistic", 2, "all-to-all", 1));
  }

  @Test
  void indicesThatAreComputedWithAreNotJudged() {
    assertThat(
            rules(
                ops -> {
                  HloInstruction counted = count(ops, 10);
                  return gather(ops, ops.binary(Opcode.REMAINDER, counted, counted), 1, 6);
                }))
        .isEmpty();
  }

  @Test
  void aLongChainOfReshapesEndsTheSearch() {
    assertThat(
            rules(
                ops -> {
                  HloInstruction value = ops.iota(ElementType.S32, Shape.of(10), 0);
                  for (int i : IntStream.range(0, 200).toArray()) {
                    value = ops.reshape(value, i % 2 == 0 ? Shape.of(10, 1) : Shape.of(10));
                  }
                  return gather(ops, ops.reshape(value, Shape.of(10, 1)), 1, 6);
                }))
        .isEmpty();
  }
}

package org.smollm3.conformance.check;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.conformance.bounds.BoundedProgram;
import org.smollm3.conformance.bounds.Excess;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * The smallest program: inputs, a few operations, one output {@code y}; no weights, no states, one
 * rank. The inputs lie between sentinels, and the backend must leave both as they are.
 */
public final class SmallProgram {
  public static final String OUTPUT = "y";
  private static final String GRAPH = "run";
  private static final WeightSource NO_WEIGHTS =
      (name, rank) -> {
        throw new InvalidModelException("there is no weight '" + name + "'");
      };

  private final Map<String, HostTensor> inputs;
  private final DType outputType;
  private final ProgramSpec program;

  private SmallProgram(Map<String, HostTensor> inputs, DType outputType, ProgramSpec program) {
    this.inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    this.outputType = outputType;
    this.program = program;
  }

  /**
   * @param inputs by name
   * @param outputType the type that the output must have
   * @param body makes the output
   */
  public static SmallProgram of(
      Map<String, HostTensor> inputs, DType outputType, Function<GraphContext, Tensor> body) {
    List<TensorSpec> specs = new ArrayList<>();
    Set<Capability> requires = EnumSet.noneOf(Capability.class);
    inputs.forEach(
        (name, value) -> {
          specs.add(new TensorSpec(name, value.dtype(), value.shape()));
          requireType(value.dtype(), requires);
        });
    requireType(outputType, requires);
    GraphSpec graph =
        new GraphSpec(
            GRAPH,
            specs,
            context -> new GraphResult(Map.of(OUTPUT, body.apply(context)), Map.of()));
    return new SmallProgram(
        inputs,
        outputType,
        new ProgramSpec("one operation", 1, List.of(), List.of(), List.of(graph), requires));
  }

  private static void requireType(DType dtype, Set<Capability> requires) {
    if (dtype == DType.BF16) {
      requires.add(Capability.BFLOAT16);
    } else if (dtype == DType.F32) {
      requires.add(Capability.FLOAT32);
    }
  }

  /** The backend's output against what the oracle says and how far off it may be. */
  public void judge(BackendUnderTest backend, Findings findings) {
    HostTensor actual = run(backend, findings);
    ProgramSpec bounded = backend.bounded(program);
    try (Session judge = backend.oracle().load(bounded, NO_WEIGHTS, LoadOptions.defaults())) {
      Bounded expected = Bounded.output(judge.run(GRAPH, inputs), OUTPUT);
      findings.withinBounds(OUTPUT, actual, expected, terms(backend));
    }
    if (!findings.hasFailed()) {
      warn(backend, actual, findings);
    }
  }

  /** Says what is within its bound and yet further off than independent roundings go. */
  private void warn(BackendUnderTest backend, HostTensor actual, Findings findings) {
    ProgramSpec likely = BoundedProgram.likely(program, backend.numerics());
    try (Session judge = backend.oracle().load(likely, NO_WEIGHTS, LoadOptions.defaults())) {
      Excess excess = Bounded.output(judge.run(GRAPH, inputs), OUTPUT).judge(actual);
      if (!excess.isWithin()) {
        findings.warn(
            String.format(
                Locale.ROOT,
                "within the bound, but %d of %d elements are further off than independent roundings"
                    + " go, 4 sqrt(K) u: the worst %.3g times",
                excess.outside(),
                excess.size(),
                excess.ratio()));
      }
    }
  }

  /**
   * The backend's output against what it must be, bit for bit; of one that carries values in
   * another type, value for value.
   */
  public void judgeBits(BackendUnderTest backend, Findings findings, HostTensor expected) {
    HostTensor actual = run(backend, findings);
    if (outputType.isFloating() && backend.carriedType().isPresent()) {
      findings.sameValues(OUTPUT, actual, expected);
    } else {
      findings.sameBits(OUTPUT, actual, expected);
    }
  }

  /**
   * The backend's output, element by element, against what it must be: the same bits, where any NaN
   * is as good as another.
   */
  public void judgeValues(BackendUnderTest backend, Findings findings, HostTensor expected) {
    findings.sameValues(OUTPUT, run(backend, findings), expected);
  }

  /** A copy of the backend's output, which may be of the wrong type and shape. */
  public HostTensor run(BackendUnderTest backend, Findings findings) {
    try (Arena arena = Arena.ofShared();
        Session session = backend.load(program, NO_WEIGHTS, LoadOptions.defaults())) {
      GuardedInputs guarded = new GuardedInputs(inputs, arena);
      HostTensor actual = session.run(GRAPH, guarded.tensors()).get(OUTPUT).copy();
      guarded.requireUntouched(findings);
      DType wanted =
          outputType.isFloating() ? backend.carriedType().orElse(outputType) : outputType;
      findings.require(
          actual.dtype() == wanted,
          () -> OUTPUT + " is " + actual.dtype() + " and must be " + wanted);
      return actual;
    }
  }

  private String terms(BackendUnderTest backend) {
    return "sums in "
        + backend.numerics().accumulation().name().toLowerCase(Locale.ROOT)
        + ", result rounded to "
        + outputType.name().toLowerCase(Locale.ROOT);
  }
}

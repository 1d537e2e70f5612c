package org.smollm3.conformance.mutants;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Outcome;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.graphs.GraphChecks;
import org.smollm3.conformance.models.RandomModel;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;

/**
 * A graph that is mutated, and the rules that see it in the shapes it is mutated in.
 *
 * @param rules the quickest first
 */
record MutantTarget(String graph, List<String> rules) {
  /**
   * Two layers, the first with RoPE; 6 query heads on 3 of keys and values, so that two ranks hold
   * copies; widths that do not split evenly.
   */
  private static final String MODEL =
      "kv=3 group=2 half=2 hidden=13 inner=9 vocab=17 rope=1,0 biases=true tied=false fused=false"
          + " tp=2 dtype=f32 regime=";

  private static final List<String> REGIMES = List.of("plain", "loud", "faint");

  static final List<MutantTarget> ALL =
      List.of(
          new MutantTarget(
              DecoderGraphs.CONTEXT_ENCODING,
              List.of("GRAPH-CTX-01", "GRAPH-CTX-02", "GRAPH-CTX-04", "GRAPH-CTX-05")),
          new MutantTarget(
              DecoderGraphs.CHUNKED_PREFILL, List.of("GRAPH-CHUNK-03", "GRAPH-CHUNK-02")),
          new MutantTarget(
              DecoderGraphs.TOKEN_GENERATION,
              List.of("GRAPH-TKG-03", "GRAPH-TKG-02", "GRAPH-TKG-04", "GRAPH-CTX-05")),
          new MutantTarget(DecoderGraphs.SPECULATION, List.of("GRAPH-SPEC-02")));

  MutantTarget {
    rules = List.copyOf(rules);
  }

  List<RuleCheck> checks() {
    List<RuleCheck> checks = new ArrayList<>();
    for (String rule : rules) {
      GraphChecks.all().stream().filter(c -> c.rule().equals(rule)).forEach(checks::add);
    }
    return checks;
  }

  /** The model itself, as cases of that seed have it. */
  static RandomModel model(long seed) {
    Case c = RandomModel.inRegimes().parse(line(seed));
    return RandomModel.of(c, c.random());
  }

  private static String line(long seed) {
    String regime = REGIMES.get((int) Math.floorMod(seed - 1, (long) REGIMES.size()));
    return MODEL + regime + " seed=" + Long.toHexString(seed);
  }

  /** A case of the model; all cases of a rule have the same program and other values. */
  static Case modelCase(RuleCheck check, long seed) {
    return check.cases().parse(line(seed));
  }

  /** A program as the rules load it. */
  record Program(ProgramSpec spec, LoadOptions options) {}

  /**
   * The program that has the graph.
   *
   * @throws IllegalStateException if the rules reject it before anything is changed
   */
  Program program(MutantSource source) {
    RuleCheck check = checks().get(0);
    Loaded loaded = new Loaded(source.open());
    try (BackendUnderTest backend = BackendUnderTest.open(() -> loaded)) {
      Outcome outcome = check.run(backend, modelCase(check, 1));
      if (!(outcome instanceof Outcome.Passed)) {
        throw new IllegalStateException("without a mutation " + check.rule() + ": " + outcome);
      }
      return loaded.programs.get(0);
    }
  }

  /** Takes down what is loaded. */
  private static final class Loaded implements Backend {
    private final Backend inner;
    private final List<Program> programs = new ArrayList<>();

    Loaded(Backend inner) {
      this.inner = inner;
    }

    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public Set<Capability> capabilities() {
      return inner.capabilities();
    }

    @Override
    public NumericsProfile numerics() {
      return inner.numerics();
    }

    @Override
    public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
      programs.add(new Program(program, options));
      return inner.load(program, weights, options);
    }

    @Override
    public void close() {
      inner.close();
    }
  }
}

package org.smollm3.conformance.bounds;

import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Determinism;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.NumericsProfile.Rounding;
import org.smollm3.spi.NumericsProfile.Subnormals;
import org.smollm3.spi.Oracle;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** Runs small bodies, without weights, on the oracle and on cpu. */
final class Judge {
  private static final WeightSource NO_WEIGHTS =
      (name, rank) -> {
        throw new InvalidModelException("no weight " + name);
      };

  private Judge() {}

  static NumericsProfile profile(DType accumulation, Rounding rounding, Deviation... deviations) {
    return new NumericsProfile(
        accumulation,
        accumulation,
        rounding,
        Subnormals.KEPT,
        Determinism.BITWISE,
        Set.of(deviations));
  }

  /** Rounds nothing: what is left of a bound is the errors of the operands. */
  static Roundoffs noRoundoffs() {
    return new Roundoffs(profile(DType.F64, Rounding.NONE));
  }

  static ProgramSpec program(
      Map<String, HostTensor> inputs, List<TensorSpec> states, GraphBody body) {
    List<TensorSpec> specs =
        inputs.entrySet().stream()
            .map(e -> new TensorSpec(e.getKey(), e.getValue().dtype(), e.getValue().shape()))
            .toList();
    return new ProgramSpec(
        "small", 1, List.of(), states, List.of(new GraphSpec("run", specs, body)), Set.of());
  }

  static Outputs run(ProgramSpec program, Map<String, HostTensor> inputs) {
    Oracle oracle = ServiceLoader.load(Oracle.class).findFirst().orElseThrow();
    try (Session session = oracle.load(program, NO_WEIGHTS, LoadOptions.defaults())) {
      return session.run("run", inputs);
    }
  }

  /** Output y of a body on cpu, against its bound. */
  static Excess onCpu(Map<String, HostTensor> inputs, GraphBody body) {
    ProgramSpec program = program(inputs, List.of(), body);
    try (Backend cpu = Backends.discover().open("cpu", BackendOptions.defaults());
        Session session = cpu.load(program, NO_WEIGHTS, LoadOptions.defaults())) {
      HostTensor actual = session.run("run", inputs).get("y").copy();
      Outputs bounds = run(BoundedProgram.of(program, cpu.numerics()), inputs);
      return Bounded.output(bounds, "y").judge(actual);
    }
  }
}

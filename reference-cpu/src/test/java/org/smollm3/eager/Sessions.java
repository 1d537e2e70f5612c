package org.smollm3.eager;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.exact.ExactBackendProvider;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphContext;
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
import org.smollm3.tensor.TensorSpec;

/** Programs of one graph "g" with a state "s" F32[2], run eagerly by the exact backend. */
final class Sessions {
  static final WeightSource NO_WEIGHTS =
      (name, rank) -> {
        throw new InvalidModelException("no weight '" + name + "'");
      };

  private Sessions() {}

  static ProgramSpec program(GraphBody body, TensorSpec... inputs) {
    return new ProgramSpec(
        "test",
        1,
        List.of(),
        List.of(spec("s", DType.F32, 2)),
        List.of(new GraphSpec("g", List.of(inputs), body)),
        Set.of());
  }

  static TensorSpec spec(String name, DType dtype, long... dims) {
    return new TensorSpec(name, dtype, Shape.of(dims));
  }

  static Session load(ProgramSpec program, LoadOptions options) {
    return load(program, NO_WEIGHTS, options);
  }

  static Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    return new ExactBackendProvider()
        .open(BackendOptions.defaults())
        .load(program, weights, options);
  }

  static Session load(GraphBody body, TensorSpec... inputs) {
    return load(program(body, inputs), LoadOptions.defaults());
  }

  /** Runs a body that needs no inputs in a session of its own. */
  static HostTensor run(GraphBody body) {
    try (Session session = load(body)) {
      return session.run("g", Map.of()).get("y");
    }
  }

  /** A result with the output "y" and the final handle of "s". */
  static GraphResult result(Tensor y, State s) {
    return new GraphResult(Map.of("y", y), Map.of("s", s));
  }

  static Tensor constant(GraphContext context, double... values) {
    return context.ops().constant(floats(values));
  }

  static HostTensor floats(double... values) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setDouble(i, values[i]);
    }
    return tensor;
  }
}

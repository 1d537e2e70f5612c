package org.smollm3.exact;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.OracleSession;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Runs a few operations as a program of the exact oracle, for tests. */
final class Exact {
  static final WeightSource NO_WEIGHTS =
      (name, rank) -> {
        throw new InvalidModelException("no weight '" + name + "'");
      };

  private Exact() {}

  /** An output with its magnitudes. */
  record Judged(HostTensor value, HostTensor magnitude) {
    double[] values() {
      return value.toDoubleArray();
    }

    double[] magnitudes() {
      return magnitude.toDoubleArray();
    }
  }

  static HostTensor run(Function<TensorOps, Tensor> body) {
    return judge(body).value();
  }

  static double[] values(Function<TensorOps, Tensor> body) {
    return run(body).toDoubleArray();
  }

  static Judged judge(Function<TensorOps, Tensor> body) {
    return judge(List.of(), (ops, states) -> body.apply(ops));
  }

  /** With states of these values to begin with, whose handles the body does not consume. */
  static Judged judge(List<HostTensor> states, BiFunction<TensorOps, List<State>, Tensor> body) {
    ProgramSpec program = program(states, (ops, handles, finals) -> body.apply(ops, handles));
    try (OracleSession session =
        new ExactOracle().load(program, NO_WEIGHTS, LoadOptions.defaults())) {
      HostTensor value = session.run("graph", Map.of()).get("y");
      return new Judged(value, session.magnitude("y"));
    }
  }

  /** What a state of this value holds after a body has updated it. */
  static HostTensor updated(HostTensor state, BiFunction<TensorOps, State, State> body) {
    ProgramSpec program =
        program(
            List.of(state),
            (ops, handles, finals) -> {
              finals.put("s0", body.apply(ops, handles.get(0)));
              return ops.scalar(DType.F32, 0);
            });
    try (OracleSession session =
        new ExactOracle().load(program, NO_WEIGHTS, LoadOptions.defaults())) {
      session.run("graph", Map.of());
      return session.readState("s0", 0);
    }
  }

  private interface Body {
    Tensor run(TensorOps ops, List<State> handles, Map<String, State> finals);
  }

  private static ProgramSpec program(List<HostTensor> states, Body body) {
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < states.size(); i++) {
      specs.add(new TensorSpec("s" + i, states.get(i).dtype(), states.get(i).shape()));
    }
    GraphSpec graph =
        new GraphSpec(
            "graph",
            List.of(),
            context -> {
              TensorOps ops = context.ops();
              List<State> handles = new ArrayList<>();
              Map<String, State> finals = new LinkedHashMap<>();
              for (int i = 0; i < specs.size(); i++) {
                State first = context.state(specs.get(i).name());
                long[] origin = new long[first.spec().shape().rank()];
                handles.add(ops.updateInto(first, ops.constant(states.get(i)), origin));
                finals.put(specs.get(i).name(), handles.get(i));
              }
              Tensor y = body.run(ops, handles, finals);
              return new GraphResult(Map.of("y", y), finals);
            });
    return new ProgramSpec("test", 1, List.of(), specs, List.of(graph), Set.of());
  }

  static HostTensor floats(Shape shape, double... values) {
    HostTensor tensor = HostTensor.zeros(DType.F32, shape);
    for (int i = 0; i < values.length; i++) {
      tensor.setDouble(i, values[i]);
    }
    return tensor;
  }

  static HostTensor floats(double... values) {
    return floats(Shape.of(values.length), values);
  }

  static HostTensor ints(int... values) {
    return HostTensor.ofInts(Shape.of(values.length), values);
  }

  static HostTensor bools(int... values) {
    HostTensor tensor = HostTensor.zeros(DType.BOOL, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setLong(i, values[i]);
    }
    return tensor;
  }

  /** 0, 1, 2, ... */
  static HostTensor counting(long... dims) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, i);
    }
    return tensor;
  }
}

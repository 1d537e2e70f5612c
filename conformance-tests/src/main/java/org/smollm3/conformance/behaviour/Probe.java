package org.smollm3.conformance.behaviour;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * A program that keeps a sum. Its graphs: {@link #ADD} adds x to the state {@link #TOTAL} and
 * returns y = total * scale, {@link #PEEK} returns y alone. The weight {@link #SCALE} is another on
 * every rank. Numbers are small whole ones, so what must come out is known bit for bit.
 */
final class Probe {
  static final String ADD = "add";
  static final String PEEK = "peek";
  static final String X = "x";
  static final String Y = "y";
  static final String TOTAL = "total";
  static final String SCALE = "scale";
  static final Shape SHAPE = Shape.of(3);

  private Probe() {}

  static ProgramSpec program(int degree, Capability... more) {
    return program(degree, List.of(add(), peek()), more);
  }

  static ProgramSpec program(int degree, List<GraphSpec> graphs, Capability... more) {
    List<Capability> requires = new ArrayList<>(List.of(Capability.FLOAT32));
    Collections.addAll(requires, more);
    return new ProgramSpec(
        "a sum",
        degree,
        List.of(new TensorSpec(SCALE, DType.F32, SHAPE)),
        List.of(new TensorSpec(TOTAL, DType.F32, SHAPE)),
        graphs,
        Set.copyOf(requires));
  }

  static GraphSpec add() {
    return new GraphSpec(ADD, List.of(new TensorSpec(X, DType.F32, SHAPE)), Probe::addBody);
  }

  static GraphSpec peek() {
    return new GraphSpec(
        PEEK,
        List.of(),
        context -> {
          State state = context.state(TOTAL);
          Tensor y = context.ops().multiply(context.ops().read(state), context.weight(SCALE));
          return new GraphResult(Map.of(Y, y), Map.of(TOTAL, state));
        });
  }

  static GraphResult addBody(GraphContext context) {
    TensorOps ops = context.ops();
    State state = context.state(TOTAL);
    Tensor sum = ops.add(ops.read(state), context.input(X));
    context.tap("sum.total", sum);
    Tensor y = context.scope("scaled", () -> ops.multiply(sum, context.weight(SCALE)));
    context.tap("scaled", y);
    return new GraphResult(Map.of(Y, y), Map.of(TOTAL, ops.updateInto(state, sum, 0)));
  }

  /** Element i on rank r is (i + 1) * (r + 1). */
  static double scale(int rank, int element) {
    return (element + 1.0) * (rank + 1);
  }

  static HostTensor scale(int rank) {
    HostTensor tensor = HostTensor.zeros(DType.F32, SHAPE);
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, scale(rank, i));
    }
    return tensor;
  }

  static WeightSource weights() {
    return (name, rank) -> {
      if (!name.equals(SCALE)) {
        throw new InvalidModelException("there is no weight '" + name + "'");
      }
      return view(SCALE + rank, scale(rank));
    };
  }

  static WeightView view(String identity, HostTensor value) {
    return WeightView.contiguous(identity, value.dtype(), value.shape(), value.segment());
  }

  static Map<String, HostTensor> x(double... values) {
    return Map.of(X, tensor(values));
  }

  static HostTensor tensor(double... values) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setDouble(i, values[i]);
    }
    return tensor;
  }

  /** The first element that is not as it must be; empty if all are. */
  static Optional<String> difference(String name, HostTensor actual, double... expected) {
    if (actual.size() != expected.length) {
      return Optional.of(
          name + " is " + actual + " and must have " + expected.length + " elements");
    }
    for (int i = 0; i < expected.length; i++) {
      if (actual.getDouble(i) != expected[i]) {
        return Optional.of(
            name + "[" + i + "] is " + actual.getDouble(i) + " and must be " + expected[i]);
      }
    }
    return Optional.empty();
  }
}

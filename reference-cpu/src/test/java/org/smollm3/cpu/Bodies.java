package org.smollm3.cpu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import org.smollm3.cpu.kernels.ScalarKernels;
import org.smollm3.cpu.kernels.VectorKernels;
import org.smollm3.eager.EagerSession;
import org.smollm3.error.InvalidModelException;
import org.smollm3.exact.ExactBackendProvider;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Runs the same body by "cpu", by its primitives alone, and by "exact". */
final class Bodies {
  static final WeightSource NO_WEIGHTS =
      (name, rank) -> {
        throw new InvalidModelException("no weight '" + name + "'");
      };

  private Bodies() {}

  /** A body that makes one output of the context's inputs. */
  interface Body extends BiFunction<TensorOps, GraphContext, Tensor> {}

  /** A body that also takes states to their final handles. */
  interface StateBody {
    Tensor run(TensorOps ops, List<Tensor> inputs, List<State> states);
  }

  static ProgramSpec program(Body body, TensorSpec... inputs) {
    return new ProgramSpec(
        "test",
        1,
        List.of(),
        List.of(),
        List.of(
            new GraphSpec(
                "graph",
                List.of(inputs),
                context ->
                    new GraphResult(Map.of("y", body.apply(context.ops(), context)), Map.of()))),
        Set.of());
  }

  /** By kernels. */
  static HostTensor cpu(StateBody body, List<HostTensor> states, HostTensor... inputs) {
    return cpu(1, 512, CpuOps::new, body, states, inputs);
  }

  /** By primitives alone: composites are their default bodies. */
  static HostTensor primitives(StateBody body, List<HostTensor> states, HostTensor... inputs) {
    return cpu(1, 512, CpuPrimitives::new, body, states, inputs);
  }

  /**
   * @param bits of the vectors; 0 for the scalar twins
   */
  static HostTensor cpu(
      int threads,
      int bits,
      CpuMemory.OpsFactory ops,
      StateBody body,
      List<HostTensor> states,
      HostTensor... inputs) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      var kernels = bits == 0 ? new ScalarKernels(pool) : new VectorKernels(pool, bits);
      try (Session session =
          EagerSession.load(
              "cpu",
              CpuBackend.CAPABILITIES,
              stateful(body, states, inputs),
              NO_WEIGHTS,
              LoadOptions.defaults(),
              (rank, workspace) -> new CpuMemory(kernels, workspace, ops))) {
        return run(session, states, inputs);
      }
    }
  }

  /** In double. */
  static HostTensor exact(StateBody body, List<HostTensor> states, HostTensor... inputs) {
    try (Backend backend = new ExactBackendProvider().open(BackendOptions.defaults());
        Session session =
            backend.load(stateful(body, states, inputs), NO_WEIGHTS, LoadOptions.defaults())) {
      return run(session, states, inputs);
    }
  }

  private static HostTensor run(Session session, List<HostTensor> states, HostTensor[] inputs) {
    Map<String, HostTensor> all = new LinkedHashMap<>();
    for (int i = 0; i < inputs.length; i++) {
      all.put("x" + i, inputs[i]);
    }
    for (int i = 0; i < states.size(); i++) {
      all.put("initial" + i, states.get(i));
    }
    return session.run("graph", all).get("y");
  }

  /** States begin with given values and are left as they are. */
  private static ProgramSpec stateful(
      StateBody body, List<HostTensor> states, HostTensor[] inputs) {
    List<TensorSpec> inputSpecs = new ArrayList<>();
    for (int i = 0; i < inputs.length; i++) {
      inputSpecs.add(new TensorSpec("x" + i, inputs[i].dtype(), inputs[i].shape()));
    }
    List<TensorSpec> stateSpecs = new ArrayList<>();
    for (int i = 0; i < states.size(); i++) {
      HostTensor state = states.get(i);
      stateSpecs.add(new TensorSpec("s" + i, state.dtype(), state.shape()));
      inputSpecs.add(new TensorSpec("initial" + i, state.dtype(), state.shape()));
    }
    GraphSpec graph =
        new GraphSpec(
            "graph",
            inputSpecs,
            context -> {
              TensorOps ops = context.ops();
              List<State> handles = new ArrayList<>();
              Map<String, State> finals = new LinkedHashMap<>();
              for (int i = 0; i < states.size(); i++) {
                long[] zeros = new long[states.get(i).shape().rank()];
                State first = context.state("s" + i);
                handles.add(ops.updateInto(first, context.input("initial" + i), zeros));
                finals.put("s" + i, handles.get(i));
              }
              List<Tensor> tensors = new ArrayList<>();
              for (int i = 0; i < inputs.length; i++) {
                tensors.add(context.input("x" + i));
              }
              Tensor y = body.run(ops, tensors, handles);
              for (int i = 0; i < handles.size(); i++) {
                finals.put("s" + i, handles.get(i));
              }
              return new GraphResult(Map.of("y", y), finals);
            });
    return new ProgramSpec("test", 1, List.of(), stateSpecs, List.of(graph), Set.of());
  }

  /** Normally distributed; of I32 from -9 to 9, of BOOL 0 and 1. */
  static HostTensor random(DType dtype, Random random, long... dims) {
    HostTensor tensor = HostTensor.zeros(dtype, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      switch (dtype) {
        case I32 -> tensor.setLong(i, random.nextInt(19) - 9);
        case BOOL -> tensor.setLong(i, random.nextInt(2));
        default -> tensor.setDouble(i, random.nextGaussian());
      }
    }
    return tensor;
  }

  /** Positions from a start for each row, I32[starts, tokens]. */
  static HostTensor positions(int tokens, int... starts) {
    HostTensor tensor = HostTensor.zeros(DType.I32, Shape.of(starts.length, tokens));
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, starts[i / tokens] + i % tokens);
    }
    return tensor;
  }

  /** Distance between neighbours of a type near a value. */
  static double ulp(DType dtype, double value) {
    double normal = Math.max(Math.abs(value), dtype == DType.F16 ? 0x1p-14 : 0x1p-126);
    double exponent = Math.getExponent(normal);
    int fraction =
        switch (dtype) {
          case F32 -> 23;
          case F16 -> 10;
          case BF16 -> 7;
          default -> 1074;
        };
    return Math.scalb(1.0, (int) exponent - fraction);
  }
}

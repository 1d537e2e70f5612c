package org.smollm3.conformance.operations;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Composites of linear layers with each other, or with what comes after them. */
final class FusedChecks {
  private FusedChecks() {}

  private static final Param<Integer> T = Inputs.size("t", 5);
  private static final Param<Integer> N = Inputs.size("n", 300);
  private static final Param<Integer> K = Inputs.size("k", 400);
  private static final Param<DType> WEIGHT = Param.choice("weight", DType.F32, DType.BF16);
  private static final Param<Integer> LAYERS = Param.integer("layers", 1, 4);

  /** Sums of whole numbers of at most 2 times 2, which even bfloat16 holds exactly. */
  private static final Param<Integer> FEW = Inputs.size("k", 60);

  private static final Param<Integer> TOP = Inputs.size("top", 12);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-LINEAR-03",
            CaseSpace.of(T, N, K, LAYERS, WEIGHT, Inputs.DTYPE, Inputs.REGIME)
                .telling(LAYERS, "2", "3", "4")
                .telling(Inputs.REGIME, "ordinary", "outliers", "positive", "cancelling"),
            Tries.of(6, 30),
            FusedChecks::linearEach),
        new RuleCheck(
            "OP-LINEAR-04",
            CaseSpace.of(T, N, FEW, TOP, WEIGHT, Inputs.DTYPE)
                .telling(N, "40", "41", "64", "99", "120", "230"),
            Tries.of(6, 30),
            FusedChecks::linearTopK),
        new RuleCheck(
            "OP-SWIGLU-02",
            CaseSpace.of(T, N, K, WEIGHT, Inputs.DTYPE)
                .telling(N, "2", "3", "40", "41", "64", "99"),
            Tries.of(5, 30),
            FusedChecks::linearSwiGlu));
  }

  private static HostTensor values(Case c, DType dtype, Shape shape, Random random) {
    return Values.of(c.get(Inputs.REGIME), dtype, shape, random);
  }

  private static LinearLayer layer(GraphContext context, int index) {
    return new LinearLayer(
        "layer" + index, context.input("w" + index), Optional.of(context.input("bias" + index)));
  }

  /** Layers of different sizes, one after the other in one output. */
  private static void linearEach(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    DType dtype = c.get(Inputs.DTYPE);
    int layers = c.get(LAYERS);
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    inputs.put("x", values(c, dtype, Shape.of(c.get(T), c.get(K)), random));
    for (int i = 0; i < layers; i++) {
      int n = i == 0 ? c.get(N) : 1 + random.nextInt(c.get(N));
      inputs.put("w" + i, values(c, c.get(WEIGHT), Shape.of(n, c.get(K)), random));
      inputs.put("bias" + i, values(c, c.get(WEIGHT), Shape.of(n), random));
    }
    SmallProgram.of(
            inputs,
            dtype,
            context -> {
              List<LinearLayer> all =
                  IntStream.range(0, layers).mapToObj(i -> layer(context, i)).toList();
              List<Tensor> each = context.ops().linearEach(context.input("x"), all, dtype);
              return context.ops().concatenate(1, each);
            })
        .judge(backend, findings);
  }

  /** Gate, up and product, one after the other in one output; of the size that models have. */
  private static void linearSwiGlu(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    DType dtype = c.get(Inputs.DTYPE);
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    inputs.put("x", Values.of(Regime.ORDINARY, dtype, Shape.of(c.get(T), c.get(K)), random));
    for (int i = 0; i < 2; i++) {
      HostTensor w =
          Values.of(Regime.ORDINARY, c.get(WEIGHT), Shape.of(c.get(N), c.get(K)), random);
      for (long j = 0; j < w.size(); j++) {
        w.setDouble(j, w.getDouble(j) / Math.sqrt(c.get(K)));
      }
      inputs.put("w" + i, w);
      inputs.put("bias" + i, Values.of(Regime.ORDINARY, c.get(WEIGHT), Shape.of(c.get(N)), random));
    }
    SmallProgram.of(
            inputs,
            dtype,
            context -> {
              GatedUnit unit =
                  context
                      .ops()
                      .linearSwiGlu(
                          context.input("x"), layer(context, 0), layer(context, 1), dtype);
              return context.ops().concatenate(1, List.of(unit.gate(), unit.up(), unit.product()));
            })
        .judge(backend, findings);
  }

  /** Of whole numbers, so that many outputs are equal and all are exact. */
  private static void linearTopK(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int rows = c.get(T);
    int n = c.get(N);
    int k = Math.min(n, c.get(TOP));
    Shape shape = Shape.of(rows, c.get(FEW));
    HostTensor x = Values.of(Regime.TIES, c.get(Inputs.DTYPE), shape, random);
    HostTensor w = Values.of(Regime.TIES, c.get(WEIGHT), Shape.of(n, c.get(FEW)), random);
    HostTensor bias = Values.of(Regime.TIES, c.get(WEIGHT), Shape.of(n), random);
    HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(rows, k));
    HostTensor values = HostTensor.zeros(DType.F32, Shape.of(rows, k));
    for (int row = 0; row < rows; row++) {
      double[] outputs = outputs(x, row, w, bias);
      List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
      // A stable sort: equal ones stay in the order of their indices.
      order.sort(Comparator.comparing((Integer i) -> outputs[i]).reversed());
      for (int i = 0; i < k; i++) {
        indices.setLong((long) row * k + i, order.get(i));
        values.setDouble((long) row * k + i, outputs[order.get(i)]);
      }
    }
    Map<String, HostTensor> inputs = Map.of("x", x, "w0", w, "bias0", bias);
    SmallProgram.of(inputs, DType.F32, context -> topK(context, k).values())
        .judgeValues(backend, findings, values);
    SmallProgram.of(inputs, DType.I32, context -> topK(context, k).indices())
        .judgeBits(backend, findings, indices);
  }

  private static TopK topK(GraphContext context, int k) {
    return context.ops().linearTopK(context.input("x"), layer(context, 0), k);
  }

  /** Of one row, exactly; zeros have no sign, by which they would be told apart in sorting. */
  private static double[] outputs(HostTensor x, int row, HostTensor w, HostTensor bias) {
    int columns = x.shape().intDim(1);
    double[] outputs = new double[bias.shape().intDim(0)];
    for (int i = 0; i < outputs.length; i++) {
      double sum = bias.getDouble(i);
      for (int j = 0; j < columns; j++) {
        sum += x.getDouble((long) row * columns + j) * w.getDouble((long) i * columns + j);
      }
      outputs[i] = sum + 0.0;
    }
    return outputs;
  }
}

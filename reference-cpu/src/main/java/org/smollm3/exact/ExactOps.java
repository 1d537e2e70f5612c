package org.smollm3.exact;

import java.util.Optional;
import org.smollm3.eager.StateHandle;
import org.smollm3.eager.Workspace;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.ShapeRules;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * The operations in double: primitives as in {@link ExactPrimitives}, composites by their default
 * bodies.
 *
 * <p>Three composites are exceptions. {@link #rotaryTable} rounds the angle to float32, as the
 * model defines it; {@link #linear} adds the bias itself, because its magnitude is that of all its
 * terms; {@link #cumulativeSum} is plainer as a loop than its default body. {@link #attend} adds
 * magnitudes to what its default body gives.
 */
final class ExactOps extends ExactPrimitives {
  /**
   * @param judging whether magnitudes are computed
   */
  ExactOps(Workspace workspace, boolean judging) {
    super(workspace, judging);
  }

  @Override
  public Tensor linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    Shape shape = ShapeRules.linear(x, weight, bias, dtype);
    DotDims dims = DotDims.lastWithLast(x.shape().rank(), 2);
    ExactTensor product =
        contraction().dot(ExactTensor.of(x), ExactTensor.of(weight), dims, dtype, shape);
    return own(bias.isEmpty() ? product : plusBias(product, ExactTensor.of(bias.get())));
  }

  private static ExactTensor plusBias(ExactTensor product, ExactTensor bias) {
    double[] values = product.values().clone();
    Optional<double[]> magnitudes = carried(product).map(double[]::clone);
    int n = bias.shape().intDim(0);
    for (int i = 0; i < values.length; i++) {
      double term = bias.at(i % n);
      values[i] += term;
      if (magnitudes.isPresent()) {
        magnitudes.get()[i] += Math.abs(term);
      }
    }
    return new ExactTensor(product.dtype(), product.shape(), values, magnitudes);
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    ShapeRules.rmsNorm(x, weight, epsilon);
    return super.rmsNorm(x, weight, epsilon);
  }

  @Override
  public Tensor swiGlu(Tensor gate, Tensor up) {
    ShapeRules.swiGlu(gate, up);
    return super.swiGlu(gate, up);
  }

  @Override
  public Tensor softmax(Tensor x) {
    ShapeRules.softmax(x);
    return super.softmax(x);
  }

  @Override
  public Tensor cumulativeSum(Tensor x) {
    ShapeRules.cumulativeSum(x);
    return own(contraction.cumulativeSum(ExactTensor.of(x)));
  }

  @Override
  public Tensor embedding(Tensor ids, Tensor table, DType dtype) {
    ShapeRules.embedding(ids, table, dtype);
    return super.embedding(ids, table, dtype);
  }

  @Override
  public Tensor rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    Shape shape = ShapeRules.rotaryTable(positions, inverseFrequencies, scaling);
    double[] position = ExactTensor.of(positions).values();
    double[] frequency = ExactTensor.of(inverseFrequencies).values();
    int half = frequency.length;
    double[] table = new double[Layout.count(shape)];
    for (int p = 0; p < position.length; p++) {
      for (int f = 0; f < half; f++) {
        float angle = (float) position[p] * (float) frequency[f];
        table[p * 2 * half + f] = scaling * StrictMath.cos(angle);
        table[p * 2 * half + half + f] = scaling * StrictMath.sin(angle);
      }
    }
    return make(DType.F32, shape, table);
  }

  @Override
  public Tensor rotate(Tensor x, Tensor table) {
    ShapeRules.rotate(x, table);
    return super.rotate(x, table);
  }

  @Override
  public Tensor attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    StateHandle.of(kCache);
    StateHandle.of(vCache);
    ShapeRules.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
    Tensor result = super.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
    if (!isJudging()) {
      return result;
    }
    double[] magnitudes =
        new AttentionMagnitudes(
                ExactTensor.of(q),
                kCache,
                vCache,
                ExactTensor.of(kActive),
                ExactTensor.of(vActive),
                ExactTensor.of(seqIds),
                ExactTensor.of(positions),
                spec)
            .compute();
    double[] values = ExactTensor.of(result).values();
    return own(new ExactTensor(q.dtype(), q.shape(), values, Optional.of(magnitudes)));
  }

  @Override
  public State updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    StateHandle.of(cache);
    ShapeRules.updateCache(cache, active, seqIds, positions, kind);
    return super.updateCache(cache, active, seqIds, positions, kind);
  }
}

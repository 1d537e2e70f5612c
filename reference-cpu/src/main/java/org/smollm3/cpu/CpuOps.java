package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.cpu.kernels.AttendTask;
import org.smollm3.cpu.kernels.Greatest;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.LinearTask;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.eager.StateHandle;
import org.smollm3.eager.Workspace;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.ShapeRules;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** The composites, by the kernels; those that are fused give the bits of their default bodies. */
final class CpuOps extends CpuPrimitives {
  CpuOps(Kernels kernels, Buffers buffers, Workspace workspace) {
    super(kernels, buffers, workspace);
  }

  @Override
  public Tensor linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    CpuTensor result = make(dtype, ShapeRules.linear(x, weight, bias, dtype));
    kernels().linear(task(x, weight, bias, result));
    return result;
  }

  private static LinearTask task(Tensor x, Tensor weight, Optional<Tensor> bias, CpuTensor result) {
    return new LinearTask(
        CpuTensor.of(x).operand(),
        CpuTensor.of(weight).operand(),
        bias.map(b -> CpuTensor.of(b).operand()),
        result.operand(),
        rows(x.shape()),
        weight.shape().intDim(0),
        weight.shape().intDim(1));
  }

  private static LinearTask task(Tensor x, LinearLayer layer, CpuTensor result) {
    return task(x, layer.weight(), layer.bias(), result);
  }

  @Override
  public List<Tensor> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
    List<Shape> shapes = ShapeRules.linearEach(x, layers, dtype);
    List<LinearTask> tasks = new ArrayList<>(layers.size());
    List<Tensor> results = new ArrayList<>(layers.size());
    for (int i = 0; i < layers.size(); i++) {
      CpuTensor result = make(dtype, shapes.get(i));
      tasks.add(task(x, layers.get(i), result));
      results.add(result);
    }
    kernels().linearEach(tasks);
    return results;
  }

  @Override
  public GatedUnit linearSwiGlu(Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
    Shape shape = ShapeRules.linearSwiGlu(x, gate, up, dtype);
    CpuTensor gated = make(dtype, shape);
    CpuTensor raised = make(dtype, shape);
    CpuTensor product = make(dtype, shape);
    kernels().linearSwiGlu(task(x, gate, gated), task(x, up, raised), product.operand());
    return new GatedUnit(gated, raised, product);
  }

  @Override
  public TopK linearTopK(Tensor x, LinearLayer layer, int k) {
    Shape shape = ShapeRules.linearTopK(x, layer, k);
    if (rows(x.shape()) != 1) {
      return super.linearTopK(x, layer, k);
    }
    Greatest greatest = new Greatest(k);
    kernels()
        .linearTopK(
            LinearTask.withoutResult(
                CpuTensor.of(x).operand(),
                CpuTensor.of(layer.weight()).operand(),
                layer.bias().map(b -> CpuTensor.of(b).operand()),
                layer.weight().shape().intDim(0),
                layer.weight().shape().intDim(1)),
            greatest);
    CpuTensor values = make(DType.F32, shape);
    CpuTensor indices = make(DType.I32, shape);
    for (int i = 0; i < k; i++) {
      values.value().setFloat(i, greatest.value(i));
      indices.value().setLong(i, greatest.index(i));
    }
    return new TopK(values, indices);
  }

  /** How many rows all axes but the last make. */
  private static int rows(Shape shape) {
    long rows = 1;
    for (int axis = 0; axis < shape.rank() - 1; axis++) {
      rows = Math.multiplyExact(rows, shape.dim(axis));
    }
    return Math.toIntExact(rows);
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    CpuTensor result = make(x.dtype(), ShapeRules.rmsNorm(x, weight, epsilon));
    kernels()
        .rmsNorm(
            CpuTensor.of(x).operand(),
            CpuTensor.of(weight).operand(),
            result.operand(),
            rows(x.shape()),
            x.shape().intDim(-1),
            epsilon);
    return result;
  }

  @Override
  public Tensor swiGlu(Tensor gate, Tensor up) {
    CpuTensor result = make(gate.dtype(), ShapeRules.swiGlu(gate, up));
    kernels()
        .swiGlu(
            CpuTensor.of(gate).operand(),
            CpuTensor.of(up).operand(),
            result.operand(),
            result.value().size());
    return result;
  }

  @Override
  public Tensor softmax(Tensor x) {
    CpuTensor result = make(x.dtype(), ShapeRules.softmax(x));
    int n = x.shape().intDim(-1);
    kernels().softmax(CpuTensor.of(x).operand(), result.operand(), n == 0 ? 0 : rows(x.shape()), n);
    return result;
  }

  /** In float32, in the order of the indices, as PyTorch sums on the processor. */
  @Override
  public Tensor cumulativeSum(Tensor x) {
    CpuTensor result = make(x.dtype(), ShapeRules.cumulativeSum(x));
    HostTensor terms = CpuTensor.of(x).value();
    long n = x.shape().dim(-1);
    for (long start = 0; start < terms.size(); start += n) {
      float sum = 0;
      for (long i = start; i < start + n; i++) {
        sum += terms.getFloat(i);
        result.value().setFloat(i, sum);
      }
    }
    return result;
  }

  @Override
  public Tensor embedding(Tensor ids, Tensor table, DType dtype) {
    CpuTensor result = make(dtype, ShapeRules.embedding(ids, table, dtype));
    CpuTensor from = CpuTensor.of(table);
    HostTensor wanted = CpuTensor.of(ids).value();
    Operand stored = from.operand();
    long n = table.shape().dim(1);
    long last = table.shape().dim(0) - 1;
    for (long i = 0; i < wanted.size(); i++) {
      long row = Math.clamp(wanted.getLong(i), 0, last);
      if (stored.scales().isPresent()) {
        for (long j = 0; j < n; j++) {
          result.value().setFloat(i * n + j, stored.get(row * n + j));
        }
      } else {
        copyRow(from.value(), row * n, result.value(), i * n, n);
      }
    }
    return result;
  }

  /** Copies elements, converted to the type of the target. */
  private static void copyRow(HostTensor from, long first, HostTensor to, long at, long n) {
    if (from.dtype() == to.dtype()) {
      int size = from.dtype().byteSize();
      MemorySegment.copy(from.segment(), first * size, to.segment(), at * size, n * size);
      return;
    }
    for (long i = 0; i < n; i++) {
      to.setFloat(at + i, from.getFloat(first + i));
    }
  }

  /** Angles are products of floats; cosines, sines and the scaling are rounded once, together. */
  @Override
  public Tensor rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    Shape shape = ShapeRules.rotaryTable(positions, inverseFrequencies, scaling);
    CpuTensor result = make(DType.F32, shape);
    HostTensor position = CpuTensor.of(positions).value();
    HostTensor frequency = CpuTensor.of(inverseFrequencies).value();
    long half = frequency.size();
    for (long p = 0; p < position.size(); p++) {
      for (long f = 0; f < half; f++) {
        float angle = position.getFloat(p) * frequency.getFloat(f);
        result.value().setFloat(2 * half * p + f, (float) (scaling * StrictMath.cos(angle)));
        result.value().setFloat(2 * half * p + half + f, (float) (scaling * StrictMath.sin(angle)));
      }
    }
    return result;
  }

  @Override
  public Tensor rotate(Tensor x, Tensor table) {
    Shape shape = ShapeRules.rotate(x, table);
    CpuTensor result = make(x.dtype(), shape);
    kernels()
        .rotate(
            CpuTensor.of(x).operand(),
            CpuTensor.of(table).operand(),
            result.operand(),
            shape.intDim(0),
            shape.intDim(1),
            shape.intDim(2),
            shape.intDim(3));
    return result;
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
    HostTensor keys = StateHandle.of(kCache).storage(CpuState.class).value();
    HostTensor values = StateHandle.of(vCache).storage(CpuState.class).value();
    Shape shape = ShapeRules.attend(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
    CpuTensor result = make(q.dtype(), shape);
    if (result.value().size() == 0) {
      return result;
    }
    int batch = shape.intDim(0);
    int tokens = shape.intDim(2);
    int capacity = keys.shape().intDim(2);
    int[] at = CpuTensor.of(positions).value().toIntArray();
    int[] slots = CpuTensor.of(seqIds).value().toIntArray();
    int[] live = new int[batch];
    for (int b = 0; b < batch; b++) {
      slots[b] = Math.clamp(slots[b], 0, keys.shape().intDim(0) - 1);
      live[b] =
          spec.kind() == AttentionKind.CONTEXT_ENCODING
              ? 0
              : Math.clamp(at[b * tokens], 0, capacity);
    }
    kernels()
        .attend(
            new AttendTask(
                CpuTensor.of(q).operand(),
                new Operand(keys.segment(), keys.dtype()),
                new Operand(values.segment(), values.dtype()),
                CpuTensor.of(kActive).operand(),
                CpuTensor.of(vActive).operand(),
                result.operand(),
                batch,
                shape.intDim(1),
                kActive.shape().intDim(1),
                tokens,
                shape.intDim(3),
                capacity,
                slots,
                live,
                at,
                spec.slidingWindow().orElse(Integer.MAX_VALUE),
                (float) spec.scale()));
    return result;
  }

  @Override
  public State updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    StateHandle handle = StateHandle.of(cache);
    ShapeRules.updateCache(cache, active, seqIds, positions, kind);
    HostTensor target = handle.storage(CpuState.class).value();
    CpuTensor source = CpuTensor.of(active);
    HostTensor from = source.isStateView() ? source.value().copy() : source.value();
    int[] slots = CpuTensor.of(seqIds).value().toIntArray();
    int[] at = CpuTensor.of(positions).value().toIntArray();
    int groups = from.shape().intDim(1);
    int tokens = from.shape().intDim(2);
    long dim = from.shape().dim(3);
    long capacity = target.shape().dim(2);
    for (int b = 0; b < slots.length; b++) {
      for (int t = 0; t < tokens; t++) {
        int position = kind == AttentionKind.CONTEXT_ENCODING ? t : at[b * tokens + t];
        boolean inside = slots[b] >= 0 && slots[b] < target.shape().dim(0);
        if (inside && position >= 0 && position < capacity) {
          for (int g = 0; g < groups; g++) {
            long read = (((long) b * groups + g) * tokens + t) * dim;
            long write = (((long) slots[b] * groups + g) * capacity + position) * dim;
            copyRow(from, read, target, write, dim);
          }
        }
      }
    }
    return handle.next("updateCache");
  }
}

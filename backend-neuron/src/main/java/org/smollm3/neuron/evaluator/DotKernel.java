package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.Shape;

/**
 * Dot. Each element of the result is a sum over the contracted dimensions, in ascending order, in
 * double, rounded once to the result's type. Products of floats are exact in double, so it makes no
 * difference whether a fused multiply-add takes them.
 */
final class DotKernel implements Kernel {
  /** Columns that are computed at once: independent sums hide the latency of each. */
  private static final int COLUMNS = 8;

  /** Elements of the left side that are held as doubles at once. */
  private static final int HELD = 1 << 20;

  private final Side left;
  private final Side right;
  private final int depth;
  private final ElementType type;
  private final int x;
  private final int w;
  private final int y;

  /** One operand: where its batches, its free elements and its contracted ones are. */
  private static final class Side {
    final ElementType type;
    final long[] batch;
    final long[] free;
    final long[] depth;
    final boolean contiguous;

    Side(ElementType type, Shape dims, List<Integer> batchDims, List<Integer> contracted) {
      this.type = type;
      List<Integer> rest = new ArrayList<>();
      for (int i = 0; i < dims.rank(); i++) {
        if (!batchDims.contains(i) && !contracted.contains(i)) {
          rest.add(i);
        }
      }
      batch = offsets(dims, batchDims);
      free = offsets(dims, rest);
      depth = offsets(dims, contracted);
      boolean even = true;
      for (int i = 0; i < depth.length; i++) {
        even &= depth[i] == i;
      }
      contiguous = even;
    }

    private static long[] offsets(Shape dims, List<Integer> axes) {
      long[] strides = StridedCopy.strides(dims);
      long count = 1;
      for (int axis : axes) {
        count *= dims.dim(axis);
      }
      long[] offsets = new long[Math.toIntExact(count)];
      for (int i = 0; i < offsets.length; i++) {
        long left = i;
        for (int j = axes.size() - 1; j >= 0; j--) {
          int axis = axes.get(j);
          offsets[i] += left % dims.dim(axis) * strides[axis];
          left /= dims.dim(axis);
        }
      }
      return offsets;
    }

    /** Writes the contracted elements of one row as doubles, one after another. */
    void load(MemorySegment from, long base, double[] to, int at, Block block) {
      if (contiguous && type != ElementType.F64) {
        for (int k = 0; k < depth.length; k += Block.SIZE) {
          int n = Math.min(Block.SIZE, depth.length - k);
          Elements.loadFloats(type, from, base + k, block.floats, 0, n);
          for (int i = 0; i < n; i++) {
            to[at + k + i] = block.floats[i];
          }
        }
        return;
      }
      switch (type) {
        case F32 -> {
          for (int k = 0; k < depth.length; k++) {
            to[at + k] = from.get(Elements.FLOAT, 4 * (base + depth[k]));
          }
        }
        case BF16 -> {
          for (int k = 0; k < depth.length; k++) {
            to[at + k] =
                Float.intBitsToFloat(from.get(Elements.SHORT, 2 * (base + depth[k])) << 16);
          }
        }
        default -> {
          for (int k = 0; k < depth.length; k++) {
            to[at + k] = Elements.loadDouble(type, from, base + depth[k]);
          }
        }
      }
    }
  }

  private DotKernel(Site site, DotDims dims) {
    left = new Side(site.type(0), site.dims(0), dims.leftBatch(), dims.leftContracting());
    right = new Side(site.type(1), site.dims(1), dims.rightBatch(), dims.rightContracting());
    depth = left.depth.length;
    site.arraySize((long) COLUMNS * depth, "a contraction");
    type = site.instruction().array().type();
    x = site.operand(0);
    w = site.operand(1);
    y = site.output();
  }

  static Kernel of(Site site) {
    DotDims dims = site.attributes(HloAttributes.Dot.class).dims();
    for (int i = 0; i < 2; i++) {
      site.arraySize(site.dims(i).elementCount(), "an operand");
    }
    DotKernel dot = new DotKernel(site, dims);
    return Kind.of(dot.type) == Kind.LONG ? dot::runIntegers : dot;
  }

  @Override
  public void run(Frame frame) {
    int held = Math.max(1, HELD / Math.max(1, depth));
    for (int b = 0; b < left.batch.length; b++) {
      for (int from = 0; from < left.free.length; from += held) {
        run(frame, b, from, Math.min(left.free.length, from + held));
      }
    }
  }

  /** Rows {@code from} to {@code to} of one batch. */
  private void run(Frame frame, int b, int from, int to) {
    int rows = to - from;
    int columns = right.free.length;
    Block block = frame.rank.block;
    double[] a = frame.rank.left(rows * depth);
    for (int m = 0; m < rows; m++) {
      left.load(frame.slots[x], left.batch[b] + left.free[from + m], a, m * depth, block);
    }
    double[] tile = frame.rank.right(COLUMNS * depth);
    double[] sums = new double[COLUMNS];
    for (int n = 0; n < columns; n += COLUMNS) {
      int width = Math.min(COLUMNS, columns - n);
      for (int j = 0; j < width; j++) {
        right.load(frame.slots[w], right.batch[b] + right.free[n + j], tile, j * depth, block);
      }
      for (int m = 0; m < rows; m++) {
        multiply(a, m * depth, tile, depth, sums);
        long at = ((long) b * left.free.length + from + m) * columns + n;
        for (int j = 0; j < width; j++) {
          Elements.storeDouble(type, frame.slots[y], at + j, sums[j]);
        }
      }
    }
  }

  /** The products of one row with the eight rows of a tile. */
  private static void multiply(double[] a, int at, double[] tile, int depth, double[] sums) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    for (int k = 0; k < depth; k++) {
      double v = a[at + k];
      s0 += v * tile[k];
      s1 += v * tile[k + depth];
      s2 += v * tile[k + 2 * depth];
      s3 += v * tile[k + 3 * depth];
      s4 += v * tile[k + 4 * depth];
      s5 += v * tile[k + 5 * depth];
      s6 += v * tile[k + 6 * depth];
      s7 += v * tile[k + 7 * depth];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    sums[4] = s4;
    sums[5] = s5;
    sums[6] = s6;
    sums[7] = s7;
  }

  private void runIntegers(Frame frame) {
    long at = 0;
    for (int b = 0; b < left.batch.length; b++) {
      for (long row : left.free) {
        for (long column : right.free) {
          long sum = 0;
          for (int k = 0; k < depth; k++) {
            sum +=
                Elements.loadLong(left.type, frame.slots[x], left.batch[b] + row + left.depth[k])
                    * Elements.loadLong(
                        right.type, frame.slots[w], right.batch[b] + column + right.depth[k]);
          }
          Elements.storeLong(type, frame.slots[y], at++, sum);
        }
      }
    }
  }
}

package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.Opcode;

/**
 * Reduces elements of several ranks, in ascending order of ranks. Sums of floating numbers are
 * taken in double and rounded once.
 */
final class RankReduction {
  private final ElementType type;
  private final ScalarFunction body;
  private final Optional<Opcode> fold;

  RankReduction(ElementType type, ScalarFunction body) {
    this.type = type;
    this.body = body;
    fold = body.combines().filter(ReduceKernel::folds);
  }

  /**
   * Reduces {@code count} elements from {@code from} on of what the group has shown, into each of
   * {@code results} from {@code to} on.
   */
  void run(
      Frame frame,
      List<Integer> group,
      long from,
      long count,
      List<MemorySegment> results,
      long to) {
    int[] order = group.stream().mapToInt(Integer::intValue).sorted().toArray();
    for (long start = 0; start < count; start += Block.SIZE) {
      int n = (int) Math.min(Block.SIZE, count - start);
      if (fold.isEmpty()) {
        general(frame, order, from + start, n, results, to + start);
      } else if (Kind.of(type) == Kind.LONG) {
        integers(frame, fold.get(), order, from + start, n, results, to + start);
      } else {
        floating(frame, fold.get(), order, from + start, n, results, to + start);
      }
    }
  }

  private void floating(
      Frame frame,
      Opcode opcode,
      int[] order,
      long from,
      int n,
      List<MemorySegment> results,
      long to) {
    double[] sums = frame.rank.left(n);
    for (int i = 0; i < order.length; i++) {
      MemorySegment input = frame.rank.meeting.input(order[i]);
      for (int j = 0; j < n; j++) {
        double value = Elements.loadDouble(type, input, from + j);
        if (i == 0) {
          sums[j] = value;
        } else if (opcode == Opcode.ADD) {
          sums[j] += value;
        } else {
          sums[j] = Rounding.round(type, DoubleBlocks.binary(opcode, sums[j], value));
        }
      }
    }
    for (MemorySegment result : results) {
      for (int j = 0; j < n; j++) {
        Elements.storeDouble(type, result, to + j, sums[j]);
      }
    }
  }

  private void integers(
      Frame frame,
      Opcode opcode,
      int[] order,
      long from,
      int n,
      List<MemorySegment> results,
      long to) {
    long[] values = frame.rank.longs;
    long[] sums = new long[n];
    for (int i = 0; i < order.length; i++) {
      Elements.loadLongs(type, frame.rank.meeting.input(order[i]), from, values, 0, n);
      if (i == 0) {
        System.arraycopy(values, 0, sums, 0, n);
      } else {
        LongBlocks.binary(opcode, type, sums, values, sums, n);
      }
    }
    for (MemorySegment result : results) {
      for (int j = 0; j < n; j++) {
        Elements.storeLong(type, result, to + j, sums[j]);
      }
    }
  }

  private void general(
      Frame frame, int[] order, long from, int n, List<MemorySegment> results, long to) {
    ScalarFunction.Call call = body.call();
    for (int j = 0; j < n; j++) {
      call.load(0, frame.rank.meeting.input(order[0]), from + j);
      for (int rank : Arrays.copyOfRange(order, 1, order.length)) {
        call.load(1, frame.rank.meeting.input(rank), from + j);
        call.run();
        call.feedBack();
      }
      for (MemorySegment result : results) {
        Elements.store(type, call.parameter(0), result, to + j, 1);
      }
    }
  }
}

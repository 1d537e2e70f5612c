package org.smollm3.neuron.lint;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;

/** Limits of where gather and scatter read and write. */
final class IndexRules {
  /** How far indices are followed back; a file may hold chains of any length. */
  private static final int MAX_STEPS = 100;

  private IndexRules() {}

  static void check(HloInstruction instruction, Findings findings) {
    switch (instruction.attributes()) {
      case HloAttributes.Gather gather -> gather(instruction, gather, findings);
      case HloAttributes.Scatter scatter -> scatter(instruction, scatter, findings);
      default -> {}
    }
  }

  private static void gather(
      HloInstruction instruction, HloAttributes.Gather gather, Findings findings) {
    HloShape.Array x = instruction.operand(0).array();
    for (int dim : gather.startIndexMap()) {
      if (!gather.collapsedSliceDims().contains(dim)) {
        findings.error(
            Rule.GATHER_WINDOW,
            instruction,
            "it looks up windows along the indexed dimension "
                + dim
                + "; look up single elements, and collapse the dimension");
      }
    }
    for (int i = 0; i < gather.startIndexMap().size(); i++) {
      int dim = gather.startIndexMap().get(i);
      OptionalLong last = last(instruction.operand(1), gather.indexVectorDim(), i);
      long limit = x.dims().dim(dim) - gather.sliceSizes().get(dim);
      if (last.isPresent() && last.getAsLong() > limit) {
        findings.error(Rule.GATHER_IOTA, instruction, message(last.getAsLong(), limit, dim, x));
      }
    }
  }

  private static void scatter(
      HloInstruction instruction, HloAttributes.Scatter scatter, Findings findings) {
    // Several arrays can be written at once; their shapes are the same.
    int arrays = (instruction.operands().size() - 1) / 2;
    HloShape.Array x = instruction.operand(0).array();
    HloShape.Array updates = instruction.operand(arrays + 1).array();
    List<Long> window = window(scatter, x, updates);
    for (int i = 0; i < scatter.scatterDimsToOperandDims().size(); i++) {
      int dim = scatter.scatterDimsToOperandDims().get(i);
      OptionalLong last = last(instruction.operand(arrays), scatter.indexVectorDim(), i);
      long limit = x.dims().dim(dim) - window.get(dim);
      if (last.isPresent() && last.getAsLong() > limit) {
        findings.error(Rule.SCATTER_IOTA, instruction, message(last.getAsLong(), limit, dim, x));
      }
    }
  }

  /** How many elements are written along each dimension of x for one index. */
  private static List<Long> window(
      HloAttributes.Scatter scatter, HloShape.Array x, HloShape.Array updates) {
    List<Long> sizes = new ArrayList<>();
    int next = 0;
    for (int dim = 0; dim < x.rank(); dim++) {
      boolean inserted = scatter.insertedWindowDims().contains(dim);
      sizes.add(inserted ? 1L : updates.dims().dim(scatter.updateWindowDims().get(next++)));
    }
    return sizes;
  }

  private static String message(long last, long limit, int dim, HloShape.Array x) {
    return "its indices count up to "
        + last
        + ", but in dimension "
        + dim
        + " of "
        + x.withoutLayout()
        + " they must stay below "
        + (limit + 1)
        + "; is the sequence longer than the model or the cache allows?";
  }

  /**
   * The largest value of one coordinate, where it comes from an iota and is not computed with.
   *
   * @param vectorDim the dimension of the indices along which coordinates lie; the rank if there is
   *     one coordinate and no such dimension
   */
  private static OptionalLong last(HloInstruction indices, int vectorDim, int coordinate) {
    HloInstruction value = indices;
    int at = coordinate;
    for (int step = 0; step < MAX_STEPS; step++) {
      HloShape.Array shape = value.array();
      if (vectorDim == shape.rank() || shape.dims().dim(vectorDim) == 1) {
        return last(value);
      }
      switch (value.opcode()) {
        case CONVERT, COPY -> value = value.operand(0);
        case CONCATENATE -> {
          if (dimensions(value).get(0) != vectorDim) {
            return OptionalLong.empty();
          }
          int part = 0;
          while (at >= value.operand(part).array().dims().dim(vectorDim)) {
            at -= value.operand(part).array().dims().intDim(vectorDim);
            part++;
          }
          value = value.operand(part);
        }
        case IOTA -> {
          return dimensions(value).get(0) == vectorDim ? OptionalLong.of(at) : last(value);
        }
        default -> {
          return OptionalLong.empty();
        }
      }
    }
    return OptionalLong.empty();
  }

  /** The largest element, where all elements come from one iota and none is lost on the way. */
  private static OptionalLong last(HloInstruction indices) {
    HloInstruction value = indices;
    for (int step = 0; step < MAX_STEPS && value.array().dims().elementCount() > 0; step++) {
      switch (value.opcode()) {
        case BROADCAST, RESHAPE, TRANSPOSE, REVERSE, CONVERT, COPY -> value = value.operand(0);
        case IOTA -> {
          return OptionalLong.of(value.array().dims().dim(dimensions(value).get(0)) - 1);
        }
        default -> {
          return OptionalLong.empty();
        }
      }
    }
    return OptionalLong.empty();
  }

  private static List<Integer> dimensions(HloInstruction instruction) {
    return instruction.attributes() instanceof HloAttributes.Dimensions dimensions
        ? dimensions.dimensions()
        : List.of();
  }
}

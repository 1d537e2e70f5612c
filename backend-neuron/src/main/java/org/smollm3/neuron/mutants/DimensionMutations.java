package org.smollm3.neuron.mutants;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.neuron.mutants.Mutation.Kind;
import org.smollm3.spi.DotDims;

/** Other dimensions and bounds; those that change the shape are sorted out later. */
final class DimensionMutations {
  private DimensionMutations() {}

  static List<Mutation> of(HloInstruction x) {
    return switch (x.attributes()) {
      case HloAttributes.Dimensions d -> dimensions(x, d.dimensions());
      case HloAttributes.Slice s -> slices(x, s);
      case HloAttributes.Padding p -> paddings(x, p);
      case HloAttributes.Dot d -> dots(x, d.dims());
      case HloAttributes.Reduce r -> reductions(x, r);
      case HloAttributes.Gather g -> gathers(x, g);
      case HloAttributes.Scatter s -> scatters(x, s);
      case HloAttributes.Sort s -> sorts(x, s);
      default -> List.of();
    };
  }

  private static Mutation dimension(HloInstruction x, HloAttributes attributes, Object change) {
    return Mutation.attributes(Kind.DIMENSION, x, attributes, "dimensions " + change);
  }

  private static List<Mutation> dimensions(HloInstruction x, List<Integer> dims) {
    int rank = x.array().rank();
    Set<List<Integer>> others = new LinkedHashSet<>();
    if (x.opcode() != Opcode.TRANSPOSE) {
      others.addAll(replaced(dims, rank));
    }
    others.addAll(swapped(dims));
    return others.stream()
        .map(other -> dimension(x, new HloAttributes.Dimensions(other), other))
        .toList();
  }

  /** One entry is another dimension that is not in the list yet. */
  private static Set<List<Integer>> replaced(List<Integer> dims, int rank) {
    Set<List<Integer>> all = new LinkedHashSet<>();
    for (int i = 0; i < dims.size(); i++) {
      for (int other = 0; other < rank; other++) {
        if (!dims.contains(other)) {
          List<Integer> changed = new ArrayList<>(dims);
          changed.set(i, other);
          all.add(changed);
        }
      }
    }
    return all;
  }

  private static Set<List<Integer>> swapped(List<Integer> dims) {
    Set<List<Integer>> all = new LinkedHashSet<>();
    for (int i = 0; i < dims.size(); i++) {
      for (int j = i + 1; j < dims.size(); j++) {
        List<Integer> changed = new ArrayList<>(dims);
        Collections.swap(changed, i, j);
        all.add(changed);
      }
    }
    return all;
  }

  /** One element on or back, so that the size stays. */
  private static List<Mutation> slices(HloInstruction x, HloAttributes.Slice slice) {
    List<Mutation> mutations = new ArrayList<>();
    HloShape.Array from = x.operand(0).array();
    for (int i = 0; i < slice.starts().size(); i++) {
      for (long by : new long[] {-1, 1}) {
        List<Long> starts = new ArrayList<>(slice.starts());
        List<Long> limits = new ArrayList<>(slice.limits());
        starts.set(i, starts.get(i) + by);
        limits.set(i, limits.get(i) + by);
        if (starts.get(i) >= 0 && limits.get(i) <= from.dims().dim(i)) {
          mutations.add(
              Mutation.attributes(
                  Kind.SLICE_BOUND,
                  x,
                  new HloAttributes.Slice(starts, limits, slice.strides()),
                  "dimension " + i + " from " + starts.get(i)));
        }
      }
    }
    return mutations;
  }

  /** One element more on one side and one less on the other. */
  private static List<Mutation> paddings(HloInstruction x, HloAttributes.Padding padding) {
    List<Mutation> mutations = new ArrayList<>();
    for (int i = 0; i < padding.edges().size(); i++) {
      HloAttributes.Edge edge = padding.edges().get(i);
      for (long by : new long[] {-1, 1}) {
        List<HloAttributes.Edge> edges = new ArrayList<>(padding.edges());
        edges.set(i, new HloAttributes.Edge(edge.low() + by, edge.high() - by, edge.interior()));
        mutations.add(
            Mutation.attributes(
                Kind.SLICE_BOUND,
                x,
                new HloAttributes.Padding(edges),
                "dimension " + i + " padded by " + (edge.low() + by) + " before"));
      }
    }
    return mutations;
  }

  private static List<Mutation> dots(HloInstruction x, DotDims dims) {
    Set<DotDims> others = new LinkedHashSet<>();
    int left = x.operand(0).array().rank();
    int right = x.operand(1).array().rank();
    for (List<Integer> other : others(dims.leftContracting(), left, dims.leftBatch())) {
      others.add(new DotDims(dims.leftBatch(), dims.rightBatch(), other, dims.rightContracting()));
    }
    for (List<Integer> other : others(dims.rightContracting(), right, dims.rightBatch())) {
      others.add(new DotDims(dims.leftBatch(), dims.rightBatch(), dims.leftContracting(), other));
    }
    for (List<Integer> other : others(dims.leftBatch(), left, dims.leftContracting())) {
      others.add(
          new DotDims(other, dims.rightBatch(), dims.leftContracting(), dims.rightContracting()));
    }
    for (List<Integer> other : others(dims.rightBatch(), right, dims.rightContracting())) {
      others.add(
          new DotDims(dims.leftBatch(), other, dims.leftContracting(), dims.rightContracting()));
    }
    return others.stream().map(o -> dimension(x, new HloAttributes.Dot(o), o)).toList();
  }

  private static List<List<Integer>> others(List<Integer> dims, int rank, List<Integer> taken) {
    Set<List<Integer>> all = replaced(dims, rank);
    all.addAll(swapped(dims));
    return all.stream().filter(other -> Collections.disjoint(other, taken)).toList();
  }

  /** XLA takes these in ascending order only. */
  private static Set<List<Integer>> sorted(List<Integer> dims, int rank) {
    Set<List<Integer>> all = new LinkedHashSet<>();
    for (List<Integer> other : replaced(dims, rank)) {
      all.add(other.stream().sorted().toList());
    }
    return all;
  }

  private static List<Mutation> reductions(HloInstruction x, HloAttributes.Reduce reduce) {
    return replaced(reduce.dimensions(), x.operand(0).array().rank()).stream()
        .map(other -> dimension(x, new HloAttributes.Reduce(other, reduce.body()), other))
        .toList();
  }

  private static List<Mutation> gathers(HloInstruction x, HloAttributes.Gather g) {
    List<Mutation> mutations = new ArrayList<>();
    int rank = x.operand(0).array().rank();
    for (List<Integer> other : sorted(g.offsetDims(), x.array().rank())) {
      mutations.add(
          dimension(x, gather(other, g.collapsedSliceDims(), g.startIndexMap(), g), other));
    }
    for (List<Integer> other : sorted(g.collapsedSliceDims(), rank)) {
      mutations.add(dimension(x, gather(g.offsetDims(), other, g.startIndexMap(), g), other));
    }
    for (List<Integer> other : others(g.startIndexMap(), rank, List.of())) {
      mutations.add(dimension(x, gather(g.offsetDims(), g.collapsedSliceDims(), other, g), other));
    }
    return mutations;
  }

  private static HloAttributes gather(
      List<Integer> offsetDims,
      List<Integer> collapsed,
      List<Integer> startIndexMap,
      HloAttributes.Gather rest) {
    return new HloAttributes.Gather(
        offsetDims, collapsed, startIndexMap, rest.indexVectorDim(), rest.sliceSizes());
  }

  private static List<Mutation> scatters(HloInstruction x, HloAttributes.Scatter s) {
    List<Mutation> mutations = new ArrayList<>();
    int rank = x.operand(0).array().rank();
    int updates = x.operand(2).array().rank();
    for (List<Integer> other : sorted(s.updateWindowDims(), updates)) {
      mutations.add(
          dimension(
              x, scatter(other, s.insertedWindowDims(), s.scatterDimsToOperandDims(), s), other));
    }
    for (List<Integer> other : sorted(s.insertedWindowDims(), rank)) {
      mutations.add(
          dimension(
              x, scatter(s.updateWindowDims(), other, s.scatterDimsToOperandDims(), s), other));
    }
    for (List<Integer> other : others(s.scatterDimsToOperandDims(), rank, List.of())) {
      mutations.add(
          dimension(x, scatter(s.updateWindowDims(), s.insertedWindowDims(), other, s), other));
    }
    return mutations;
  }

  private static HloAttributes scatter(
      List<Integer> windows,
      List<Integer> inserted,
      List<Integer> toOperand,
      HloAttributes.Scatter rest) {
    return new HloAttributes.Scatter(
        windows, inserted, toOperand, rest.indexVectorDim(), rest.body());
  }

  private static List<Mutation> sorts(HloInstruction x, HloAttributes.Sort sort) {
    List<Mutation> mutations = new ArrayList<>();
    for (int axis = 0; axis < x.operand(0).array().rank(); axis++) {
      if (axis != sort.dimension()) {
        mutations.add(
            dimension(x, new HloAttributes.Sort(axis, sort.comparator(), sort.order()), axis));
      }
    }
    return mutations;
  }
}

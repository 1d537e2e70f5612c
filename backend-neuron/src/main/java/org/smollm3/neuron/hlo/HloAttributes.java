package org.smollm3.neuron.hlo;

import java.util.List;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;

/** What an instruction carries beside its operands; one kind for each group of operations. */
public sealed interface HloAttributes {
  /** Element-wise operations, reshape, tuple and others that carry nothing. */
  record None() implements HloAttributes {}

  record Parameter(int number) implements HloAttributes {}

  record Constant(Literal literal) implements HloAttributes {}

  /**
   * Of broadcast the result's dimension for each of the operand's, of transpose the permutation, of
   * reverse the dimensions, of iota and concatenate the one dimension.
   */
  record Dimensions(List<Integer> dimensions) implements HloAttributes {
    public Dimensions {
      dimensions = List.copyOf(dimensions);
    }
  }

  record Slice(List<Long> starts, List<Long> limits, List<Long> strides) implements HloAttributes {
    public Slice {
      starts = List.copyOf(starts);
      limits = List.copyOf(limits);
      strides = List.copyOf(strides);
    }
  }

  record DynamicSlice(List<Long> sizes) implements HloAttributes {
    public DynamicSlice {
      sizes = List.copyOf(sizes);
    }
  }

  /** Padding of each dimension. */
  record Padding(List<Edge> edges) implements HloAttributes {
    public Padding {
      edges = List.copyOf(edges);
    }
  }

  /**
   * @param low elements before; negative cuts
   * @param high elements after; negative cuts
   * @param interior elements between neighbours, not negative
   */
  record Edge(long low, long high, long interior) {}

  record Dot(DotDims dims) implements HloAttributes {}

  record Compare(Comparison direction) implements HloAttributes {}

  /**
   * @param body takes an accumulator and an element of each operand
   */
  record Reduce(List<Integer> dimensions, HloComputation body) implements HloAttributes {
    public Reduce {
      dimensions = List.copyOf(dimensions);
    }
  }

  /** See XLA's {@code GatherDimensionNumbers}. */
  record Gather(
      List<Integer> offsetDims,
      List<Integer> collapsedSliceDims,
      List<Integer> startIndexMap,
      int indexVectorDim,
      List<Long> sliceSizes)
      implements HloAttributes {
    public Gather {
      offsetDims = List.copyOf(offsetDims);
      collapsedSliceDims = List.copyOf(collapsedSliceDims);
      startIndexMap = List.copyOf(startIndexMap);
      sliceSizes = List.copyOf(sliceSizes);
    }
  }

  /**
   * See XLA's {@code ScatterDimensionNumbers}.
   *
   * @param body takes the present and the new element and gives the one to store
   */
  record Scatter(
      List<Integer> updateWindowDims,
      List<Integer> insertedWindowDims,
      List<Integer> scatterDimsToOperandDims,
      int indexVectorDim,
      HloComputation body)
      implements HloAttributes {
    public Scatter {
      updateWindowDims = List.copyOf(updateWindowDims);
      insertedWindowDims = List.copyOf(insertedWindowDims);
      scatterDimsToOperandDims = List.copyOf(scatterDimsToOperandDims);
    }
  }

  /**
   * @param comparator takes the left and the right element of each operand in turn
   */
  record Sort(int dimension, HloComputation comparator, Order order) implements HloAttributes {
    /** What becomes of equal elements. */
    public enum Order {
      STABLE,
      UNSTABLE
    }
  }

  record TupleIndex(int index) implements HloAttributes {}

  /**
   * @param backendConfig ASCII
   */
  record CustomCall(String target, String backendConfig) implements HloAttributes {}

  /** All-reduce. */
  record AllReduce(HloComputation body, List<List<Integer>> replicaGroups)
      implements HloAttributes {
    public AllReduce {
      replicaGroups = replicaGroups.stream().map(List::copyOf).toList();
    }
  }

  /** All-gather and all-to-all. */
  record Exchange(int dimension, List<List<Integer>> replicaGroups) implements HloAttributes {
    public Exchange {
      replicaGroups = replicaGroups.stream().map(List::copyOf).toList();
    }
  }

  record ReduceScatter(int dimension, HloComputation body, List<List<Integer>> replicaGroups)
      implements HloAttributes {
    public ReduceScatter {
      replicaGroups = replicaGroups.stream().map(List::copyOf).toList();
    }
  }

  /** Collective-permute. */
  record Permute(List<Pair> pairs) implements HloAttributes {
    public Permute {
      pairs = List.copyOf(pairs);
    }
  }

  record Pair(int source, int target) {}

  /** Of call the callee, of while the body and the condition, of conditional the branches. */
  record Calls(List<HloComputation> computations) implements HloAttributes {
    public Calls {
      computations = List.copyOf(computations);
    }
  }

  /** Of rng and rng-bit-generator: what XLA's proto calls distribution or algorithm. */
  record Random(int kind) implements HloAttributes {}

  /** The computations an instruction calls, in the order of XLA's proto. */
  static List<HloComputation> called(HloAttributes attributes) {
    return switch (attributes) {
      case Reduce reduce -> List.of(reduce.body());
      case Scatter scatter -> List.of(scatter.body());
      case Sort sort -> List.of(sort.comparator());
      case AllReduce all -> List.of(all.body());
      case ReduceScatter scatter -> List.of(scatter.body());
      case Calls calls -> calls.computations();
      default -> List.of();
    };
  }
}

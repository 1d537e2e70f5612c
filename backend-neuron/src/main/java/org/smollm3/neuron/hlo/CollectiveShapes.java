package org.smollm3.neuron.hlo;

import static org.smollm3.neuron.hlo.ShapeInference.axis;
import static org.smollm3.neuron.hlo.ShapeInference.require;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Operations among ranks. */
final class CollectiveShapes {
  private CollectiveShapes() {}

  static HloShape infer(
      Opcode opcode, HloShape.Array x, HloAttributes attributes, HloShape declared) {
    return switch (opcode) {
      case ALL_REDUCE -> allReduce(x, of(attributes, HloAttributes.AllReduce.class));
      case ALL_GATHER -> allGather(x, of(attributes, HloAttributes.Exchange.class), declared);
      case REDUCE_SCATTER -> reduceScatter(x, of(attributes, HloAttributes.ReduceScatter.class));
      case ALL_TO_ALL -> allToAll(x, of(attributes, HloAttributes.Exchange.class));
      case COLLECTIVE_PERMUTE -> permute(x, of(attributes, HloAttributes.Permute.class));
      default -> throw new IllegalArgumentException(opcode + " is no collective");
    };
  }

  private static <A extends HloAttributes> A of(HloAttributes attributes, Class<A> kind) {
    return ShapeInference.attributesOf(attributes, kind);
  }

  private static HloShape allReduce(HloShape.Array x, HloAttributes.AllReduce all) {
    groupSize(all.replicaGroups());
    requireBody(all.body(), x);
    return x;
  }

  private static void requireBody(HloComputation body, HloShape.Array x) {
    HloShape scalar = HloShape.of(x.type());
    ControlShapes.requireSignature(body, List.of(scalar, scalar), scalar);
  }

  private static HloShape allGather(
      HloShape.Array x, HloAttributes.Exchange gather, HloShape declared) {
    int along = axis(gather.dimension(), x);
    int size = groupSize(gather.replicaGroups());
    if (size == 0) {
      // All ranks in one group, and the module does not say how many there are.
      long whole = ShapeInference.array(declared).dims().dim(along);
      long part = x.dims().dim(along);
      require(part > 0 && whole % part == 0, "it makes " + declared + " of " + x);
      return new HloShape.Array(x.type(), x.dims().with(along, whole));
    }
    return new HloShape.Array(
        x.type(), x.dims().with(along, Math.multiplyExact(x.dims().dim(along), (long) size)));
  }

  private static HloShape reduceScatter(HloShape.Array x, HloAttributes.ReduceScatter scatter) {
    int along = axis(scatter.dimension(), x);
    int size = groupSize(scatter.replicaGroups());
    requireBody(scatter.body(), x);
    require(
        size > 0 && x.dims().dim(along) % size == 0,
        "dimension " + along + " of " + x + " cannot be cut into " + size + " parts");
    return new HloShape.Array(x.type(), x.dims().with(along, x.dims().dim(along) / size));
  }

  private static HloShape allToAll(HloShape.Array x, HloAttributes.Exchange exchange) {
    int along = axis(exchange.dimension(), x);
    int size = groupSize(exchange.replicaGroups());
    require(
        size > 0 && x.dims().dim(along) % size == 0,
        "dimension " + along + " of " + x + " cannot be cut into " + size + " parts");
    return x;
  }

  private static HloShape permute(HloShape.Array x, HloAttributes.Permute permute) {
    Set<Integer> sources = new HashSet<>();
    Set<Integer> targets = new HashSet<>();
    for (HloAttributes.Pair pair : permute.pairs()) {
      require(pair.source() >= 0 && pair.target() >= 0, "it permutes " + pair);
      require(
          sources.add(pair.source()) && targets.add(pair.target()),
          "a rank is source or target twice in " + permute.pairs());
    }
    return x;
  }

  /** The size that all groups have; 0 if there are none. Ranks 0 to n - 1 are in one group each. */
  private static int groupSize(List<List<Integer>> groups) {
    if (groups.isEmpty()) {
      return 0;
    }
    int size = groups.get(0).size();
    Set<Integer> ranks = new HashSet<>();
    for (List<Integer> group : groups) {
      require(!group.isEmpty() && group.size() == size, "its replica groups are of several sizes");
      for (int rank : group) {
        require(
            rank >= 0 && rank < size * groups.size() && ranks.add(rank),
            "its replica groups "
                + groups
                + " do not name each of "
                + size * groups.size()
                + " ranks once");
      }
    }
    return size;
  }
}

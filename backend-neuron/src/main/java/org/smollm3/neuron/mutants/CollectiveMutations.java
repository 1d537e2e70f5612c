package org.smollm3.neuron.mutants;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloRewriter.Replacement;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.neuron.mutants.Mutation.Kind;

/** Collectives of other ranks, along another dimension, or left out. */
final class CollectiveMutations {
  private CollectiveMutations() {}

  static List<Mutation> of(HloInstruction x) {
    return switch (x.attributes()) {
      case HloAttributes.AllReduce all -> allReduces(x, all);
      case HloAttributes.Exchange exchange -> exchanges(x, exchange);
      default -> List.of();
    };
  }

  /** The sum of each rank alone; of two ranks any order gives the same sum. */
  private static List<Mutation> allReduces(HloInstruction x, HloAttributes.AllReduce all) {
    List<Mutation> mutations = new ArrayList<>();
    mutations.add(Mutation.dropped(Kind.DROPPED_COLLECTIVE, x, 0));
    List<List<Integer>> alone = new ArrayList<>();
    all.replicaGroups().forEach(group -> group.forEach(rank -> alone.add(List.of(rank))));
    if (!alone.isEmpty()) {
      mutations.add(
          Mutation.attributes(
              Kind.REPLICA_GROUP,
              x,
              new HloAttributes.AllReduce(all.body(), alone),
              "replica groups " + alone));
    }
    return mutations;
  }

  private static List<Mutation> exchanges(HloInstruction x, HloAttributes.Exchange exchange) {
    List<Mutation> mutations = new ArrayList<>();
    List<List<Integer>> reversed = new ArrayList<>();
    for (List<Integer> group : exchange.replicaGroups()) {
      List<Integer> other = new ArrayList<>(group);
      Collections.reverse(other);
      reversed.add(other);
    }
    if (!reversed.equals(exchange.replicaGroups())) {
      mutations.add(
          Mutation.attributes(
              Kind.REPLICA_GROUP,
              x,
              new HloAttributes.Exchange(exchange.dimension(), reversed),
              "replica groups " + reversed));
    }
    for (int axis = 0; axis < x.array().rank(); axis++) {
      if (axis != exchange.dimension()) {
        mutations.add(
            Mutation.attributes(
                Kind.DIMENSION,
                x,
                new HloAttributes.Exchange(axis, exchange.replicaGroups()),
                "dimension " + axis));
      }
    }
    long own = x.operand(0).array().dims().dim(exchange.dimension());
    long all = x.array().dims().dim(exchange.dimension());
    int copies = (int) (all / Math.max(1, own));
    mutations.add(
        new Mutation(
            Kind.DROPPED_COLLECTIVE,
            x,
            new Replacement(
                Opcode.CONCATENATE,
                Collections.nCopies(copies, x.operand(0)),
                new HloAttributes.Dimensions(List.of(exchange.dimension()))),
            "the rank's own part " + copies + " times in its place"));
    return mutations;
  }
}

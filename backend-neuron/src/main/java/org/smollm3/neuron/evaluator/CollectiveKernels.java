package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.Shape;

/**
 * Operations among ranks. All ranks meet before, so that what each reads of the others is there,
 * and after, so that nobody overwrites what others still read.
 */
final class CollectiveKernels {
  private final Site site;
  private final int ranks;
  private final int x;
  private final int y;
  private final String before;
  private final String after;

  private CollectiveKernels(Site site, int ranks) {
    this.site = site;
    this.ranks = ranks;
    x = site.operand(0);
    y = site.output();
    before = site.instruction().toString();
    after = "the end of " + before;
  }

  static Kernel of(Site site, int ranks) {
    CollectiveKernels kernels = new CollectiveKernels(site, ranks);
    Opcode opcode = site.instruction().opcode();
    return switch (opcode) {
      case ALL_REDUCE -> kernels.allReduce(site.attributes(HloAttributes.AllReduce.class));
      case REDUCE_SCATTER ->
          kernels.reduceScatter(site.attributes(HloAttributes.ReduceScatter.class));
      case ALL_GATHER -> kernels.allGather(site.attributes(HloAttributes.Exchange.class));
      case ALL_TO_ALL -> kernels.allToAll(site.attributes(HloAttributes.Exchange.class));
      case COLLECTIVE_PERMUTE -> kernels.permute(site.attributes(HloAttributes.Permute.class));
      default -> throw site.refuse(opcode + " is no collective");
    };
  }

  /** What one rank does between the two meetings. */
  private interface Exchange {
    void run(Frame frame, List<Integer> group);
  }

  private Kernel exchange(List<List<Integer>> groups, Exchange exchange) {
    List<List<Integer>> groupOf = groupOf(groups);
    return f -> {
      Meeting meeting = f.rank.meeting;
      meeting.show(f.rank.number, before, f.slots[x], f.slots[y]);
      exchange.run(f, groupOf.get(f.rank.number));
      meeting.await(after);
    };
  }

  /** The group of each rank. */
  private List<List<Integer>> groupOf(List<List<Integer>> groups) {
    List<Integer> all = IntStream.range(0, ranks).boxed().toList();
    List<List<Integer>> given = groups.isEmpty() ? List.of(all) : groups;
    Set<Integer> named = new HashSet<>();
    given.forEach(named::addAll);
    if (!named.equals(new HashSet<>(all))) {
      throw site.refuse("its replica groups " + groups + " are not of " + ranks + " ranks");
    }
    List<List<Integer>> result = new ArrayList<>();
    for (int rank : all) {
      result.add(given.stream().filter(group -> group.contains(rank)).findFirst().orElseThrow());
    }
    return result;
  }

  /** Each rank of a group reduces its share, for all of them. */
  private Kernel allReduce(HloAttributes.AllReduce all) {
    RankReduction reduction = new RankReduction(site.type(0), new ScalarFunction(all.body()));
    long count = site.dims(0).elementCount();
    return exchange(
        all.replicaGroups(),
        (f, group) -> {
          int place = group.indexOf(f.rank.number);
          long from = share(count, place, group.size());
          long to = share(count, place + 1, group.size());
          List<MemorySegment> results =
              group.stream().map(rank -> f.rank.meeting.output(rank)).toList();
          reduction.run(f, group, from, to - from, results, from);
        });
  }

  private static long share(long count, int place, int places) {
    return count / places * place + Math.min(place, count % places);
  }

  private Kernel reduceScatter(HloAttributes.ReduceScatter scatter) {
    RankReduction reduction = new RankReduction(site.type(0), new ScalarFunction(scatter.body()));
    Shape dims = site.dims(0);
    Shape result = site.instruction().array().dims();
    int along = scatter.dimension();
    long inner = StridedCopy.strides(dims)[along];
    long run = result.dim(along) * inner;
    long outer = run == 0 ? 0 : result.elementCount() / run;
    return exchange(
        scatter.replicaGroups(),
        (f, group) -> {
          long place = group.indexOf(f.rank.number);
          List<MemorySegment> results = List.of(f.slots[y]);
          for (long i = 0; i < outer; i++) {
            long from = i * dims.dim(along) * inner + place * run;
            reduction.run(f, group, from, run, results, i * run);
          }
        });
  }

  private Kernel allGather(HloAttributes.Exchange gather) {
    Shape dims = site.dims(0);
    Shape result = site.instruction().array().dims();
    int along = gather.dimension();
    long[] strides = StridedCopy.strides(result);
    StridedCopy copy =
        new StridedCopy(
            site.type(0).byteSize(), dims.toArray(), StridedCopy.strides(dims), strides);
    for (List<Integer> group : groupOf(gather.replicaGroups())) {
      if (dims.dim(along) * group.size() != result.dim(along)) {
        throw site.refuse("it gathers " + site.shape(0) + " of " + group.size() + " ranks");
      }
    }
    long step = dims.dim(along) * strides[along];
    return exchange(
        gather.replicaGroups(),
        (f, group) -> {
          for (int place = 0; place < group.size(); place++) {
            MemorySegment part = f.rank.meeting.input(group.get(place));
            copy.run(part, 0, f.slots[y], place * step);
          }
        });
  }

  /** Part p of each rank goes to the rank at place p, in the order of the senders' places. */
  private Kernel allToAll(HloAttributes.Exchange exchange) {
    Shape dims = site.dims(0);
    int along = exchange.dimension();
    int places = groupOf(exchange.replicaGroups()).get(0).size();
    long[] strides = StridedCopy.strides(dims);
    Shape part = dims.with(along, dims.dim(along) / places);
    StridedCopy copy = new StridedCopy(site.type(0).byteSize(), part.toArray(), strides, strides);
    long step = part.dim(along) * strides[along];
    return exchange(
        exchange.replicaGroups(),
        (f, group) -> {
          long own = group.indexOf(f.rank.number);
          for (int place = 0; place < group.size(); place++) {
            MemorySegment sent = f.rank.meeting.input(group.get(place));
            copy.run(sent, own * step, f.slots[y], place * step);
          }
        });
  }

  /** Ranks that are nobody's target receive zeros. */
  private Kernel permute(HloAttributes.Permute permute) {
    for (HloAttributes.Pair pair : permute.pairs()) {
      if (Math.max(pair.source(), pair.target()) >= ranks) {
        throw site.refuse("it sends " + pair + " among " + ranks + " ranks");
      }
    }
    return exchange(
        List.of(),
        (f, group) -> {
          MemorySegment result = f.slots[y];
          result.fill((byte) 0);
          for (HloAttributes.Pair pair : permute.pairs()) {
            if (pair.target() == f.rank.number) {
              result.copyFrom(f.rank.meeting.input(pair.source()));
            }
          }
        });
  }
}

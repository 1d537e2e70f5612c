package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A buffer for each slot. Results are computed where the caller wants them; temporaries share
 * memory once they are no longer read; an update whose operand nobody reads later is in place.
 */
final class Placement {
  /**
   * What one step reads and gives.
   *
   * @param spare slots it uses while it runs
   * @param overwrites the operand that an update may have its result in, or -1
   */
  record Use(List<Integer> reads, List<Integer> outputs, List<Integer> spare, int overwrites) {
    Use {
      reads = List.copyOf(reads);
      outputs = List.copyOf(outputs);
      spare = List.copyOf(spare);
    }
  }

  /**
   * @param toCaller whether the caller gives memory for the results
   * @param aliases by result the parameter whose memory it takes, or -1
   */
  record Results(boolean toCaller, List<Integer> aliases) {
    Results {
      aliases = List.copyOf(aliases);
    }

    static final Results INNER = new Results(false, List.of());
  }

  private final List<Long> sizes;
  private final Map<Integer, MemorySegment> constants;
  private final List<Use> uses;
  private final List<Integer> parameters;
  private final List<Integer> roots;
  private final Planning planning;
  private final int[] lastUse;
  private final int[] madeBy;
  private final @Nullable Buffer[] bufferOf;
  private final List<ComputationPlan.Step> finals = new ArrayList<>();
  private final List<Buffer> extra = new ArrayList<>();
  private final Slab slab = new Slab();

  Placement(
      List<Long> sizes,
      Map<Integer, MemorySegment> constants,
      List<Use> uses,
      List<Integer> parameters,
      List<Integer> roots,
      Planning planning) {
    this.sizes = sizes;
    this.constants = constants;
    this.uses = uses;
    this.parameters = parameters;
    this.roots = roots;
    this.planning = planning;
    lastUse = new int[sizes.size()];
    madeBy = new int[sizes.size()];
    bufferOf = new Buffer[sizes.size()];
    java.util.Arrays.fill(madeBy, -1);
    java.util.Arrays.fill(lastUse, -1);
    for (int i = 0; i < uses.size(); i++) {
      for (int slot : uses.get(i).outputs()) {
        madeBy[slot] = i;
        lastUse[slot] = i;
      }
      for (int slot : uses.get(i).reads()) {
        lastUse[slot] = i;
      }
    }
    for (int slot : roots) {
      lastUse[slot] = uses.size();
    }
  }

  Placement place(Results results) {
    constants.forEach((slot, value) -> bufferOf[slot] = Buffer.constant(value));
    for (int i = 0; i < parameters.size(); i++) {
      int slot = parameters.get(i);
      int result = results.aliases().indexOf(i);
      bufferOf[slot] =
          result < 0
              ? Buffer.parameter(i, sizes.get(slot))
              : Buffer.result(result, sizes.get(slot));
    }
    if (results.toCaller()) {
      placeResults(results);
    }
    placeTemporaries();
    if (results.toCaller()) {
      addFinals();
    }
    return this;
  }

  private void placeResults(Results results) {
    for (int i = 0; i < roots.size(); i++) {
      int slot = roots.get(i);
      int parameter = results.aliases().get(i);
      if (parameter >= 0) {
        placeInPlace(slot, parameters.get(parameter));
      } else if (bufferOf[slot] == null) {
        bufferOf[slot] = Buffer.result(i, sizes.get(slot));
      }
    }
  }

  /** Follows updates back from a result; if they lead to its parameter, all are in its memory. */
  private void placeInPlace(int result, int parameter) {
    List<Integer> chain = new ArrayList<>();
    int slot = result;
    while (slot != parameter) {
      if (bufferOf[slot] != null || madeBy[slot] < 0) {
        return;
      }
      int overwritten = uses.get(madeBy[slot]).overwrites();
      if (planning == Planning.SEPARATE
          || overwritten < 0
          || lastUse[overwritten] != madeBy[slot]) {
        return;
      }
      chain.add(slot);
      slot = overwritten;
    }
    chain.forEach(each -> bufferOf[each] = bufferOf[parameter]);
  }

  private void placeTemporaries() {
    List<List<Buffer>> endsAt = new ArrayList<>();
    for (int i = 0; i <= uses.size(); i++) {
      endsAt.add(new ArrayList<>());
    }
    for (int i = 0; i < uses.size(); i++) {
      Use use = uses.get(i);
      for (int slot : use.outputs()) {
        if (bufferOf[slot] == null) {
          Buffer buffer = taken(use, i);
          if (buffer == null) {
            buffer = temporary(sizes.get(slot));
          }
          buffer.lastUse = lastUse[slot];
          bufferOf[slot] = buffer;
          endsAt.get(buffer.lastUse).add(buffer);
        }
      }
      for (int slot : use.spare()) {
        Buffer buffer = temporary(sizes.get(slot));
        buffer.lastUse = i;
        bufferOf[slot] = buffer;
        endsAt.get(i).add(buffer);
      }
      if (planning == Planning.SHARED) {
        for (Buffer buffer : endsAt.get(i)) {
          if (buffer.lastUse == i) {
            slab.release(buffer.offset, buffer.bytes);
          }
        }
      }
    }
  }

  /** The buffer of the operand that an update overwrites, if nobody reads that later. */
  private @Nullable Buffer taken(Use use, int step) {
    if (planning == Planning.SEPARATE || use.overwrites() < 0) {
      return null;
    }
    Buffer buffer = bufferOf[use.overwrites()];
    boolean free =
        buffer != null && buffer.home == Buffer.Home.TEMPORARY && lastUse[use.overwrites()] == step;
    return free ? buffer : null;
  }

  private Buffer temporary(long bytes) {
    Buffer buffer = Buffer.temporary(bytes);
    buffer.offset = slab.take(bytes);
    return buffer;
  }

  /** Copies results that are somewhere else to where the caller wants them. */
  private void addFinals() {
    List<Buffer> placed = buffers();
    List<Integer> moved = new ArrayList<>();
    for (int i = 0; i < roots.size(); i++) {
      Buffer buffer = placed.get(roots.get(i));
      if (buffer.home != Buffer.Home.RESULT || buffer.number != i) {
        moved.add(i);
      }
    }
    List<ComputationPlan.Step> copies = new ArrayList<>();
    for (int i : moved) {
      int slot = roots.get(i);
      Buffer from = placed.get(slot);
      int source = slot;
      if (from.home == Buffer.Home.RESULT && moved.contains(from.number)) {
        // Its memory is about to take another result.
        int saved = add(temporary(from.bytes));
        finals.add(copy(i, slot, saved));
        source = saved;
      }
      copies.add(copy(i, source, add(Buffer.result(i, from.bytes))));
    }
    finals.addAll(copies);
  }

  private int add(Buffer buffer) {
    extra.add(buffer);
    return sizes.size() + extra.size() - 1;
  }

  private static ComputationPlan.Step copy(int result, int from, int to) {
    return new ComputationPlan.Step("result " + result, f -> f.slots[to].copyFrom(f.slots[from]));
  }

  List<ComputationPlan.Step> finals() {
    return finals;
  }

  /** By slot. */
  List<Buffer> buffers() {
    List<Buffer> all = new ArrayList<>();
    for (Buffer buffer : bufferOf) {
      // A slot that nothing writes is read by nothing either.
      all.add(buffer == null ? Buffer.temporary(0) : buffer);
    }
    all.addAll(extra);
    return Collections.unmodifiableList(all);
  }

  long bytes() {
    return slab.size();
  }
}

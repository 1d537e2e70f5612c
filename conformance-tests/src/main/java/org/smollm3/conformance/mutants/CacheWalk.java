package org.smollm3.conformance.mutants;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.tensor.Shape;

/**
 * Random calls of a program, one after another, as a caller may make them: prompts into any slots,
 * what goes on where the slot's tokens end, padding as each graph wants it. Prompts come where
 * there is no room to go on.
 */
final class CacheWalk {
  private final ProgramSpec program;
  private final String graph;
  private final Random random;
  private final int capacity;
  private final int[] live;

  /**
   * @param positions of all rows, row-major
   * @param counts how many tokens of each row are no padding
   */
  record Call(String graph, List<Integer> slots, List<Integer> positions, List<Integer> counts) {
    Call {
      slots = List.copyOf(slots);
      positions = List.copyOf(positions);
      counts = List.copyOf(counts);
    }
  }

  /**
   * @param graph the one that is called wherever it can be
   */
  CacheWalk(ProgramSpec program, String graph, Random random) {
    this.program = program;
    this.graph = graph;
    this.random = random;
    Shape cache = program.states().get(0).shape();
    this.live = new int[cache.intDim(0)];
    this.capacity = cache.intDim(2);
  }

  /** How many tokens a slot holds. */
  int live(int slot) {
    return live[slot];
  }

  Call next() {
    List<Integer> slots = new ArrayList<>();
    for (int slot = 0; slot < live.length; slot++) {
      slots.add(slot);
    }
    Collections.shuffle(slots, random);
    String first = program.graphs().get(0).name();
    boolean goesOn =
        !graph.equals(DecoderGraphs.CONTEXT_ENCODING)
            && (graph.equals(first)
                || slots.subList(0, rows(graph)).stream().allMatch(this::hasRoom));
    String called = goesOn ? graph : first;
    int length = length(called);
    List<Integer> positions = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    slots = slots.subList(0, rows(called));
    for (int slot : slots) {
      boolean starts = !goesOn || live[slot] >= capacity || live[slot] == 0;
      int from = starts ? 0 : live[slot];
      int count = Math.min(1 + random.nextInt(length), capacity - from);
      for (int t = 0; t < length; t++) {
        boolean isPrompt = called.equals(DecoderGraphs.CONTEXT_ENCODING);
        positions.add(t < count ? from + t : isPrompt ? 0 : from + count - 1);
      }
      counts.add(count);
      live[slot] = from + count;
    }
    return new Call(called, slots, positions, counts);
  }

  private boolean hasRoom(int slot) {
    return live[slot] > 0 && live[slot] < capacity;
  }

  private int rows(String name) {
    return program.graph(name).inputs().get(0).shape().intDim(0);
  }

  private int length(String name) {
    return program.graph(name).inputs().get(0).shape().intDim(1);
  }
}

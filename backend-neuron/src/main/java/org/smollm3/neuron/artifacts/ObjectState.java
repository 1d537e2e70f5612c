package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.artifacts.PickleValue.Bytes;
import org.smollm3.neuron.artifacts.PickleValue.Dictionary;
import org.smollm3.neuron.artifacts.PickleValue.Instance;
import org.smollm3.neuron.artifacts.PickleValue.Sequence;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaNeffReader;
import org.smollm3.neuron.neff.Neff;

/**
 * The byte strings in the state of a compiled object, wherever in it they are. One of them is the
 * NEFF, by the sizes in its header, and one the metaneff, as it is the only one that reads as such.
 */
final class ObjectState {
  /** Metaneffs have some hundred bytes per weight. */
  private static final long LARGEST_METANEFF = 256L << 20;

  private final List<MemorySegment> strings = new ArrayList<>();

  private ObjectState() {}

  /** Collects what an object was made from and given. */
  static ObjectState of(Instance object) {
    ObjectState state = new ObjectState();
    Set<PickleValue> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<PickleValue> open = new ArrayDeque<>();
    open.push(object);
    while (!open.isEmpty()) {
      PickleValue value = open.pop();
      if (!seen.add(value)) {
        continue;
      }
      switch (value) {
        case Bytes bytes -> state.add(bytes.content());
        case Sequence sequence -> sequence.items().forEach(open::push);
        case Dictionary dictionary -> {
          for (int i = 0; i < dictionary.size(); i++) {
            open.push(dictionary.key(i));
            open.push(dictionary.value(i));
          }
        }
        case Instance inner -> {
          open.push(inner.arguments());
          inner.state().ifPresent(open::push);
        }
        default -> {
          // numbers and names
        }
      }
    }
    return state;
  }

  /** The same bytes twice are one string. */
  private void add(MemorySegment string) {
    if (strings.stream().noneMatch(other -> other.mismatch(string) < 0)) {
      strings.add(string);
    }
  }

  /**
   * The NEFF and metaneff in the state.
   *
   * @param location how messages name the graph
   * @param file how messages name the file
   * @throws InvalidModelException if there is not exactly one of each, or one is broken
   */
  CompiledGraph compiledGraph(String key, String location, String file) {
    List<MemorySegment> neffs = strings.stream().filter(Neff::isPlausible).toList();
    List<MetaNeff> metaneffs = new ArrayList<>();
    Optional<InvalidModelException> failure = Optional.empty();
    long longest = 0;
    for (MemorySegment string : strings) {
      long size = string.byteSize();
      if (Neff.isPlausible(string) || size == 0 || size > LARGEST_METANEFF) {
        continue;
      }
      try {
        metaneffs.add(MetaNeffReader.read(string.toArray(ValueLayout.JAVA_BYTE), "its metaneff"));
      } catch (InvalidModelException e) {
        if (size > longest) {
          longest = size;
          failure = Optional.of(e);
        }
      }
    }
    if (neffs.size() != 1 || metaneffs.size() != 1) {
      throw ModelPt.unreadable(
          file,
          String.format(
              "the object of '%s' holds %d NEFFs and %d metaneffs, wanted one of each%s",
              key,
              neffs.size(),
              metaneffs.size(),
              metaneffs.isEmpty() ? failure.map(e -> " (" + e.getMessage() + ")").orElse("") : ""));
    }
    return new CompiledGraph(key, Neff.read(neffs.getFirst(), location), metaneffs.getFirst());
  }
}

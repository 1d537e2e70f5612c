package org.smollm3.neuron.nrt;

import java.util.List;

/** What came of looking for libnrt. */
public sealed interface NrtSearch {
  /** It is there and has all required functions. */
  record Found(NrtLibrary library) implements NrtSearch {}

  /** It is nowhere. */
  record NotFound(List<String> tried) implements NrtSearch {
    public NotFound {
      tried = List.copyOf(tried);
    }
  }

  /** Something of that name is there, but the system does not load it. */
  record NotLoadable(String library, String reason) implements NrtSearch {}

  /** It was loaded, but is too old or another library. */
  record Incompatible(String library, List<String> missing) implements NrtSearch {
    public Incompatible {
      missing = List.copyOf(missing);
    }
  }
}

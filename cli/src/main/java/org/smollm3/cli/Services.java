package org.smollm3.cli;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.function.Function;

/** What other modules contribute. */
final class Services {
  private Services() {}

  /**
   * What each provider that can be loaded gives; of any other, why not. A broken jar costs its own
   * part, not the program.
   *
   * @param use the first thing done with a provider; if its classes fail to link here it is broken
   *     as well
   */
  static <S, T> List<T> all(
      ServiceLoader<S> loader, Function<S, T> use, Consumer<Throwable> broken) {
    List<T> all = new ArrayList<>();
    Iterator<S> found = loader.iterator();
    while (true) {
      try {
        if (!found.hasNext()) {
          return all;
        }
        all.add(use.apply(found.next()));
      } catch (ServiceConfigurationError | LinkageError e) {
        broken.accept(e);
      }
    }
  }
}

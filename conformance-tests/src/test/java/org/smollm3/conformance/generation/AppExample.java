package org.smollm3.conformance.generation;

import org.smollm3.generation.Generator;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenListener;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;

/** A whole app: opens a backend by name or by default, says which and why, and tells a tale. */
final class AppExample {
  public static void main(String... names) {
    Backends backends = Backends.discover();
    for (String name : names) {
      backends.open(name, BackendOptions.defaults()).close(); // this one and no other
    }
    Backends.Choice choice = backends.choose(BackendOptions.defaults()); // the best there is
    System.out.println(choice.reason());
    try (Backend backend = choice.backend()) {
      Generator generator = Generator.of(SmolLm3Model.embedded(), backend);
      var request = generator.defaults().withMaxNewTokens(10);
      var result = generator.generate("Once upon a time", request, TokenListener.NONE);
      System.out.println("Once upon a time" + result.text());
    }
  }
}

package org.smollm3.conformance.example;

import org.smollm3.generation.GenerationRequest;
import org.smollm3.generation.Generator;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenListener;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;

/** The app of the README. */
final class AppExample {
  private AppExample() {}

  public static void main(String[] args) {
    try (Backend exact = Backends.open("exact")) { // by name: this one or an error, never another
      System.out.println(exact.name() + " computes in " + exact.numerics().accumulation());
    }
    Backends.Choice choice = Backends.discover().choose(BackendOptions.defaults());
    System.out.println(choice.reason()); // what was chosen, why, and why the others were not
    try (Backend backend = choice.backend()) {
      Generator generator = Generator.of(SmolLm3Model.embedded(), backend);
      GenerationRequest request = generator.defaults().withMaxNewTokens(40);
      generator.generate(
          "Once upon a time",
          request,
          token -> {
            System.out.print(token.text());
            return TokenListener.Flow.CONTINUE;
          });
    }
  }
}

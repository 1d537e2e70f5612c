package org.smollm3.conformance.run;

import java.util.Set;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;

/** A backend that declares something else than it does. */
record Declared(Backend sound, Set<Capability> capabilities, boolean refuses, boolean hasProfile)
    implements Backend {
  static Backend of(Backend sound, Set<Capability> capabilities, boolean refuses) {
    return new Declared(sound, capabilities, refuses, true);
  }

  static Backend withoutProfile(Backend sound) {
    return new Declared(sound, sound.capabilities(), true, false);
  }

  @Override
  public String name() {
    return sound.name();
  }

  @Override
  public NumericsProfile numerics() {
    if (!hasProfile) {
      throw new UnsupportedOperationException("not declared");
    }
    return sound.numerics();
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    if (refuses) {
      ProgramChecks.checkProgram(name(), capabilities, program, options);
    }
    return sound.load(program, weights, options);
  }

  @Override
  public void close() {
    sound.close();
  }
}

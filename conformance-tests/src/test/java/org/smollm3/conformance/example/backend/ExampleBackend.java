package org.smollm3.conformance.example.backend;

import java.util.EnumSet;
import java.util.Set;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;

/** Says what it can and how it computes, and refuses the rest. */
final class ExampleBackend implements Backend {
  /**
   * An eager backend could take open dimensions for nothing. They are left out, so that there is
   * something to refuse.
   */
  private static final Set<Capability> CAPABILITIES =
      Set.copyOf(EnumSet.complementOf(EnumSet.of(Capability.DYNAMIC_SHAPES)));

  private static final NumericsProfile NUMERICS =
      new NumericsProfile(
          DType.F32, // products are summed in float32
          DType.F32, // and so are the parts of the ranks, where the graph asks for it
          NumericsProfile.Rounding.NEAREST_EVEN,
          NumericsProfile.Subnormals.KEPT,
          NumericsProfile.Determinism.BITWISE,
          Set.of()); // one rounding for each result, nowhere more

  private final String name;
  private volatile boolean closed;

  ExampleBackend(String name) {
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  @Override
  public NumericsProfile numerics() {
    return NUMERICS;
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    if (closed) {
      throw new IllegalStateException("backend '" + name + "' is closed");
    }
    ProgramChecks.checkProgram(name, CAPABILITIES, program, options);
    int local = options.localRanks().size();
    if (local != 0 && local != program.tensorParallelDegree()) {
      throw new BackendException("backend '" + name + "' runs all ranks in one process, or none");
    }
    return new ExampleSession(program, weights, options);
  }

  @Override
  public void close() {
    closed = true;
  }
}

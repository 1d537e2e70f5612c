package org.smollm3.exact;

import java.util.EnumSet;
import java.util.Set;
import org.smollm3.eager.EagerSession;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;

/** Everything in double, nothing rounded. */
final class ExactBackend implements Backend {
  static final String NAME = "exact";

  static final Set<Capability> CAPABILITIES = Set.copyOf(EnumSet.allOf(Capability.class));

  private volatile boolean closed;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  @Override
  public NumericsProfile numerics() {
    return new NumericsProfile(
        DType.F64,
        DType.F64,
        NumericsProfile.Rounding.NONE,
        NumericsProfile.Subnormals.KEPT,
        NumericsProfile.Determinism.BITWISE,
        Set.of());
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    if (closed) {
      throw new IllegalStateException("backend 'exact' is closed");
    }
    return EagerSession.load(
        NAME,
        CAPABILITIES,
        program,
        weights,
        options,
        (rank, workspace) -> new ExactKernels(workspace, false));
  }

  @Override
  public void close() {
    closed = true;
  }
}

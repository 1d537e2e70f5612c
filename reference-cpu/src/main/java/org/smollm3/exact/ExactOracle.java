package org.smollm3.exact;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.eager.EagerSession;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Oracle;
import org.smollm3.spi.OracleSession;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.WeightSource;

/** The exact backend, with the magnitudes behind its values. */
public final class ExactOracle implements Oracle {
  @Override
  public String name() {
    return ExactBackend.NAME;
  }

  @Override
  public OracleSession load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    List<ExactKernels> kernels = new ArrayList<>();
    EagerSession session =
        EagerSession.load(
            ExactBackend.NAME,
            ExactBackend.CAPABILITIES,
            program,
            weights,
            options,
            (rank, workspace) -> {
              ExactKernels made = new ExactKernels(workspace, true);
              kernels.add(made);
              return made;
            });
    return new ExactOracleSession(session, kernels.get(0));
  }
}

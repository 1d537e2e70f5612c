package org.smollm3.exact;

import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/** Provider "exact": slow and right, for judging the others. */
public final class ExactBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return ExactBackend.NAME;
  }

  @Override
  public String description() {
    return "plain loops in double precision, nothing rounded: the judge of the other backends";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability probe() {
    return new Availability.Available("double precision, one thread");
  }

  @Override
  public Backend open(BackendOptions options) {
    return new ExactBackend();
  }
}

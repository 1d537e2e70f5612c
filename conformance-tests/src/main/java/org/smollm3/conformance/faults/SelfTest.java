package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.run.Profile;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.Runner;
import org.smollm3.spi.Backend;

/** Whether the rules see the faults: each by the rule it names, with every seed. */
public final class SelfTest {
  private final Runner runner;
  private final Supplier<Backend> right;

  /**
   * @param right opens a backend in which all is right, for faults to be put before
   */
  public SelfTest(Runner runner, Supplier<Backend> right) {
    this.runner = runner;
    this.right = right;
  }

  /**
   * What came of one fault.
   *
   * @param missed the seeds with which its rule let it pass
   */
  public record Result(Fault fault, int seeds, List<Long> missed) {
    public Result {
      missed = List.copyOf(missed);
    }

    public boolean isRejected() {
      return missed.isEmpty();
    }
  }

  /**
   * Tries one fault with the seeds 1 to {@code seeds}, each until the first case that fails.
   *
   * @param profile how many cases a seed has
   */
  public Result run(Fault fault, int seeds, Profile profile) {
    List<Long> missed = new ArrayList<>();
    try (BackendUnderTest backend =
        BackendUnderTest.open(() -> new FaultyBackend(right.get(), fault))) {
      for (long seed = 1; seed <= seeds; seed++) {
        RunPlan plan = RunPlan.of(profile).withRules(fault.rule()).withSeed(seed);
        if (runner.firstFailure(backend, plan).isEmpty()) {
          missed.add(seed);
        }
      }
    }
    return new Result(fault, seeds, missed);
  }
}

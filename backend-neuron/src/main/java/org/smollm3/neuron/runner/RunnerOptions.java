package org.smollm3.neuron.runner;

import java.time.Duration;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.BackendOptions;

/**
 * How programs are loaded and run.
 *
 * @param loading of one graph on the ranks
 * @param loadLimit how long loading one graph, or writing the weights, may take on all ranks
 * @param execTimeout how long the runtime waits for a run, unless NEURON_RT_EXEC_TIMEOUT says it
 * @param lifeCycleLimit how long opening the runtime, and closing it, may take
 */
public record RunnerOptions(
    Loading loading, Duration loadLimit, Duration execTimeout, Duration lifeCycleLimit) {
  /** Name of the option for {@link #loading}: {@code parallel} or {@code sequential}. */
  public static final String LOAD = "load";

  /** Name of the option for {@link #loadLimit}, in seconds. */
  public static final String LOAD_LIMIT = "load-limit";

  /** Name of the option for {@link #execTimeout}, in seconds. */
  public static final String EXEC_TIMEOUT = "exec-timeout";

  /** Name of the option for {@link #lifeCycleLimit}, in seconds. */
  public static final String LIFE_CYCLE_LIMIT = "life-cycle-limit";

  private static final Duration MOST = Duration.ofDays(1);

  /** How the ranks load a graph. */
  public enum Loading {
    /** All at once: a runtime may wait in the load of one rank for the others. */
    PARALLEL,
    /** One after another, for a runtime in which loads at the same time fail. */
    SEQUENTIAL
  }

  public RunnerOptions {
    require(LOAD_LIMIT, loadLimit);
    require(EXEC_TIMEOUT, execTimeout);
    require(LIFE_CYCLE_LIMIT, lifeCycleLimit);
  }

  /** In parallel, within ten minutes each, and the runtime's documented time for a run. */
  public static RunnerOptions defaults() {
    return new RunnerOptions(
        Loading.PARALLEL, Duration.ofMinutes(10), Duration.ofMinutes(10), Duration.ofMinutes(2));
  }

  /**
   * @throws InvalidRequestException naming the option that cannot be read
   */
  public static RunnerOptions of(BackendOptions options) {
    RunnerOptions defaults = defaults();
    return new RunnerOptions(
        options.get(LOAD).map(RunnerOptions::loading).orElse(defaults.loading),
        options.get(LOAD_LIMIT).map(text -> seconds(LOAD_LIMIT, text)).orElse(defaults.loadLimit),
        options
            .get(EXEC_TIMEOUT)
            .map(text -> seconds(EXEC_TIMEOUT, text))
            .orElse(defaults.execTimeout),
        options
            .get(LIFE_CYCLE_LIMIT)
            .map(text -> seconds(LIFE_CYCLE_LIMIT, text))
            .orElse(defaults.lifeCycleLimit));
  }

  public RunnerOptions withLoading(Loading newLoading) {
    return new RunnerOptions(newLoading, loadLimit, execTimeout, lifeCycleLimit);
  }

  public RunnerOptions withLoadLimit(Duration limit) {
    return new RunnerOptions(loading, limit, execTimeout, lifeCycleLimit);
  }

  public RunnerOptions withExecTimeout(Duration timeout) {
    return new RunnerOptions(loading, loadLimit, timeout, lifeCycleLimit);
  }

  public RunnerOptions withLifeCycleLimit(Duration limit) {
    return new RunnerOptions(loading, loadLimit, execTimeout, limit);
  }

  private static Loading loading(String text) {
    return switch (text) {
      case "parallel" -> Loading.PARALLEL;
      case "sequential" -> Loading.SEQUENTIAL;
      default ->
          throw new InvalidRequestException(
              LOAD + " is '" + text + "'; give parallel or sequential");
    };
  }

  private static Duration seconds(String option, String text) {
    try {
      return Duration.ofMillis(Math.round(Double.parseDouble(text) * 1000));
    } catch (NumberFormatException e) {
      throw new InvalidRequestException(option + " is '" + text + "'; give a number of seconds", e);
    }
  }

  private static void require(String option, Duration value) {
    if (!value.isPositive() || value.compareTo(MOST) > 0) {
      throw new InvalidRequestException(
          option + " is " + value.toMillis() / 1e3 + " s; give more than 0 and at most a day");
    }
  }
}

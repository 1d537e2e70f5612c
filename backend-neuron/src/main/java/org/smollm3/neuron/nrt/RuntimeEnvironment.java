package org.smollm3.neuron.nrt;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;

/**
 * The environment variables that libnrt reads when it is initialised. What the user has set stays;
 * what was set here is taken back when the runtime is closed.
 */
final class RuntimeEnvironment {
  static final String VISIBLE_CORES = "NEURON_RT_VISIBLE_CORES";
  static final String NUM_CORES = "NEURON_RT_NUM_CORES";
  static final String ROOT_COMM_ID = "NEURON_RT_ROOT_COMM_ID";
  static final String VIRTUAL_CORE_SIZE = "NEURON_RT_VIRTUAL_CORE_SIZE";
  static final String LOGICAL_NC_CONFIG = "NEURON_LOGICAL_NC_CONFIG";
  static final String EXEC_TIMEOUT = "NEURON_RT_EXEC_TIMEOUT";

  private final Libc libc;
  private final Map<String, String> ours = new HashMap<>();

  RuntimeEnvironment(Libc libc) {
    this.libc = libc;
  }

  /** Sets all but the number of cores, which {@link #takeCores} does. */
  void prepare(RuntimeOptions options) {
    requireVirtualCoreSize(options);
    if (options.virtualCoreSize().isPresent() && virtualCoreSize().isEmpty()) {
      set(VIRTUAL_CORE_SIZE, Integer.toString(options.virtualCoreSize().getAsInt()));
    }
    if (options.worldSize() > 1 && libc.get(ROOT_COMM_ID).isEmpty()) {
      if (options.worldSize() > options.localRanks()) {
        throw new InvalidRequestException(
            ROOT_COMM_ID
                + " is not set, and the ranks are spread over processes; set it to ADDRESS:PORT of"
                + " the first machine, the same on all of them");
      }
      set(ROOT_COMM_ID, "127.0.0.1:" + freePort());
    }
    if (libc.get(EXEC_TIMEOUT).isEmpty()) {
      set(EXEC_TIMEOUT, Long.toString(roundedUp(options.execTimeout())));
    }
  }

  /** Takes as many cores as there are ranks, unless the user chose some. */
  void takeCores(int cores) {
    if (libc.get(VISIBLE_CORES).isEmpty() && libc.get(NUM_CORES).isEmpty()) {
      set(NUM_CORES, Integer.toString(cores));
    }
  }

  /**
   * Whether a runtime that is running already can serve another session.
   *
   * @throws BackendException if not
   */
  void requireServes(RuntimeOptions options) {
    requireVirtualCoreSize(options);
    if (options.worldSize() > 1 && libc.get(ROOT_COMM_ID).isEmpty()) {
      throw new BackendException(
          "the Neuron runtime of this process runs without "
              + ROOT_COMM_ID
              + ", which "
              + options.worldSize()
              + " ranks need; set it before the start, or close the other session first");
    }
  }

  /** How long libnrt waits for a run: what the user said, or else what the options say. */
  Duration execTimeout(RuntimeOptions options) {
    try {
      return libc.get(EXEC_TIMEOUT)
          .map(text -> Duration.ofSeconds(Integer.parseInt(text.strip())))
          .filter(Duration::isPositive)
          .orElse(options.execTimeout());
    } catch (NumberFormatException e) {
      return options.execTimeout();
    }
  }

  /** Takes back what was set here. */
  void restore() {
    ours.forEach(
        (name, value) -> {
          if (libc.get(name).equals(Optional.of(value))) {
            libc.unset(name);
          }
        });
    ours.clear();
  }

  private void set(String name, String value) {
    libc.set(name, value);
    ours.put(name, value);
  }

  private Optional<String> virtualCoreSize() {
    return libc.get(VIRTUAL_CORE_SIZE).or(() -> libc.get(LOGICAL_NC_CONFIG));
  }

  private void requireVirtualCoreSize(RuntimeOptions options) {
    if (options.virtualCoreSize().isEmpty()) {
      return;
    }
    String wanted = Integer.toString(options.virtualCoreSize().getAsInt());
    virtualCoreSize()
        .filter(present -> !present.strip().equals(wanted))
        .ifPresent(
            present -> {
              throw new BackendException(
                  VIRTUAL_CORE_SIZE
                      + " is "
                      + present
                      + ", but the model was compiled for "
                      + wanted
                      + " physical cores in a logical one; unset it, or compile again");
            });
  }

  private static long roundedUp(Duration duration) {
    return duration.plusSeconds(1).minusNanos(1).toSeconds();
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new BackendException(
          "no port is free on this machine; set " + ROOT_COMM_ID + " to 127.0.0.1:PORT", e);
    }
  }
}

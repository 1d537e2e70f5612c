package org.smollm3.neuron.nrt;

/** What method handles of native functions throw, made plain. */
final class Downcalls {
  private Downcalls() {}

  /** A native function that returns a status. */
  interface StatusCall {
    int run() throws Throwable;
  }

  static int run(String function, StatusCall call) {
    try {
      return call.run();
    } catch (Throwable e) {
      throw unexpected(function, e);
    }
  }

  /** Native code throws nothing: what comes is an unchecked failure of this side, or a defect. */
  static RuntimeException unexpected(String function, Throwable thrown) {
    return switch (thrown) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException("the call of " + function + " threw", thrown);
    };
  }
}

package org.smollm3.conformance.behaviour;

import java.util.Optional;
import org.smollm3.conformance.check.Findings;

/** Calls that must be refused. */
final class Refusals {
  private Refusals() {}

  /**
   * Makes a call that must throw.
   *
   * @return the message; empty if it did not throw, or another type, which is then a finding
   */
  static Optional<String> expect(
      Findings findings, Class<? extends RuntimeException> type, String what, Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      String message = Optional.ofNullable(e.getMessage()).orElse("");
      if (!type.isInstance(e)) {
        findings.fail(
            what
                + " throws "
                + e.getClass().getSimpleName()
                + " ("
                + message
                + "), not "
                + type.getSimpleName());
        return Optional.empty();
      }
      findings.require(
          !message.isBlank() && message.lines().count() == 1,
          () -> what + " is refused with a message that is not one line: '" + message + "'");
      return Optional.of(message);
    }
    findings.fail(what + " is not refused; it must throw " + type.getSimpleName());
    return Optional.empty();
  }
}

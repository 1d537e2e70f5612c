package org.smollm3.neuron.lint;

/**
 * One place where a module breaks a documented limit.
 *
 * @param instruction its name, or that of a computation
 * @param layer the part of the model that the instruction comes from; may be empty
 * @param message what is wrong and what to do, on one line
 */
public record Finding(
    Rule rule, Severity severity, String instruction, String layer, String message) {

  /**
   * As it is printed: {@code error EVRF035: dot.17 (layers.3.self_attn): a dot of s32[...]; ...}.
   */
  @Override
  public String toString() {
    return severity
        + rule.code().map(code -> " " + code).orElse("")
        + ": "
        + instruction
        + (layer.isEmpty() ? "" : " (" + layer + ")")
        + ": "
        + message;
  }
}

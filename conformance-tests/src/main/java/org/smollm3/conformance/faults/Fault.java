package org.smollm3.conformance.faults;

import java.util.function.UnaryOperator;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.TensorOps;

/**
 * One thing that is wrong.
 *
 * @param name in lower case, unique
 * @param text what is wrong, in one line
 * @param rule that must reject it
 * @param wrap what graph bodies see in place of a right context
 */
public record Fault(String name, String text, String rule, UnaryOperator<GraphContext> wrap) {
  /** A fault of operations. */
  static Fault ofOps(String name, String rule, String text, UnaryOperator<TensorOps> wrap) {
    return new Fault(
        name,
        text,
        rule,
        context ->
            new ForwardingContext(context) {
              private final TensorOps wrong = wrap.apply(context.ops());

              @Override
              public TensorOps ops() {
                return wrong;
              }
            });
  }
}

package org.smollm3.conformance.faults;

import java.util.function.UnaryOperator;
import org.smollm3.spi.Backend;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;

/**
 * One thing that is wrong.
 *
 * @param name in lower case, unique
 * @param text what is wrong, in one line
 * @param rule that must reject it
 * @param wrap what graph bodies see in place of a right context
 * @param around what callers see in place of a right backend
 */
public record Fault(
    String name,
    String text,
    String rule,
    UnaryOperator<GraphContext> wrap,
    UnaryOperator<Backend> around) {
  /** A fault inside of graphs. */
  Fault(String name, String text, String rule, UnaryOperator<GraphContext> wrap) {
    this(name, text, rule, wrap, UnaryOperator.identity());
  }

  /** A fault of a backend as its callers see it. */
  static Fault ofBackend(String name, String rule, String text, UnaryOperator<Backend> around) {
    return new Fault(name, text, rule, UnaryOperator.identity(), around);
  }

  /** A fault of sessions as their callers see them. */
  static Fault ofSession(String name, String rule, String text, UnaryOperator<Session> around) {
    return ofBackend(
        name,
        rule,
        text,
        right ->
            new ForwardingBackend(right) {
              @Override
              public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
                return around.apply(inner.load(program, weights, options));
              }
            });
  }

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

package org.smollm3.conformance.faults;

import java.util.function.UnaryOperator;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Session;

/** A fault of sessions: bodies see what is right. */
interface SessionFault extends UnaryOperator<GraphContext> {
  Session wrap(Session right);

  @Override
  default GraphContext apply(GraphContext context) {
    return context;
  }
}

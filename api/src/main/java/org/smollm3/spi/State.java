package org.smollm3.spi;

import org.smollm3.tensor.TensorSpec;

/**
 * A linear handle on a state of the session. Operations that update a state consume the handle they
 * are given and return the next one; any later use of the old handle, or of a tensor read from it,
 * fails with {@link org.smollm3.error.StateConsumedException}, in eager backends and when tracing
 * alike. So an eager backend updates in place and a tracer aliases, from one body.
 */
public interface State {
  TensorSpec spec();
}

package org.smollm3.spi;

import org.smollm3.tensor.HostTensor;

/** A session whose outputs, taps and states are F64, unrounded. */
public interface OracleSession extends Session {
  /**
   * For every element of an output or tap of the last run on rank 0, the sum of the absolute values
   * of the terms that its own operation added: for a dot product sum |a||b|, for a linear layer
   * that plus |bias|, for a sum the sum of |x|; for an operation that adds nothing, |value|.
   */
  HostTensor magnitude(String name);
}

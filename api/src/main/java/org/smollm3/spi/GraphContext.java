package org.smollm3.spi;

import java.util.function.Supplier;

/** What a graph body works with: operations, collectives, and this rank's tensors by name. */
public interface GraphContext {
  TensorOps ops();

  Collectives collectives();

  /** This rank's number as data: I32[1]. */
  Tensor rank();

  int tensorParallelDegree();

  /** An input of the graph. */
  Tensor input(String name);

  /** A weight of the program, on this rank. */
  Tensor weight(String name);

  /** The first handle of a state; asking twice for the same state is an error. */
  State state(String name);

  /**
   * Names a tensor, as Hugging Face names the module that made it, for whoever asked to see it;
   * does nothing otherwise. Within scopes the full name is given all the same.
   */
  void tap(String name, Tensor tensor);

  /**
   * Runs a part of the body under a name. The name goes into messages, traces and operation
   * metadata; the tensors made inside, except the one returned, end with the scope, so that an
   * eager backend can reuse their memory.
   *
   * @param name the full name, such as {@code layers.3.self_attn}
   */
  Tensor scope(String name, Supplier<Tensor> body);
}

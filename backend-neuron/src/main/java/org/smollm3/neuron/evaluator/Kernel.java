package org.smollm3.neuron.evaluator;

/**
 * One instruction, or several at once, made ready to run: types, shapes and places are resolved.
 */
interface Kernel {
  void run(Frame frame);
}

/**
 * The compiler of AWS Neuron, {@code neuronx-cc}, as a process: where it is, with which flags it
 * runs, what became of it, and a cache of what it wrote.
 *
 * <p>{@link org.smollm3.neuron.compiler.CompilerSearch} finds it, {@link
 * org.smollm3.neuron.compiler.CompileCache} runs it once per module and set of flags.
 */
@NullMarked
package org.smollm3.neuron.compiler;

import org.jspecify.annotations.NullMarked;

/**
 * The documented limits of {@code neuronx-cc}, applied to a module before it is compiled: {@link
 * org.smollm3.neuron.lint.Lint}.
 *
 * <p>Sources, of the AWS Neuron SDK documentation: {@code compiler/error-codes/*.rst} (the codes,
 * here without their prefix {@code NCC_}), the operator table in {@code
 * release-notes/components/compiler.rst}, {@code compiler/neuronx-cc/api-reference-guide} and
 * {@code about-neuron/arch/neuron-features/data-types.rst}; and what nkipy, transformers-neuronx
 * and Optimum Neuron write.
 *
 * <p><b>What is a finding.</b> What the documentation says is refused is an error; what it says is
 * taken with a loss, or allows where released code does otherwise, is a warning. The operator table
 * is old: operations that it lacks, but that released Neuron code writes, are no findings and are
 * only counted ({@link org.smollm3.neuron.lint.Lint#unlisted}); operations that neither has are
 * errors ({@code EVRF001}).
 *
 * <p><b>What needs no rule</b>, as {@link org.smollm3.neuron.hlo.HloModuleReader} refuses the file
 * with a message of its own: dynamic shapes ({@code EMOD025}); complex types ({@code EVRF004});
 * 8-bit floating types of any kind ({@code EVRF005}, {@code EVRF051}, {@code EVRF052}, {@code
 * ESPP047}) and smaller ones ({@code ESPP004}); shifts ({@code EVRF022}), convolutions ({@code
 * EVRF010}, {@code EVRF011}), reduce-window ({@code EVRF017} to {@code EVRF019}) and any other
 * operation that is not in {@link org.smollm3.neuron.hlo.Opcode}; shapes that break XLA's rules
 * ({@code EVRF064}). Limits of size ({@code EBVF030}, {@code EOOM001} and their like) are not
 * documented as numbers.
 */
@NullMarked
package org.smollm3.neuron.lint;

import org.jspecify.annotations.NullMarked;

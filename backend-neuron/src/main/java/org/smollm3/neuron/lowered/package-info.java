/**
 * Provider "hlo": the lowered graphs, run by the evaluator. It shows that the lowering is right
 * where there is no compiler and no device.
 */
@NullMarked
package org.smollm3.neuron.lowered;

import org.jspecify.annotations.NullMarked;

/**
 * Runs HLO modules over several ranks in this process, by the measured semantics of XLA. An oracle
 * of what the lowering means: it needs no device and shares no arithmetic with a backend.
 *
 * <p>Every value is memory in the layout that HLO gives it: dense, row-major, little-endian. Sums
 * (dot, reduce-add, all-reduce) are taken in double, in ascending order of the summed index, and
 * rounded once; every other operation rounds its own result.
 */
@NullMarked
package org.smollm3.neuron.evaluator;

import org.jspecify.annotations.NullMarked;

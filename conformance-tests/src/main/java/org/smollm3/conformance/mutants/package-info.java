/** How many single-instruction mutants of lowered graphs the rules on graphs reject. */
@NullMarked
package org.smollm3.conformance.mutants;

import org.jspecify.annotations.NullMarked;

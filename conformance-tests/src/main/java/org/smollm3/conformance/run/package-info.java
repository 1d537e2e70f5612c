/** Runs: which rules on which cases, what came of them, and the report of it. */
@NullMarked
package org.smollm3.conformance.run;

import org.jspecify.annotations.NullMarked;

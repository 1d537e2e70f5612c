/**
 * Cases: what a rule is tried on, as one line of text that says all of it, made by jqwik outside
 * its test engine, so that any case can be made by itself from its number.
 */
@NullMarked
package org.smollm3.conformance.cases;

import org.jspecify.annotations.NullMarked;

/** A run's report as one page for people. */
@NullMarked
package org.smollm3.conformance.report;

import org.jspecify.annotations.NullMarked;

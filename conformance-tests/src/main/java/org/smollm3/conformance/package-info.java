/** Judging backends. */
@NullMarked
package org.smollm3.conformance;

import org.jspecify.annotations.NullMarked;

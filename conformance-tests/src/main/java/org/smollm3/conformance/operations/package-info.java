/** Checks of single operations. */
@NullMarked
package org.smollm3.conformance.operations;

import org.jspecify.annotations.NullMarked;

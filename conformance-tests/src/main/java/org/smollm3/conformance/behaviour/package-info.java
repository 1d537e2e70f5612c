/** Checks of the level of behaviour: refusals, errors, lifecycle, sessions side by side. */
@NullMarked
package org.smollm3.conformance.behaviour;

import org.jspecify.annotations.NullMarked;

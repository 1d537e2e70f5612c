/**
 * Backends that are wrong on purpose, each in one realistic way, to show that the rules see it. A
 * fault is put between a graph's body and a backend that is right.
 */
@NullMarked
package org.smollm3.conformance.faults;

import org.jspecify.annotations.NullMarked;

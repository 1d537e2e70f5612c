/** Checks of the level of graphs: the four graphs of a model, block by block. */
@NullMarked
package org.smollm3.conformance.graphs;

import org.jspecify.annotations.NullMarked;

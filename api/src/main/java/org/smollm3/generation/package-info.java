/** From prompts to text: running the graphs, sampling, stopping. */
@NullMarked
package org.smollm3.generation;

import org.jspecify.annotations.NullMarked;

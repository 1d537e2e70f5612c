/** The key-value cache: its shape, and its handles through a graph. */
@NullMarked
package org.smollm3.kvcache;

import org.jspecify.annotations.NullMarked;

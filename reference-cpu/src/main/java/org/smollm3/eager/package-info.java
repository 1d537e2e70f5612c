/** Running graph bodies directly: contexts, scopes, states and taps, shared by cpu and exact. */
@NullMarked
package org.smollm3.eager;

import org.jspecify.annotations.NullMarked;

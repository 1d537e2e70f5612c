/** Provider "cpu": the fast, deterministic backend on the Vector API. */
@NullMarked
package org.smollm3.cpu;

import org.jspecify.annotations.NullMarked;

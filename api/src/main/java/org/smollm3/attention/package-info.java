/** Rotary embedding and grouped-query attention. */
@NullMarked
package org.smollm3.attention;

import org.jspecify.annotations.NullMarked;

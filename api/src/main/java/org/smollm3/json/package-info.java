/** Strict reading of small JSON files; not exported. */
@NullMarked
package org.smollm3.json;

import org.jspecify.annotations.NullMarked;

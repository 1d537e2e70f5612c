/** Provider "exact": plain double loops, the judge. */
@NullMarked
package org.smollm3.exact;

import org.jspecify.annotations.NullMarked;

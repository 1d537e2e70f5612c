/** What a check is, what it finds, and what it has to work with. */
@NullMarked
package org.smollm3.conformance.check;

import org.jspecify.annotations.NullMarked;

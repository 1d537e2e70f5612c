/** Small random models, for checks of whole graphs. */
@NullMarked
package org.smollm3.conformance.models;

import org.jspecify.annotations.NullMarked;

/** SmolLM3 itself: configuration, layers and graphs. */
@NullMarked
package org.smollm3.model;

import org.jspecify.annotations.NullMarked;

/** Golden folders: outputs of Hugging Face and of double arithmetic, and the rules against them. */
@NullMarked
package org.smollm3.conformance.golden;

import org.jspecify.annotations.NullMarked;

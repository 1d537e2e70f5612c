/** What a backend must do, rule by rule: the texts, in one place. */
@NullMarked
package org.smollm3.conformance.rules;

import org.jspecify.annotations.NullMarked;

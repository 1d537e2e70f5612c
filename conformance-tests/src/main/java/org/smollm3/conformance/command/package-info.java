/** The command {@code conform}. */
@NullMarked
package org.smollm3.conformance.command;

import org.jspecify.annotations.NullMarked;

/** The program smollm3. */
@NullMarked
package org.smollm3.cli;

import org.jspecify.annotations.NullMarked;

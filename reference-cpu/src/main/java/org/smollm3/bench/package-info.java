/** The command {@code bench}: how fast "cpu" is, beside what the machine can do at most. */
@NullMarked
package org.smollm3.bench;

import org.jspecify.annotations.NullMarked;

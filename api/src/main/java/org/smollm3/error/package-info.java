/** What goes wrong, by whose fault it is: one line each, with the value and the remedy. */
@NullMarked
package org.smollm3.error;

import org.jspecify.annotations.NullMarked;

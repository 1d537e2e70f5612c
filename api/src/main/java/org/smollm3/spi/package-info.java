/** The contract between the model and a backend, and the chooser of backends. */
@NullMarked
package org.smollm3.spi;

import org.jspecify.annotations.NullMarked;

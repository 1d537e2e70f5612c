/** Element types, shapes and tensors in host memory. */
@NullMarked
package org.smollm3.tensor;

import org.jspecify.annotations.NullMarked;

/**
 * The arithmetic of "cpu": kernels on the Vector API, each with a scalar twin that performs the
 * same operations in the same order and so gives the same bits.
 */
@NullMarked
package org.smollm3.cpu.kernels;

import org.jspecify.annotations.NullMarked;

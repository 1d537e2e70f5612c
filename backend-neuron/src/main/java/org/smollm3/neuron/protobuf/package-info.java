/**
 * The wire format of Protocol Buffers, version 3: a writer whose bytes depend on nothing but what
 * is written, and a reader that takes nothing on trust.
 */
@NullMarked
package org.smollm3.neuron.protobuf;

import org.jspecify.annotations.NullMarked;

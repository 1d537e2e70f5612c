/** Provider "neuron": compiled graphs on Trainium and Inferentia through libnrt. */
@NullMarked
package org.smollm3.neuron;

import org.jspecify.annotations.NullMarked;

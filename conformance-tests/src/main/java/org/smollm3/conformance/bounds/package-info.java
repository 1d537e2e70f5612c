/**
 * Error bounds, derived element by element while the judge in double runs the very body that a
 * backend ran: running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, 2nd
 * edition, 3.3) with the unit roundoffs that the backend declares.
 */
@NullMarked
package org.smollm3.conformance.bounds;

import org.jspecify.annotations.NullMarked;

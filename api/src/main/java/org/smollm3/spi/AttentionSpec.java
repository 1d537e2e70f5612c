package org.smollm3.spi;

import java.util.OptionalInt;

/**
 * Constants of an attention.
 *
 * @param scale factor on the scores, 1/sqrt(head_dim)
 * @param slidingWindow if present, a query at position p sees only positions above p - window
 */
public record AttentionSpec(AttentionKind kind, double scale, OptionalInt slidingWindow) {}

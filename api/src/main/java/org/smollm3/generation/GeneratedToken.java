package org.smollm3.generation;

import java.util.OptionalDouble;

/**
 * One token as it comes.
 *
 * @param row index of the prompt in the batch
 * @param index 0 for the first new token
 * @param text what became readable with this token: empty while a character or a possible stop
 *     string is incomplete, and for special tokens
 * @param logProbability natural logarithm of its probability under the raw logits, if asked for
 */
public record GeneratedToken(
    int row, int index, int id, String text, OptionalDouble logProbability) {}

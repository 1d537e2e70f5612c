package org.smollm3.text;

/**
 * A token that is matched in the text before anything else is done to it.
 *
 * @param special left out of decoded text on request
 * @param normalized matched only in what the tokens that are not normalized leave over
 */
record AddedToken(String content, int id, boolean special, boolean normalized) {}

/** Text to token ids and back: the byte-level BPE tokenizer of {@code tokenizer.json}. */
@NullMarked
package org.smollm3.text;

import org.jspecify.annotations.NullMarked;

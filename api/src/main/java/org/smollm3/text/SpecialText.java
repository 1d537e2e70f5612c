package org.smollm3.text;

/** What decoding does with special tokens: write them as text, or leave them out. */
public enum SpecialText {
  KEEP,
  SKIP
}

package org.smollm3.text;

/** Whether encoding adds the tokens of the post-processor's template, such as a leading BOS. */
public enum SpecialTokens {
  ADD,
  OMIT
}

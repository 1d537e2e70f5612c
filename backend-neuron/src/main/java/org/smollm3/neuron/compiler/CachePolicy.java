package org.smollm3.neuron.compiler;

/** How far the compile cache is used. */
public enum CachePolicy {
  /** What is there is used; a module that the compiler refused stays refused. */
  REUSE,
  /** What is there is used; a module that the compiler refused is given to it once more. */
  RETRY_FAILED,
  /** A new and empty cache for this program alone. */
  FRESH
}

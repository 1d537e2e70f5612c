package org.smollm3.spi;

/**
 * Which graph an attention or a cache update belongs to. The kind never changes what a real token's
 * result is; it tells the backend what it may skip.
 */
public enum AttentionKind {
  /** A prompt from position 0: nothing earlier is in the cache, the cache is not read. */
  CONTEXT_ENCODING,
  /** A piece of a prompt against what the cache holds. */
  CHUNKED_PREFILL,
  /** One new token a row. */
  TOKEN_GENERATION,
  /** Several new tokens a row. */
  SPECULATION
}

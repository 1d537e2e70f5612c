/**
 * A small complete backend to start from: plain loops over arrays, every rule of the kit. The guide
 * {@code docs/test-your-backend.md} goes through it.
 */
@NullMarked
package org.smollm3.conformance.example.backend;

import org.jspecify.annotations.NullMarked;

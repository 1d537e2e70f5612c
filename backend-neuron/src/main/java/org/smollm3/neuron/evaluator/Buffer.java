package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;

/** Memory that one or several slots are in, one after another. */
final class Buffer {
  /** Whose memory it is. */
  enum Home {
    /** The caller's, only read. */
    PARAMETER,
    /** The caller's, written. Of an aliased result it holds the parameter at first. */
    RESULT,
    CONSTANT,
    /** A part of the rank's own memory. */
    TEMPORARY
  }

  final Home home;

  /** Of which parameter or result. */
  final int number;

  final long bytes;

  /** Of a constant. */
  final MemorySegment constant;

  /** Of a temporary. */
  long offset;

  /** The last step that reads it. */
  int lastUse;

  private Buffer(Home home, int number, long bytes, MemorySegment constant) {
    this.home = home;
    this.number = number;
    this.bytes = bytes;
    this.constant = constant;
  }

  static Buffer parameter(int number, long bytes) {
    return new Buffer(Home.PARAMETER, number, bytes, MemorySegment.NULL);
  }

  static Buffer result(int number, long bytes) {
    return new Buffer(Home.RESULT, number, bytes, MemorySegment.NULL);
  }

  static Buffer constant(MemorySegment value) {
    return new Buffer(Home.CONSTANT, 0, value.byteSize(), value);
  }

  static Buffer temporary(long bytes) {
    return new Buffer(Home.TEMPORARY, 0, bytes, MemorySegment.NULL);
  }
}

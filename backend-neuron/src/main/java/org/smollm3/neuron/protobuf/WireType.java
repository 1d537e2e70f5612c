package org.smollm3.neuron.protobuf;

/** The low three bits of a field's tag. */
final class WireType {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int LENGTH = 2;
  static final int FIXED32 = 5;

  private WireType() {}
}

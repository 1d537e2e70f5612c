package org.smollm3.neuron.hlo;

/** Numbers of XLA's protos that are no types of ours. */
final class HloProto {
  static final int TUPLE_TYPE = 13;

  private HloProto() {}
}

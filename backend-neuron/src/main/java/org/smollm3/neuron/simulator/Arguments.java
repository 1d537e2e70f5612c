package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.nrt.NrtStructs;

/** The arguments of a call, as they came over the C ABI. */
record Arguments(List<Object> values) {
  Arguments {
    values = List.copyOf(values);
  }

  int integer(int index) {
    return (Integer) values.get(index);
  }

  /** A size or an offset, which has no sign in C. */
  long size(int index) {
    long size = (Long) values.get(index);
    if (size < 0) {
      throw new StatusException(
          NrtStatus.INVALID, "argument " + index + " is " + Long.toUnsignedString(size));
    }
    return size;
  }

  MemorySegment address(int index) {
    return (MemorySegment) values.get(index);
  }

  /** Memory of the caller. */
  MemorySegment buffer(int index, long bytes) {
    MemorySegment address = address(index);
    if (address.address() == 0) {
      throw new StatusException(NrtStatus.INVALID, "argument " + index + " is a null pointer");
    }
    return address.reinterpret(bytes);
  }

  /** A C string. */
  String text(int index) {
    String text = buffer(index, Long.MAX_VALUE).getString(0);
    if (text.length() >= NrtStructs.TENSOR_NAME_MAX) {
      throw new StatusException(NrtStatus.INVALID, "argument " + index + " is too long a name");
    }
    return text;
  }
}

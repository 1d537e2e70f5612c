package org.smollm3.checkpoint;

import java.lang.foreign.MemorySegment;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Conversion of stored values, rounded to nearest even where the type is narrower. */
final class FloatCast {
  private FloatCast() {}

  /** Fills {@code target} with as many values of {@code source}; both hold whole elements. */
  static void convert(MemorySegment source, DType from, MemorySegment target, DType to) {
    if (from == to) {
      target.copyFrom(source);
      return;
    }
    Shape shape = Shape.of(source.byteSize() / from.byteSize());
    HostTensor read = HostTensor.wrap(from, shape, source);
    HostTensor write = HostTensor.wrap(to, shape, target);
    for (long i = 0; i < read.size(); i++) {
      write.setFloat(i, read.getFloat(i));
    }
  }
}

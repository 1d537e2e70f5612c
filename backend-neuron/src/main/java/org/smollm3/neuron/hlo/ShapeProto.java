package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.protobuf.ProtoReader;
import org.smollm3.tensor.Shape;

/** XLA's {@code ShapeProto}. */
final class ShapeProto {
  private ShapeProto() {}

  static HloShape read(ProtoReader in) {
    long type = 0;
    List<Long> dims = new ArrayList<>();
    List<HloShape> elements = new ArrayList<>();
    List<Long> minorToMajor = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 2 -> type = in.integer();
        case 3 -> in.integers(dims::add);
        case 4 -> elements.add(read(in.message()));
        case 5 -> layout(in.message(), minorToMajor);
        case 6 -> in.integers(dynamic -> requireStatic(in, dynamic));
        default -> in.skip();
      }
    }
    if (type == HloProto.TUPLE_TYPE) {
      return new HloShape.Tuple(elements);
    }
    long number = type;
    ElementType element =
        ElementType.byNumber(type)
            .orElseThrow(
                () -> in.bad("element type " + number + unknown(number) + " is not supported"));
    for (long dim : dims) {
      if (dim < 0) {
        throw in.bad("a dimension is " + dim);
      }
    }
    requireRowMajor(in, minorToMajor, dims.size());
    return new HloShape.Array(
        element, Shape.of(dims.stream().mapToLong(Long::longValue).toArray()));
  }

  /** What XLA calls a type that is not for Neuron, or not for all of its chips; and the code. */
  private static String unknown(long number) {
    String name =
        switch ((int) number) {
          case 15 -> "c64, EVRF004";
          case 18 -> "c128, EVRF004";
          case 19 -> "f8e5m2";
          case 20 -> "f8e4m3fn, EVRF051 before trn3";
          case 23 -> "f8e4m3b11fnuz, EVRF005";
          case 24 -> "f8e5m2fnuz, EVRF005";
          case 25 -> "f8e4m3fnuz, EVRF005";
          case 28 -> "f8e4m3, EVRF052 after trn3";
          default -> "";
        };
    return name.isEmpty() ? "" : " (" + name + ")";
  }

  private static void requireStatic(ProtoReader in, long dynamic) {
    if (dynamic != 0) {
      throw in.bad("a dimension is dynamic; Neuron takes static shapes only (EMOD025)");
    }
  }

  private static void layout(ProtoReader in, List<Long> minorToMajor) {
    while (in.next()) {
      if (in.field() == 1) {
        in.integers(minorToMajor::add);
      } else {
        in.skip();
      }
    }
  }

  /** No layout at all means row-major. */
  private static void requireRowMajor(ProtoReader in, List<Long> minorToMajor, int rank) {
    boolean rowMajor = minorToMajor.isEmpty() || minorToMajor.size() == rank;
    for (int i = 0; rowMajor && i < minorToMajor.size(); i++) {
      rowMajor = minorToMajor.get(i) == rank - 1L - i;
    }
    if (!rowMajor) {
      throw in.bad("the layout " + minorToMajor + " is not row-major");
    }
  }
}

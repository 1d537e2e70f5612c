package org.smollm3.neuron.hlo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.smollm3.neuron.protobuf.ProtoReader;
import org.smollm3.neuron.protobuf.ProtoWriter;
import org.smollm3.tensor.HostTensor;

/** XLA's {@code LiteralProto}: a constant's elements in row-major order. */
final class LiteralProto {
  private LiteralProto() {}

  static void write(
      ProtoWriter out, Literal literal, BiConsumer<ProtoWriter, HloShape> shapeWriter) {
    HostTensor tensor = literal.tensor();
    ElementType type = literal.shape().type();
    out.message(1, w -> shapeWriter.accept(w, literal.shape()));
    switch (type) {
      case F32 -> out.floats(8, tensor.toFloatArray());
      case PRED, S32, S64, U32, U64 -> {
        long[] values = new long[Math.toIntExact(tensor.size())];
        for (int i = 0; i < values.length; i++) {
          values[i] = tensor.getLong(i);
        }
        out.integers(field(type), values);
      }
      case U8, S8, U16, S16, F16, BF16 ->
          out.bytes(field(type), tensor.segment().toArray(ValueLayout.JAVA_BYTE));
      case F64 -> throw new IllegalArgumentException("constants of f64 are not for Neuron");
    }
  }

  private static int field(ElementType type) {
    return switch (type) {
      case PRED -> 2;
      case U8 -> 3;
      case S32 -> 4;
      case S64 -> 5;
      case U32 -> 6;
      case U64 -> 7;
      case F32 -> 8;
      case F64 -> 9;
      case F16 -> 11;
      case BF16 -> 13;
      case S8 -> 15;
      case U16 -> 16;
      case S16 -> 17;
    };
  }

  /**
   * @param shape of the instruction, whose layout the literal must have
   */
  static Literal read(ProtoReader in, HloShape.Array shape) {
    HostTensor tensor = HostTensor.zeros(shape.type().dtype(), shape.dims());
    int field = field(shape.type());
    List<Long> integers = new ArrayList<>();
    Optional<byte[]> bytes = Optional.empty();
    long stored = 0;
    while (in.next()) {
      if (in.field() == 1) {
        HloShape own = ShapeProto.read(in.message());
        if (!own.equals(shape)) {
          throw in.bad("the constant is " + own + " in an instruction of " + shape);
        }
      } else if (in.field() != field) {
        in.skip();
      } else if (shape.type() == ElementType.F32) {
        ByteBuffer floats = in.fixed32s();
        requireRoom(in, stored + floats.remaining() / Float.BYTES, tensor);
        MemorySegment.copy(
            MemorySegment.ofBuffer(floats),
            0,
            tensor.segment(),
            stored * Float.BYTES,
            floats.remaining());
        stored += floats.remaining() / Float.BYTES;
      } else if (isBytes(shape.type())) {
        bytes = Optional.of(in.bytes());
      } else {
        in.integers(integers::add);
        requireRoom(in, integers.size(), tensor);
      }
    }
    return finish(in, tensor, integers, bytes, stored);
  }

  private static boolean isBytes(ElementType type) {
    return switch (type) {
      case U8, S8, U16, S16, F16, BF16 -> true;
      default -> false;
    };
  }

  private static void requireRoom(ProtoReader in, long count, HostTensor tensor) {
    if (count > tensor.size()) {
      throw in.bad("the constant has more than the " + tensor.size() + " elements of " + tensor);
    }
  }

  private static Literal finish(
      ProtoReader in,
      HostTensor tensor,
      List<Long> integers,
      Optional<byte[]> bytes,
      long storedFloats) {
    long count = storedFloats + integers.size();
    if (bytes.isPresent()) {
      if (bytes.get().length != tensor.segment().byteSize()) {
        throw in.bad("the constant " + tensor + " has " + bytes.get().length + " bytes");
      }
      tensor.segment().copyFrom(MemorySegment.ofArray(bytes.get()));
      count = tensor.size();
    }
    for (int i = 0; i < integers.size(); i++) {
      tensor.setLong(i, integers.get(i));
    }
    if (count != tensor.size()) {
      throw in.bad("the constant " + tensor + " has " + count + " elements");
    }
    return Literal.of(tensor);
  }
}

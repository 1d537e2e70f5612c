package org.smollm3.neuron.protobuf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Writes one message. Fields come in the order in which they are written; by proto3, a scalar equal
 * to its default and an empty list are left out. The same calls give the same bytes.
 */
public final class ProtoWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** What was written. */
  public byte[] toByteArray() {
    return out.toByteArray();
  }

  /** The bytes of a message. */
  public static byte[] message(Consumer<ProtoWriter> body) {
    ProtoWriter writer = new ProtoWriter();
    body.accept(writer);
    return writer.toByteArray();
  }

  /** An int32, int64 or enum; left out if 0. */
  public void integer(int field, long value) {
    if (value != 0) {
      tag(field, WireType.VARINT);
      varint(value);
    }
  }

  /** Left out if false. */
  public void bool(int field, boolean value) {
    integer(field, value ? 1 : 0);
  }

  /** Left out if empty. */
  public void string(int field, String value) {
    bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** Left out if empty. */
  public void bytes(int field, byte[] value) {
    if (value.length > 0) {
      delimited(field, value);
    }
  }

  /** A member of a repeated string field: written even if empty. */
  public void stringElement(int field, String value) {
    delimited(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** A message, or a member of a repeated one: written even if empty. */
  public void message(int field, Consumer<ProtoWriter> body) {
    delimited(field, message(body));
  }

  /** Packed int32s, int64s, bools or enums. */
  public void integers(int field, long... values) {
    if (values.length > 0) {
      ProtoWriter packed = new ProtoWriter();
      for (long value : values) {
        packed.varint(value);
      }
      delimited(field, packed.toByteArray());
    }
  }

  /** Packed floats, from little-endian bytes. */
  public void floats(int field, float... values) {
    if (values.length > 0) {
      ByteBuffer packed =
          ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
              .order(ByteOrder.LITTLE_ENDIAN);
      packed.asFloatBuffer().put(values);
      delimited(field, packed.array());
    }
  }

  /** {@code map<string, string>}, by ascending key. */
  public void map(int field, Map<String, String> entries) {
    new TreeMap<>(entries)
        .forEach(
            (key, value) ->
                message(
                    field,
                    entry -> {
                      entry.string(1, key);
                      entry.string(2, value);
                    }));
  }

  private void delimited(int field, byte[] value) {
    tag(field, WireType.LENGTH);
    varint(value.length);
    out.writeBytes(value);
  }

  private void tag(int field, int wireType) {
    varint((long) field << 3 | wireType);
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }
}

package org.smollm3.neuron.protobuf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;
import org.smollm3.error.InvalidModelException;

/**
 * Reads one message, field by field, from bytes nobody vouches for:
 *
 * <pre>{@code
 * while (reader.next()) {
 *   switch (reader.field()) {
 *     case 1 -> name = reader.string();
 *     default -> reader.skip();
 *   }
 * }
 * }</pre>
 *
 * <p>Every method throws {@link InvalidModelException} naming the source, the offset and the field
 * where the bytes end too early or are of another kind than asked for.
 */
public final class ProtoReader {
  /** Messages within messages that are still read; nothing sensible comes near. */
  private static final int MAX_DEPTH = 100;

  private final String source;
  private final byte[] data;
  private final int depth;
  private final int end;
  private int at;
  private int field;
  private int wireType;

  private ProtoReader(String source, byte[] data, int start, int end, int depth) {
    this.source = source;
    this.data = data;
    this.at = start;
    this.end = end;
    this.depth = depth;
  }

  /**
   * @param source for messages: what the bytes are and where they come from
   */
  public static ProtoReader of(String source, byte[] data) {
    return new ProtoReader(source, data, 0, data.length, 0);
  }

  /** Goes to the next field; false at the end of the message. */
  public boolean next() {
    if (at == end) {
      return false;
    }
    long tag = varint();
    long number = tag >>> 3;
    wireType = (int) (tag & 7);
    if (number < 1 || number > 0x1FFF_FFFF) {
      throw bad("field number " + number + " is not one of Protocol Buffers");
    }
    field = (int) number;
    return true;
  }

  /** Bytes of the whole source. */
  public int size() {
    return data.length;
  }

  /** The number of the present field. */
  public int field() {
    return field;
  }

  /** Passes over the present field. */
  public void skip() {
    switch (wireType) {
      case WireType.VARINT -> varint();
      case WireType.FIXED64 -> take(Long.BYTES);
      case WireType.LENGTH -> take(length());
      case WireType.FIXED32 -> take(Integer.BYTES);
      default -> throw bad("field " + field + " has the unknown wire type " + wireType);
    }
  }

  /** An int64 or enum. */
  public long integer() {
    require(WireType.VARINT, "an integer");
    return varint();
  }

  /** An int32, or an int64 that must be one. */
  public int int32() {
    long value = integer();
    if (value != (int) value) {
      throw bad("field " + field + " is " + value + ", which does not fit 32 bits");
    }
    return (int) value;
  }

  public boolean bool() {
    return integer() != 0;
  }

  public String string() {
    byte[] bytes = bytes();
    try {
      CharBuffer text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes));
      return text.toString();
    } catch (CharacterCodingException e) {
      throw new InvalidModelException(message("field " + field + " is not UTF-8 text"), e);
    }
  }

  public byte[] bytes() {
    require(WireType.LENGTH, "a string of bytes");
    int length = length();
    int start = take(length);
    byte[] bytes = new byte[length];
    System.arraycopy(data, start, bytes, 0, length);
    return bytes;
  }

  /** A message within this one. */
  public ProtoReader message() {
    require(WireType.LENGTH, "a message");
    if (depth == MAX_DEPTH) {
      throw bad("messages are nested deeper than " + MAX_DEPTH);
    }
    int length = length();
    int start = take(length);
    return new ProtoReader(source, data, start, start + length, depth + 1);
  }

  /** Members of a repeated int32, int64, bool or enum: one, or several packed together. */
  public void integers(LongConsumer each) {
    if (wireType == WireType.VARINT) {
      each.accept(varint());
      return;
    }
    require(WireType.LENGTH, "integers");
    int limit = Math.addExact(length(), at);
    while (at < limit) {
      each.accept(varint());
    }
    if (at != limit) {
      throw bad("the packed integers of field " + field + " run over their length");
    }
  }

  /** Little-endian bytes of a repeated float or fixed32: of one, or several packed together. */
  public ByteBuffer fixed32s() {
    int length = Integer.BYTES;
    if (wireType != WireType.FIXED32) {
      require(WireType.LENGTH, "floats");
      length = length();
      if (length % Integer.BYTES != 0) {
        throw bad("the packed floats of field " + field + " take " + length + " bytes");
      }
    }
    int start = take(length);
    return ByteBuffer.wrap(data, start, length).slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The rest of this message, whose errors also say what it is of. */
  public ProtoReader named(String what) {
    return new ProtoReader(source + ": " + what, data, at, end, depth);
  }

  /** An error of this message, at the present place. */
  public InvalidModelException bad(String what) {
    return new InvalidModelException(message(what));
  }

  private String message(String what) {
    return source + ": " + what + " (at byte " + at + ")";
  }

  private void require(int wanted, String what) {
    if (wireType != wanted) {
      throw bad("field " + field + " has wire type " + wireType + ", not that of " + what);
    }
  }

  /** A length that lies within the message. */
  private int length() {
    long length = varint();
    if (length < 0 || length > end - at) {
      throw bad(
          "field " + field + " says it has " + length + " bytes, but there are " + (end - at));
    }
    return (int) length;
  }

  private int take(int count) {
    if (count > end - at) {
      throw bad("field " + field + " needs " + count + " bytes, but there are " + (end - at));
    }
    int start = at;
    at += count;
    return start;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      if (at == end) {
        throw bad("the message ends within a number");
      }
      byte next = data[at++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw bad("a number is longer than 10 bytes");
  }
}

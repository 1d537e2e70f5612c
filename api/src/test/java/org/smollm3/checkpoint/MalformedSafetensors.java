package org.smollm3.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A valid safetensors file, and files that break one rule of the format each. */
final class MalformedSafetensors {
  private static final String A = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
  private static final String B =
      "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[8,14]}";
  private static final String META = "\"__metadata__\":{\"format\":\"pt\"}";
  static final String HEADER = "{" + META + "," + A + "," + B + "}";
  static final int DATA_BYTES = 14;

  private MalformedSafetensors() {}

  /**
   * A file and the message that must refuse it, after the location.
   *
   * @param rule shown as the test's name
   */
  record Broken(String rule, byte[] bytes, String message) {
    @Override
    public String toString() {
      return rule;
    }
  }

  static byte[] valid() {
    return file(HEADER, DATA_BYTES);
  }

  /** A file with this header and data bytes 1, 2, 3, ... */
  static byte[] file(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return file(json.length, json, dataBytes);
  }

  static byte[] file(long length, byte[] header, int dataBytes) {
    ByteBuffer buffer =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(length).put(header);
    for (int i = 1; i <= dataBytes; i++) {
      buffer.put((byte) i);
    }
    return buffer.array();
  }

  static Safetensors parse(byte[] bytes) {
    return Safetensors.parse(MemorySegment.ofArray(bytes).asReadOnly(), "f");
  }

  private static Broken header(String rule, String header, String message) {
    return new Broken(rule, file(header, DATA_BYTES), message);
  }

  /** The valid file with tensor a described otherwise. */
  private static Broken a(String rule, String description, String message) {
    return header(rule, "{\"a\":" + description + "," + B + "}", message);
  }

  private static Broken length(String rule, long length, String message) {
    byte[] json = HEADER.getBytes(StandardCharsets.UTF_8);
    return new Broken(rule, file(length, json, DATA_BYTES), message);
  }

  static List<Broken> all() {
    int rest = HEADER.length() + DATA_BYTES;
    String many = "1,".repeat(64) + "1";
    return List.of(
        new Broken(
            "no header length",
            new byte[7],
            ": the file has 7 bytes, too few for the 8 of a header length"),
        length(
            "header over the limit",
            100_000_001,
            ": the header length 100000001 is over the limit of 100000000"),
        length(
            "header length of 64 bits",
            -1,
            ": the header length 18446744073709551615 is over the limit of 100000000"),
        length(
            "header longer than the file",
            rest + 1,
            ": the header length "
                + (rest + 1)
                + " is over the "
                + rest
                + " bytes that follow it; the file is cut short"),
        new Broken("empty header", file(0, new byte[0], 0), ": the header does not begin with '{'"),
        header("header begins with a space", " {}", ": the header does not begin with '{'"),
        header("header is a list", "[]", ": the header does not begin with '{'"),
        header(
            "text after the object",
            HEADER + " x",
            ": the header is not valid JSON: Unrecognized token 'x': was expecting (JSON String,"
                + " Number, Array, Object or token 'null', 'true' or 'false') (line 1, column "
                + (HEADER.length() + 2)
                + ")"),
        header("a second object", HEADER + "{}", ": the header goes on after its JSON object"),
        new Broken(
            "zero bytes after the object",
            file(HEADER + "\0", DATA_BYTES),
            ": the header is not valid JSON: Illegal character ((CTRL-CHAR, code 0)): only regular"
                + " white space (\\r, \\n, \\t) is allowed between tokens (line 1,"
                + " column "
                + (HEADER.length() + 1)
                + ")"),
        new Broken(
            "not UTF-8",
            file(4, new byte[] {'{', '"', (byte) 0xc0, (byte) 0x80}, 0),
            ": the header is not UTF-8"),
        header("tensor twice", "{" + A + "," + A + "," + B + "}", ": tensor 'a' is there twice"),
        header(
            "metadata twice",
            "{" + META + "," + META + "," + A + "," + B + "}",
            ": the key '__metadata__' is there twice"),
        header(
            "metadata key twice",
            "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," + A + "," + B + "}",
            ": '__metadata__' has the key 'k' twice"),
        header(
            "metadata with a number",
            "{\"__metadata__\":{\"k\":1}," + A + "," + B + "}",
            ": '__metadata__' has no string at 'k'"),
        header(
            "metadata is a string",
            "{\"__metadata__\":\"k\"," + A + "," + B + "}",
            ": '__metadata__' is no object"),
        a("tensor is a list", "[]", ": tensor 'a' is described by no object"),
        a(
            "unknown dtype",
            "{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the unknown dtype 'F4'; known are [F64, F32, F16, BF16, F8_E4M3,"
                + " F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL]"),
        a(
            "dtype in lower case",
            "{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the unknown dtype 'f32'; known are [F64, F32, F16, BF16, F8_E4M3,"
                + " F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL]"),
        a(
            "dtype is a number",
            "{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has a dtype that is no string"),
        a(
            "dtype twice",
            "{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the field 'dtype' twice"),
        a(
            "shape twice",
            "{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the field 'shape' twice"),
        a(
            "offsets twice",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the field 'data_offsets' twice"),
        a(
            "unknown field",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"scale\":2}",
            ": tensor 'a' has an unknown field 'scale'"),
        a("no dtype", "{\"shape\":[2],\"data_offsets\":[0,8]}", ": tensor 'a' has no dtype"),
        a("no shape", "{\"dtype\":\"F32\",\"data_offsets\":[0,8]}", ": tensor 'a' has no shape"),
        a("no offsets", "{\"dtype\":\"F32\",\"shape\":[2]}", ": tensor 'a' has no data_offsets"),
        a(
            "shape is a number",
            "{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}",
            ": tensor 'a' has a shape that is no list"),
        a(
            "negative dimensions",
            "{\"dtype\":\"F32\",\"shape\":[-1,-2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has a shape with the negative -1"),
        a(
            "dimension with a point",
            "{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}",
            ": tensor 'a' has a shape with something that is no whole number"),
        a(
            "dimension over 64 bits",
            "{\"dtype\":\"F32\",\"shape\":[18446744073709551618],\"data_offsets\":[0,8]}",
            ": tensor 'a' has a shape with 18446744073709551618, out of range"),
        a(
            "rank 65",
            "{\"dtype\":\"F32\",\"shape\":[" + many + "],\"data_offsets\":[0,8]}",
            ": tensor 'a' has a shape of more than 64 numbers"),
        a(
            "product overflows to the right size",
            "{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the shape [4294967296, 4294967296, 2], too large"),
        a(
            "byte size overflows to the right size",
            "{\"dtype\":\"F32\",\"shape\":[4611686018427387906],\"data_offsets\":[0,8]}",
            ": tensor 'a' has the shape [4611686018427387906], too large"),
        a(
            "one offset",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]}",
            ": tensor 'a' has data_offsets of 1 numbers, wanted 2"),
        a(
            "three offsets",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}",
            ": tensor 'a' has a data_offsets of more than 2 numbers"),
        a(
            "negative offset",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}",
            ": tensor 'a' has a data_offsets with the negative -8"),
        a(
            "end before start",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}",
            ": tensor 'a' ends at byte 0, before it starts at 8"),
        a(
            "size against shape",
            "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}",
            ": tensor 'a' has 8 bytes, but F32[3] needs 12"),
        header(
            "hole at the start",
            "{" + B + "}",
            ": tensor 'b' starts at byte 8, a hole after byte 0"),
        header(
            "hole between",
            "{" + A + ",\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[10,14]}}",
            ": tensor 'b' starts at byte 10, a hole after byte 8"),
        header(
            "overlap",
            "{" + A + ",\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[6,14]}}",
            ": tensor 'b' starts at byte 6, an overlap with what ends at 8"),
        header(
            "the same bytes twice",
            "{" + A + "," + A.replace("\"a\"", "\"c\"") + "," + B + "}",
            ": tensor 'c' starts at byte 0, an overlap with what ends at 8"),
        new Broken(
            "data cut short",
            file(HEADER, DATA_BYTES - 1),
            ": tensor 'b' ends at byte 14 of the data, but the file has 13"),
        new Broken(
            "bytes after the data",
            file(HEADER, DATA_BYTES + 1),
            ": the tensors end at byte 14 of the data, but the file has 15"),
        new Broken(
            "data without tensors",
            file("{}", 1),
            ": the tensors end at byte 0 of the data, but the file has 1"),
        a(
            "a line end in a name stays on one line",
            "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"x\\ny\":7",
            ": tensor 'x\\u000ay' is described by no object"));
  }

  /** The valid file without its last bytes. */
  static byte[] truncated(int length) {
    return Arrays.copyOf(valid(), length);
  }
}

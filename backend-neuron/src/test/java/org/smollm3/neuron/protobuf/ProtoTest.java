package org.smollm3.neuron.protobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidModelException;

class ProtoTest {
  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  private static ProtoReader first(byte... data) {
    ProtoReader reader = ProtoReader.of("test", data);
    assertThat(reader.next()).isTrue();
    return reader;
  }

  // The vectors are those of the encoding page of the Protocol Buffers documentation.

  @Test
  void writesTheDocumentedBytes() {
    assertThat(ProtoWriter.message(w -> w.integer(1, 150))).isEqualTo(hex("08 96 01"));
    assertThat(ProtoWriter.message(w -> w.string(2, "testing")))
        .isEqualTo(hex("12 07 74 65 73 74 69 6e 67"));
    assertThat(ProtoWriter.message(w -> w.message(3, inner -> inner.integer(1, 150))))
        .isEqualTo(hex("1a 03 08 96 01"));
    assertThat(ProtoWriter.message(w -> w.integers(6, 3, 270, 86942)))
        .isEqualTo(hex("32 06 03 8e 02 9e a7 05"));
    assertThat(ProtoWriter.message(w -> w.integer(1, -2)))
        .isEqualTo(hex("08 fe ff ff ff ff ff ff ff ff 01"));
    assertThat(ProtoWriter.message(w -> w.floats(8, 1f, -2f)))
        .isEqualTo(hex("42 08 00 00 80 3f 00 00 00 c0"));
  }

  @Test
  void leavesDefaultsOut() {
    assertThat(
            ProtoWriter.message(
                w -> {
                  w.integer(1, 0);
                  w.bool(2, false);
                  w.string(3, "");
                  w.bytes(4, new byte[0]);
                  w.integers(5);
                  w.floats(6);
                }))
        .isEmpty();
    assertThat(ProtoWriter.message(w -> w.message(7, inner -> {}))).isEqualTo(hex("3a 00"));
    assertThat(ProtoWriter.message(w -> w.stringElement(7, ""))).isEqualTo(hex("3a 00"));
  }

  @Test
  void mapsAreSorted() {
    byte[] written = ProtoWriter.message(w -> w.map(1, Map.of("b", "2", "a", "1")));

    assertThat(written).isEqualTo(hex("0a 06 0a 01 61 12 01 31 0a 06 0a 01 62 12 01 32"));
  }

  @Property
  void integersComeBack(@ForAll List<Long> values) {
    byte[] written =
        ProtoWriter.message(
            w -> w.integers(1, values.stream().mapToLong(Long::longValue).toArray()));
    List<Long> read = new ArrayList<>();
    ProtoReader reader = ProtoReader.of("test", written);
    while (reader.next()) {
      reader.integers(read::add);
    }

    assertThat(read).isEqualTo(values);
  }

  @Property
  void stringsComeBack(@ForAll String value) {
    // A lone surrogate is no text; Java writes it as a question mark.
    String text = new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    byte[] written = ProtoWriter.message(w -> w.stringElement(1, text));

    assertThat(first(written).string()).isEqualTo(text);
  }

  @Test
  void takesRepeatedNumbersUnpackedToo() {
    List<Long> read = new ArrayList<>();
    ProtoReader reader = ProtoReader.of("test", hex("30 03 30 8e 02"));
    while (reader.next()) {
      reader.integers(read::add);
    }

    assertThat(read).containsExactly(3L, 270L);
    assertThat(first(hex("45 00 00 80 3f")).fixed32s().getFloat(0)).isEqualTo(1f);
  }

  @Test
  void passesOverUnknownFields() {
    ProtoReader reader =
        ProtoReader.of("test", hex("08 96 01 11 0102030405060708 1a 02 0000 25 01020304 28 07"));
    List<Integer> fields = new ArrayList<>();
    while (reader.next()) {
      fields.add(reader.field());
      reader.skip();
    }

    assertThat(fields).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void saysWhatIsWrong() {
    refused("08", "ends within a number");
    refused("08 ffffffffffffffffffff01", "longer than 10 bytes");
    refused("0a 05 01", "field 1 says it has 5 bytes, but there are 1");
    refused("0a ffffffffffffffffff01", "field 1 says it has -1 bytes");
    refused("0d 01", "field 1 needs 4 bytes, but there are 1");
    refused("0b", "unknown wire type 3");
    refused("00 00", "field number 0");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> first(hex("08 01")).string())
        .withMessage("test: field 1 has wire type 0, not that of a string of bytes (at byte 1)");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> first(hex("0a 02 c328")).string())
        .withMessageContaining("not UTF-8");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> first(hex("08 ffffffff7f")).int32())
        .withMessageContaining("does not fit 32 bits");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> first(hex("0a 01 80 08 01")).integers(v -> {}))
        .withMessageContaining("run over their length");
  }

  @Property(tries = 2000)
  void randomBytesNeverDoWorse(@ForAll byte[] data) {
    ProtoReader reader = ProtoReader.of("test", data);
    try {
      while (reader.next()) {
        reader.skip();
      }
    } catch (InvalidModelException e) {
      assertThat(e).hasMessageStartingWith("test: ");
    }
  }

  private static void refused(String data, String message) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(
            () -> {
              ProtoReader reader = ProtoReader.of("test", hex(data));
              while (reader.next()) {
                reader.skip();
              }
            })
        .withMessageContaining(message);
  }
}

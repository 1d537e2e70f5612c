package org.smollm3.neuron.neff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidModelException;

class TarReaderTest {
  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A header block with the right checksum after a change. */
  private static byte[] header(String name, int size, char type, Consumer<ByteBuffer> change) {
    TarWriter tar = new TarWriter();
    tar.file(name, new byte[size]);
    byte[] block = Arrays.copyOf(tar.finish(), 512);
    block[156] = (byte) type;
    change.accept(ByteBuffer.wrap(block));
    Arrays.fill(block, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xFF;
    }
    System.arraycopy(utf8(String.format("%06o\0 ", sum)), 0, block, 148, 8);
    return block;
  }

  private static byte[] header(String name, int size, char type) {
    return header(name, size, type, b -> {});
  }

  private static byte[] padded(String content) {
    byte[] bytes = utf8(content);
    return Arrays.copyOf(bytes, (bytes.length + 511) / 512 * 512);
  }

  private static byte[] archive(byte[]... blocks) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] block : blocks) {
      out.writeBytes(block);
    }
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  private static Map<String, String> read(byte... archive) {
    TarReader tar = new TarReader(new ByteArrayInputStream(archive), "x", 1 << 20);
    Map<String, String> files = new LinkedHashMap<>();
    try {
      for (Optional<NeffMember> next = tar.next(); next.isPresent(); next = tar.next()) {
        files.put(next.get().name(), new String(tar.content(10_000), StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return files;
  }

  private static void refuses(String message, byte[]... blocks) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> read(archive(blocks)))
        .withMessageStartingWith("x: the archive in it ")
        .withMessageContaining(message);
  }

  @Property(tries = 200)
  void readsBackWhatWasWritten(@ForAll byte[] first, @ForAll byte[] second) {
    TarWriter tar = new TarWriter();
    tar.file("a/first", first);
    tar.file("second", second);
    TarReader reader = new TarReader(new ByteArrayInputStream(tar.finish()), "x", 1 << 20);
    try {
      assertThat(reader.next()).contains(new NeffMember("a/first", first.length));
      assertThat(reader.content(10_000)).isEqualTo(first);
      assertThat(reader.next()).contains(new NeffMember("second", second.length));
      assertThat(reader.content(10_000)).isEqualTo(second);
      assertThat(reader.next()).isEmpty();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void passesOverFoldersAndContentThatNobodyWants() throws IOException {
    byte[] bytes =
        archive(
            header("./", 0, '5'),
            header("d/", 0, '5'),
            header("f", 3, '0'),
            padded("abc"),
            header("g", 2, '\0'),
            padded("xy"));
    TarReader tar = new TarReader(new ByteArrayInputStream(bytes), "x", 1 << 20);

    assertThat(tar.next()).contains(new NeffMember("f", 3));
    assertThat(tar.next()).contains(new NeffMember("g", 2));
    assertThat(tar.content(10)).isEqualTo(utf8("xy"));
    assertThat(tar.next()).isEmpty();
  }

  @Test
  void readsLongNamesOfGnuTar() {
    String name = "long/".repeat(40) + "name";

    assertThat(
            read(
                archive(
                    header("././@LongLink", name.length() + 1, 'L'),
                    padded(name),
                    header("long/long", 3, '0'),
                    padded("abc"))))
        .containsOnlyKeys(name);
  }

  @Test
  void readsNamesAndSizesOfPax() {
    String pax = "14 path=a/b/c\n27 mtime=1700000000.123456\n9 size=3\n";

    assertThat(
            read(
                archive(
                    header("g", 0, 'g'),
                    header("PaxHeaders/x", pax.length(), 'x'),
                    padded(pax),
                    header("short", 0, '0'),
                    padded("abc"))))
        .containsExactly(Map.entry("a/b/c", "abc"));
  }

  @Test
  void readsAPrefixWhereThereIsOne() {
    byte[] block =
        header("name", 0, '0', b -> b.put(257, utf8("ustar\00000")).put(345, utf8("folder/of")));

    assertThat(read(archive(block))).containsOnlyKeys("folder/of/name");
  }

  @Test
  void readsBinaryNumbers() {
    byte[] block = header("f", 0, '0', b -> b.putLong(124, 1L << 63).putInt(132, 3));

    assertThat(read(archive(block, padded("abc")))).containsEntry("f", "abc");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/etc/passwd",
        "../up",
        "a/../../b",
        "a/..",
        "..",
        "a\\b",
        "c:d",
        "a\nb",
        "./",
        "./."
      })
  void namesOutsideAreRefused(String name) {
    if (name.equals("./.")) {
      assertThat(read(archive(header(name, 0, '0')))).containsOnlyKeys(".");
    } else if (name.equals("./")) {
      assertThat(read(archive(header(name, 0, '5')))).isEmpty();
    } else {
      refuses("which is no path inside it", header(name, 0, '0'));
      refuses("which is no path inside it", header(name, 0, '5'));
      String pax = " path=" + name + "\n";
      refuses(
          "which is no path inside it",
          header("x", pax.length() + 2, 'x'),
          padded(pax.length() + 2 + pax),
          header("fine", 0, '0'));
    }
  }

  @ParameterizedTest
  @ValueSource(chars = {'1', '2', '3', '4', '6', 'S', 'K', '\u00ff'})
  void linksAndDevicesAreRefused(char type) {
    refuses("only files and folders can be in a NEFF", header("f", 0, type));
  }

  @Test
  void namesAreOnceOnly() {
    refuses("has the member 'f' twice", header("f", 0, '0'), header("./f", 0, '0'));
  }

  @Test
  void wrongNumbersAreRefused() {
    refuses("wrong checksum", Arrays.copyOf(new byte[] {1}, 512));
    refuses("no octal number", header("f", 0, '0', b -> b.put(124, utf8("0000009"))));
    refuses(
        "out of range",
        header("f", 0, '0', b -> b.put(124, new byte[] {(byte) 0xFF, -1, -1, -1, -1})));
    refuses("at most 10000 are wanted", header("f", 0, '0', b -> b.put(124, utf8("77777777777"))));
  }

  @Test
  void wrongPaxHeadersAreRefused() {
    for (String pax :
        new String[] {
          "99 path=a\n",
          "0 path=a\n",
          "x path=a\n",
          "5 abc\n",
          "9 path=a",
          "10 size=z\n",
          "-1 a=b\n",
          "99999999999999999999 a=b\n",
          "1",
          "1 "
        }) {
      refuses("pax header", header("x", pax.length(), 'x'), padded(pax), header("f", 0, '0'));
    }
  }

  @Test
  void extensionsOfTenThousandsOfBytesAreRefused() {
    refuses("at most 65536", header("x", 100_000, 'x'), new byte[100_352]);
  }
}

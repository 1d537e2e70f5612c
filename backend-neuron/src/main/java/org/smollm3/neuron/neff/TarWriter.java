package org.smollm3.neuron.neff;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Writes a ustar archive of files. The same calls give the same bytes: no times, no owners. */
final class TarWriter {
  private static final int NAME_SIZE = 100;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  void file(String name, byte[] content) {
    byte[] header = new byte[TarReader.BLOCK];
    byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
    if (nameBytes.length > NAME_SIZE) {
      throw new IllegalArgumentException(name + " is longer than " + NAME_SIZE + " bytes");
    }
    System.arraycopy(nameBytes, 0, header, 0, nameBytes.length);
    octal(header, 100, 8, 0644);
    octal(header, 108, 8, 0);
    octal(header, 116, 8, 0);
    octal(header, 124, 12, content.length);
    octal(header, 136, 12, 0);
    header[156] = '0';
    put(header, 257, "ustar\00000");
    put(header, 148, "        ");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xFF;
    }
    octal(header, 148, 7, sum);
    out.writeBytes(header);
    out.writeBytes(content);
    out.writeBytes(new byte[-content.length & (TarReader.BLOCK - 1)]);
  }

  /** The archive, with the two empty blocks that end it. */
  byte[] finish() {
    out.writeBytes(new byte[2 * TarReader.BLOCK]);
    return out.toByteArray();
  }

  /** Digits that fill a field but for its last byte, a NUL. */
  private static void octal(byte[] header, int at, int size, long value) {
    put(header, at, String.format(Locale.ROOT, "%0" + (size - 1) + "o", value));
    header[at + size - 1] = 0;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}

package org.smollm3.neuron.neff;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.smollm3.error.InvalidModelException;

/**
 * The first 1024 bytes of a NEFF, little-endian. There is no magic number. Texts are bytes up to
 * the first NUL, one character each.
 *
 * @param packageVersion how the payload is packed and hashed
 * @param dataSize bytes of the payload
 * @param versionMajor of the format; the runtime takes up to 2
 * @param buildVersion of the compiler; at most 127 bytes
 * @param hash 32 bytes in hexadecimal digits, see {@link PackageVersion}
 * @param uuid 16 bytes in hexadecimal digits
 * @param name at most 255 bytes
 * @param tpbPerNode 64 bytes, each 0 to 255
 * @param featureBits what a runtime must know to run this
 * @param lncSize physical cores per logical core that the NEFF was compiled for; 0 in files from
 *     before there was such a thing
 */
public record NeffHeader(
    PackageVersion packageVersion,
    long dataSize,
    long versionMajor,
    long versionMinor,
    String buildVersion,
    int numTpb,
    String hash,
    String uuid,
    String name,
    int requestedTpbCount,
    List<Integer> tpbPerNode,
    long featureBits,
    int lncSize) {
  /** Bytes of the header; the payload follows. */
  public static final int SIZE = 1024;

  private static final long NEWEST_MAJOR = 2;

  /** Features that no runtime up to 2.31 knows; a NEFF of version 2 with one of them is refused. */
  private static final long UNKNOWN_FEATURES = 0x7FFF_FFFF_F800_0000L;

  private static final int HEADER_SIZE_AT = 8;
  private static final int DATA_SIZE_AT = 16;
  private static final int MAJOR_AT = 24;
  private static final int MINOR_AT = 32;
  private static final int BUILD_VERSION_AT = 40;
  private static final int BUILD_VERSION_SIZE = 128;
  private static final int NUM_TPB_AT = 168;
  private static final int HASH_AT = 172;
  private static final int HASH_SIZE = 32;
  private static final int UUID_AT = 204;
  private static final int UUID_SIZE = 16;
  private static final int NAME_AT = 220;
  private static final int NAME_SIZE = 256;
  private static final int REQUESTED_TPB_AT = 476;
  private static final int TPB_PER_NODE_AT = 480;
  private static final int NODES = 64;
  private static final int FEATURES_AT = 544;
  private static final int LNC_AT = 552;

  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** How a payload is packed and hashed. */
  public enum PackageVersion {
    /** 1: a tar archive, its SHA-256 as hash. */
    TAR_SHA256(1, "SHA-256"),
    /** 2: a gzip stream of a tar archive, the MD5 of the stream and 16 times '0' as hash. */
    GZIP_MD5(2, "MD5");

    private final int number;
    private final String algorithm;

    PackageVersion(int number, String algorithm) {
      this.number = number;
      this.algorithm = algorithm;
    }

    /** As in the file. */
    public int number() {
      return number;
    }

    /** What the hash is made with, by its name in Java. */
    public String algorithm() {
      return algorithm;
    }
  }

  public NeffHeader {
    tpbPerNode = List.copyOf(tpbPerNode);
    requireFits(buildVersion, BUILD_VERSION_SIZE);
    requireFits(name, NAME_SIZE);
    if (hash.length() != 2 * HASH_SIZE
        || uuid.length() != 2 * UUID_SIZE
        || tpbPerNode.size() != NODES) {
      throw new IllegalArgumentException(
          "a NEFF header has 32 bytes of hash, 16 of uuid, 64 nodes");
    }
  }

  private static void requireFits(String text, int size) {
    if (text.length() >= size || text.chars().anyMatch(c -> c == 0 || c > 0xFF)) {
      throw new IllegalArgumentException("no text of less than " + size + " bytes: " + text);
    }
  }

  /** Whether bytes can be a NEFF, by the sizes in its header and the first bytes of its payload. */
  static boolean isPlausible(MemorySegment bytes) {
    return bytes.byteSize() > SIZE
        && bytes.get(U64, HEADER_SIZE_AT) == SIZE
        && bytes.get(U64, DATA_SIZE_AT) == bytes.byteSize() - SIZE
        && (bytes.get(U64, 0) != PackageVersion.GZIP_MD5.number || hasGzipMagic(bytes));
  }

  /** As {@link #isPlausible} where only the first bytes are there. */
  static boolean beginsPlausibly(MemorySegment head) {
    return head.byteSize() >= DATA_SIZE_AT
        && head.get(U64, HEADER_SIZE_AT) == SIZE
        && (head.get(U64, 0) == 1 || head.get(U64, 0) == 2);
  }

  private static boolean hasGzipMagic(MemorySegment bytes) {
    return bytes.byteSize() >= SIZE + 2
        && bytes.get(ValueLayout.JAVA_BYTE, SIZE) == 0x1F
        && bytes.get(ValueLayout.JAVA_BYTE, SIZE + 1) == (byte) 0x8B;
  }

  /**
   * Reads the header of a whole file and makes the checks of the runtime.
   *
   * @param location how messages name the file
   * @throws InvalidModelException if it is no NEFF, is cut short or is too new
   */
  static NeffHeader read(MemorySegment bytes, String location) {
    if (bytes.byteSize() <= SIZE) {
      throw new InvalidModelException(
          location
              + " is no NEFF: it has "
              + bytes.byteSize()
              + " bytes, no more than the header alone");
    }
    long headerSize = bytes.get(U64, HEADER_SIZE_AT);
    if (headerSize != SIZE) {
      throw new InvalidModelException(
          location
              + " is no NEFF: its header size is "
              + Long.toUnsignedString(headerSize)
              + ", wanted "
              + SIZE);
    }
    NeffHeader header =
        new NeffHeader(
            packageVersion(bytes.get(U64, 0), location),
            bytes.get(U64, DATA_SIZE_AT),
            bytes.get(U64, MAJOR_AT),
            bytes.get(U64, MINOR_AT),
            text(bytes, BUILD_VERSION_AT, BUILD_VERSION_SIZE),
            bytes.get(U32, NUM_TPB_AT),
            hex(bytes, HASH_AT, HASH_SIZE),
            hex(bytes, UUID_AT, UUID_SIZE),
            text(bytes, NAME_AT, NAME_SIZE),
            bytes.get(U32, REQUESTED_TPB_AT),
            unsignedBytes(bytes),
            bytes.get(U64, FEATURES_AT),
            bytes.get(U32, LNC_AT));
    header.check(bytes.byteSize(), location);
    return header;
  }

  private static PackageVersion packageVersion(long number, String location) {
    for (PackageVersion version : PackageVersion.values()) {
      if (version.number == number) {
        return version;
      }
    }
    throw new InvalidModelException(
        location
            + " is no NEFF that can be read: its package version is "
            + Long.toUnsignedString(number)
            + ", known are 1 and 2");
  }

  private void check(long fileSize, String location) {
    if (dataSize < 0 || dataSize > fileSize - SIZE) {
      throw new InvalidModelException(
          location
              + " is cut short: its payload has "
              + Long.toUnsignedString(dataSize)
              + " bytes by the header, but only "
              + (fileSize - SIZE)
              + " follow; fetch or compile it again");
    }
    if (versionMajor < 0 || versionMajor > NEWEST_MAJOR) {
      throw new InvalidModelException(
          location
              + " has NEFF version "
              + Long.toUnsignedString(versionMajor)
              + "; known are up to "
              + NEWEST_MAJOR);
    }
    if (versionMajor == NEWEST_MAJOR && (featureBits & UNKNOWN_FEATURES) != 0) {
      throw new InvalidModelException(
          String.format(
              "%s needs runtime features 0x%x that are not known here; compile it with an older"
                  + " neuronx-cc",
              location, featureBits & UNKNOWN_FEATURES));
    }
    if (lncSize < 0) {
      throw new InvalidModelException(
          location + " gives " + Integer.toUnsignedString(lncSize) + " cores per logical core");
    }
  }

  /** Writes the header into the first bytes of a file. */
  void write(MemorySegment bytes) {
    bytes.asSlice(0, SIZE).fill((byte) 0);
    bytes.set(U64, 0, packageVersion.number);
    bytes.set(U64, HEADER_SIZE_AT, SIZE);
    bytes.set(U64, DATA_SIZE_AT, dataSize);
    bytes.set(U64, MAJOR_AT, versionMajor);
    bytes.set(U64, MINOR_AT, versionMinor);
    put(bytes, BUILD_VERSION_AT, buildVersion.getBytes(StandardCharsets.ISO_8859_1));
    bytes.set(U32, NUM_TPB_AT, numTpb);
    put(bytes, HASH_AT, HexFormat.of().parseHex(hash));
    put(bytes, UUID_AT, HexFormat.of().parseHex(uuid));
    put(bytes, NAME_AT, name.getBytes(StandardCharsets.ISO_8859_1));
    bytes.set(U32, REQUESTED_TPB_AT, requestedTpbCount);
    for (int i = 0; i < NODES; i++) {
      bytes.set(ValueLayout.JAVA_BYTE, TPB_PER_NODE_AT + i, tpbPerNode.get(i).byteValue());
    }
    bytes.set(U64, FEATURES_AT, featureBits);
    bytes.set(U32, LNC_AT, lncSize);
  }

  private static void put(MemorySegment to, long at, byte... from) {
    MemorySegment.copy(MemorySegment.ofArray(from), 0, to, at, from.length);
  }

  private static String hex(MemorySegment bytes, int at, int size) {
    return HexFormat.of().formatHex(bytes.asSlice(at, size).toArray(ValueLayout.JAVA_BYTE));
  }

  /** A text whose end is missing is cut where its field ends. */
  private static String text(MemorySegment bytes, int at, int size) {
    byte[] field = bytes.asSlice(at, size).toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < size - 1 && field[length] != 0) {
      length++;
    }
    return new String(field, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static List<Integer> unsignedBytes(MemorySegment bytes) {
    List<Integer> values = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      values.add(bytes.get(ValueLayout.JAVA_BYTE, TPB_PER_NODE_AT + i) & 0xFF);
    }
    return values;
  }
}

package org.smollm3.neuron.neff;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidModelException;

/**
 * Reads the files of a tar archive (ustar, GNU or pax) one after the other. Folders are passed
 * over; links and devices have no place in a NEFF, nor names that lead out of it.
 */
final class TarReader {
  static final int BLOCK = 512;

  /** A NEFF has some tens of members per core; this keeps a hostile one from filling the heap. */
  private static final int MOST_MEMBERS = 100_000;

  /** A long name or a pax header. */
  private static final long LONGEST_EXTENSION = 1 << 16;

  private static final int NAME_SIZE = 100;
  private static final int SIZE_AT = 124;
  private static final int SIZE_SIZE = 12;
  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM_SIZE = 8;
  private static final int TYPE_AT = 156;
  private static final int MAGIC_AT = 257;
  private static final int PREFIX_AT = 345;
  private static final int PREFIX_SIZE = 155;

  private final InputStream in;
  private final String location;
  private final long limit;
  private final byte[] header = new byte[BLOCK];
  private final Set<String> names = new HashSet<>();
  private long read;
  private long rest;
  private long padding;

  /**
   * @param location how messages name the archive
   * @param limit bytes after which the archive is taken for a bomb
   */
  TarReader(InputStream in, String location, long limit) {
    this.in = in;
    this.location = location;
    this.limit = limit;
  }

  /** Goes to the next file; empty at the end mark. */
  Optional<NeffMember> next() throws IOException {
    Optional<String> longName = Optional.empty();
    Optional<Long> longSize = Optional.empty();
    while (true) {
      skip(rest);
      skip(padding);
      rest = 0;
      padding = 0;
      fill(header);
      if (isZero(header)) {
        return Optional.empty();
      }
      checkSum();
      char type = (char) (header[TYPE_AT] & 0xFF);
      boolean extension = type == 'L' || type == 'x' || type == 'g';
      long ownSize = number(SIZE_AT, SIZE_SIZE);
      long size = extension ? ownSize : longSize.orElse(ownSize);
      rest = size;
      padding = -size & (BLOCK - 1);
      switch (type) {
        case '0', '7', '\0' -> {
          String name = safe(longName.orElseGet(this::headerName));
          if (!names.add(name)) {
            throw bad("has the member " + Quote.of(name) + " twice");
          }
          if (names.size() > MOST_MEMBERS) {
            throw bad("has more than " + MOST_MEMBERS + " members");
          }
          return Optional.of(new NeffMember(name, size));
        }
        case '5' -> {
          safe(longName.orElseGet(this::headerName));
          longName = Optional.empty();
          longSize = Optional.empty();
        }
        case 'L' -> longName = Optional.of(cString(content(LONGEST_EXTENSION)));
        case 'x' -> {
          PaxHeader pax = PaxHeader.parse(content(LONGEST_EXTENSION), this::bad);
          longName = pax.path();
          longSize = pax.size();
        }
        case 'g' -> {
          // defaults for what is read of no member
        }
        default ->
            throw bad(
                "has a member of type "
                    + Quote.of(String.valueOf(type))
                    + "; only files and folders can be in a NEFF");
      }
    }
  }

  /**
   * All bytes of the present member.
   *
   * @throws InvalidModelException if it has more than a limit
   */
  byte[] content(long most) throws IOException {
    if (rest > most) {
      throw bad("has a member of " + rest + " bytes where at most " + most + " are wanted");
    }
    int size = Math.toIntExact(rest);
    count(size);
    // grows with what is really there, whatever size is claimed
    byte[] bytes = in.readNBytes(size);
    if (bytes.length != size) {
      throw ended();
    }
    rest = 0;
    return bytes;
  }

  /** Reads to the end of the stream, so that a checksum there is seen. */
  void drain() throws IOException {
    byte[] some = new byte[1 << 13];
    for (int count = in.read(some); count >= 0; count = in.read(some)) {
      count(count);
    }
  }

  private void fill(byte[] bytes) throws IOException {
    count(bytes.length);
    if (in.readNBytes(bytes, 0, bytes.length) != bytes.length) {
      throw ended();
    }
  }

  private void skip(long count) throws IOException {
    count(count);
    for (long left = count; left > 0; ) {
      long skipped = in.skip(left);
      if (skipped == 0) {
        if (in.read() < 0) {
          throw ended();
        }
        skipped = 1;
      }
      left -= skipped;
    }
  }

  private void count(long more) {
    if (more > limit - read) {
      throw bad("unpacks to more than " + limit + " bytes");
    }
    read += more;
  }

  private void checkSum() {
    long sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      boolean inSum = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_SIZE;
      sum += inSum ? ' ' : header[i] & 0xFF;
    }
    if (sum != number(CHECKSUM_AT, CHECKSUM_SIZE)) {
      throw bad("has a member header with a wrong checksum");
    }
  }

  /** Octal digits, or, if the highest bit is set, a big-endian number. */
  private long number(int at, int size) {
    long value = 0;
    if (header[at] < 0) {
      for (int i = at; i < at + size; i++) {
        long digit = header[i] & (i == at ? 0x7F : 0xFF);
        if (value >>> (Long.SIZE - 1 - Byte.SIZE) != 0) {
          throw bad("has a member header with a number out of range");
        }
        value = value << Byte.SIZE | digit;
      }
      return value;
    }
    int end = at + size;
    int i = at;
    while (i < end && header[i] == ' ') {
      i++;
    }
    for (; i < end && header[i] != 0 && header[i] != ' '; i++) {
      int digit = header[i] - '0';
      if (digit < 0 || digit > 7) {
        throw bad("has a member header with something that is no octal number");
      }
      value = value << 3 | digit;
    }
    return value;
  }

  private String headerName() {
    String name = cString(Arrays.copyOf(header, NAME_SIZE));
    boolean posix = new String(header, MAGIC_AT, 6, StandardCharsets.ISO_8859_1).equals("ustar\0");
    if (!posix) {
      return name;
    }
    String prefix = cString(Arrays.copyOfRange(header, PREFIX_AT, PREFIX_AT + PREFIX_SIZE));
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private static String cString(byte... bytes) {
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  /** A name without a leading {@code ./}, which the runtime strips too. */
  private String safe(String name) {
    String plain = name.startsWith("./") ? name.substring(2) : name;
    boolean out =
        plain.startsWith("/")
            || plain.chars().anyMatch(c -> c < ' ' || c == '\\' || c == ':' || c == 0x7F)
            || Arrays.asList(plain.split("/", -1)).contains("..");
    if (out || (plain.isEmpty() && !name.equals("./"))) {
      throw bad("has a member named " + Quote.of(name) + ", which is no path inside it");
    }
    return plain;
  }

  private static boolean isZero(byte... bytes) {
    return Arrays.mismatch(bytes, new byte[bytes.length]) < 0;
  }

  private InvalidModelException ended() {
    return bad("ends in the middle; fetch or compile it again");
  }

  private InvalidModelException bad(String what) {
    return new InvalidModelException(location + ": the archive in it " + what);
  }
}

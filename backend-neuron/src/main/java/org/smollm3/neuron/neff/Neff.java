package org.smollm3.neuron.neff;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.smollm3.error.InvalidModelException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A compiled graph, as the runtime loads it. An instance has been read to its end and checked. */
public final class Neff {
  private static final String GRAPH = "neff.json";
  private static final String OLD_GRAPH = "kelp.json";

  /** What the compiler calls the file that {@code attrs.kelf} names, if that is missing. */
  private static final String KELF = "kelf-a.json";

  /** Of all members that are kept, together; the largest known have a few megabytes. */
  private static final long MOST_KEPT = 256L << 20;

  /** Unpacked NEFFs of this model are at most some hundreds of megabytes. */
  private static final long MOST_UNPACKED = 8L << 30;

  private final String location;
  private final MemorySegment bytes;
  private final NeffHeader header;
  private final List<NeffMember> members;
  private final NeffIo io;
  private final Optional<String> target;
  private final Optional<byte[]> simulated;

  private Neff(
      String location,
      MemorySegment bytes,
      NeffHeader header,
      List<NeffMember> members,
      NeffIo io,
      Optional<String> target,
      Optional<byte[]> simulated) {
    this.location = location;
    this.bytes = bytes.asReadOnly();
    this.header = header;
    this.members = List.copyOf(members);
    this.io = io;
    this.target = target;
    this.simulated = simulated;
  }

  /** Whether the hash in the header is that of the payload. The runtime looks only if told to. */
  public enum Integrity {
    INTACT,
    DIFFERS
  }

  /**
   * Whether bytes can be a whole NEFF: the sizes in the header fit, and so do the first bytes of
   * the payload. There is no magic number.
   */
  public static boolean isPlausible(MemorySegment bytes) {
    return NeffHeader.isPlausible(bytes);
  }

  /** Whether a file that begins so can be a NEFF. */
  public static boolean beginsPlausibly(MemorySegment head) {
    return NeffHeader.beginsPlausibly(head);
  }

  /**
   * Reads and checks a NEFF.
   *
   * @param bytes the whole file; kept, and to stay valid and unchanged as long as this is used
   * @param location how messages name the file
   * @throws InvalidModelException if it is no NEFF, is cut short, too new or contradicts itself
   */
  public static Neff read(MemorySegment bytes, String location) {
    return read(bytes, location, MOST_UNPACKED);
  }

  static Neff read(MemorySegment bytes, String location, long mostUnpacked) {
    NeffHeader header = NeffHeader.read(bytes, location);
    List<NeffMember> members = new ArrayList<>();
    Map<String, byte[]> kept = new HashMap<>();
    long mayKeep = MOST_KEPT;
    MemorySegment payload = bytes.asSlice(NeffHeader.SIZE, header.dataSize());
    try (InputStream raw = new SegmentInputStream(payload);
        InputStream in = unpack(header, raw)) {
      TarReader tar = new TarReader(in, location, mostUnpacked);
      for (Optional<NeffMember> next = tar.next(); next.isPresent(); next = tar.next()) {
        NeffMember member = next.get();
        members.add(member);
        if (isKept(member.name())) {
          kept.put(member.name(), tar.content(mayKeep));
          mayKeep -= member.size();
        }
      }
      tar.drain();
    } catch (IOException e) {
      throw new InvalidModelException(
          location + ": the payload is no whole gzip stream: " + Quote.escape(reason(e)), e);
    }
    String graphName = kept.containsKey(GRAPH) ? GRAPH : OLD_GRAPH;
    byte[] graphJson = kept.get(graphName);
    if (graphJson == null) {
      throw new InvalidModelException(
          location + ": the archive in it has no " + GRAPH + ", so it is no NEFF");
    }
    ObjectNode graph = NeffJson.object(graphJson, location + "/" + graphName);
    NeffIo io = NeffJson.io(graph, location + "/" + graphName);
    Optional<byte[]> simulated = Optional.ofNullable(kept.get(SimulatedNeff.GRAPH_MEMBER));
    return new Neff(location, bytes, header, members, io, target(graph, kept, location), simulated);
  }

  private static InputStream unpack(NeffHeader header, InputStream raw) throws IOException {
    return switch (header.packageVersion()) {
      case TAR_SHA256 -> raw;
      case GZIP_MD5 -> new GZIPInputStream(raw, 1 << 16);
    };
  }

  private static boolean isKept(String name) {
    return name.equals(GRAPH)
        || name.equals(OLD_GRAPH)
        || name.equals(SimulatedNeff.GRAPH_MEMBER)
        || (name.startsWith("kelf") && name.endsWith(".json"));
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? "it ends in the middle" : e.getMessage();
  }

  /** What the first executable node's file says; many nodes are cores of one device. */
  private static Optional<String> target(
      ObjectNode graph, Map<String, byte[]> kept, String location) {
    for (JsonNode node : graph.path("nodes").values()) {
      JsonNode attrs = node.path("attrs");
      if (attrs.path("func_name").asString("").equals("__kelf")) {
        String name = attrs.path("kelf").asString(KELF);
        byte[] kelf = kept.get(name.startsWith("./") ? name.substring(2) : name);
        if (kelf == null) {
          throw new InvalidModelException(
              location + ": neff.json names " + Quote.of(name) + ", which the archive lacks");
        }
        JsonNode target = NeffJson.object(kelf, location + "/" + Quote.escape(name)).path("target");
        return target.isString() ? Optional.of(target.stringValue()) : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** How messages name the file. */
  public String location() {
    return location;
  }

  /** The whole file, read-only, for the runtime to load. */
  public MemorySegment bytes() {
    return bytes;
  }

  public NeffHeader header() {
    return header;
  }

  /** The files in the archive, in its order. */
  public List<NeffMember> members() {
    return members;
  }

  public NeffIo io() {
    return io;
  }

  /** What it was compiled for as the file spells it, {@code *} for anything; empty if unsaid. */
  public Optional<String> target() {
    return target;
  }

  /** What it was compiled for; empty if that is anything, unsaid or unknown here. */
  public Optional<NeuronArchitecture> architecture() {
    return target.flatMap(NeuronArchitecture::ofTarget);
  }

  /**
   * The HloModuleProto of a simulated NEFF; empty for a real one.
   *
   * @see SimulatedNeff
   */
  public Optional<byte[]> simulatedGraph() {
    return simulated.map(byte[]::clone);
  }

  /** Compares the hash in the header with the payload, which takes a pass over it. */
  public Integrity integrity() {
    String actual =
        hash(header.packageVersion(), bytes.asSlice(NeffHeader.SIZE, header.dataSize()));
    return actual.equals(header.hash()) ? Integrity.INTACT : Integrity.DIFFERS;
  }

  /** The hash of a payload as a header has it: 32 bytes, in hexadecimal digits. */
  static String hash(NeffHeader.PackageVersion version, MemorySegment payload) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(version.algorithm());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + version.algorithm(), e);
    }
    long step = 1L << 30;
    for (long at = 0; at < payload.byteSize(); at += step) {
      digest.update(payload.asSlice(at, Math.min(step, payload.byteSize() - at)).asByteBuffer());
    }
    String hex = HexFormat.of().formatHex(digest.digest());
    return hex + "30".repeat((64 - hex.length()) / 2);
  }
}

package org.smollm3.neuron.neff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.neff.NeffHeader.PackageVersion;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class NeffTest {
  private static final byte[] GRAPH = "the graph".getBytes(StandardCharsets.UTF_8);
  private static final SimulatedNeff SIMULATED =
      new SimulatedNeff(
          "token_generation",
          NeuronArchitecture.CAYMAN,
          2,
          List.of(
              new TensorSpec("input0", DType.I32, Shape.of(1, 1)),
              new TensorSpec("input1", DType.BF16, Shape.of(2, 3, 4))),
          List.of(new TensorSpec("output0", DType.F32, Shape.of(1, 1, 7))));

  /** A neff.json as a compiler of 2019 wrote it: one input, one output, no list of names. */
  private static final String OLD_JSON =
      """
      {"nodes": [{"op": "null", "name": "input", "inputs": []},
                 {"op": "tvm_op", "name": "sg_tonga0",
                  "attrs": {"func_name": "__kelf", "kelf": "kelf-a.json", "num_inputs": "1",
                            "num_outputs": "1"}, "output": "output", "inputs": [[0, 0, 0]]}],
       "arg_nodes": [0], "heads": [[1, 0, 0]], "node_row_ptr": [0, 1, 2],
       "attrs": {"shape": ["list_shape", [[32], [32]]], "storage_id": ["list_int", [0, 1]],
                 "dltype": ["list_str", ["float32", "float32"]]}}
      """;

  private static final String KELF =
      """
      {"graphs": [{"definition": "sg00/def.json", "name": "sg00"}], "version": "0.5", "target": "*"}
      """;

  private static Neff read(byte... file) {
    return Neff.read(MemorySegment.ofArray(file), "x.neff");
  }

  private static void refuses(byte[] file, String message) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> read(file))
        .withMessageStartingWith("x.neff")
        .withMessageContaining(message);
  }

  private static ByteBuffer bytes(byte... file) {
    return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A NEFF around a raw archive. */
  private static byte[] around(byte... archive) {
    byte[] file = new byte[NeffHeader.SIZE + archive.length];
    bytes(file).putLong(0, 1).putLong(8, 1024).putLong(16, archive.length).putLong(24, 2);
    System.arraycopy(archive, 0, file, NeffHeader.SIZE, archive.length);
    return file;
  }

  private static byte[] withJson(String neffJson) {
    TarWriter tar = new TarWriter();
    tar.file("neff.json", neffJson.getBytes(StandardCharsets.UTF_8));
    tar.file("kelf-a.json", KELF.getBytes(StandardCharsets.UTF_8));
    return around(tar.finish());
  }

  @ParameterizedTest
  @EnumSource
  void readsBackWhatASimulatedOneIsMadeOf(PackageVersion packageVersion) {
    byte[] file = SIMULATED.write(GRAPH, packageVersion);

    Neff neff = read(file);

    assertThat(neff.simulatedGraph())
        .hasValueSatisfying(graph -> assertThat(graph).isEqualTo(GRAPH));
    assertThat(neff.header().name()).isEqualTo("token_generation");
    assertThat(neff.header().lncSize()).isEqualTo(2);
    assertThat(neff.header().packageVersion()).isEqualTo(packageVersion);
    assertThat(neff.target()).contains("cayman");
    assertThat(neff.architecture()).contains(NeuronArchitecture.CAYMAN);
    assertThat(neff.integrity()).isEqualTo(Neff.Integrity.INTACT);
    assertThat(neff.bytes().byteSize()).isEqualTo(file.length);
    assertThat(neff.bytes().isReadOnly()).isTrue();
    assertThat(neff.members())
        .extracting(NeffMember::name)
        .containsExactly("neff.json", "kelf-a.json", "info.json", SimulatedNeff.GRAPH_MEMBER);
    assertThat(neff.io())
        .isEqualTo(
            new NeffIo.Known(
                List.of(
                    new NeffTensor("input0", "int32", Shape.of(1, 1), 4),
                    new NeffTensor("input1", "bfloat16", Shape.of(2, 3, 4), 48)),
                List.of(new NeffTensor("output0", "float32", Shape.of(1, 1, 7), 28))));
    assertThat(Neff.isPlausible(neff.bytes())).isTrue();
    assertThat(Neff.beginsPlausibly(neff.bytes().asSlice(0, 100))).isTrue();
    assertThat(SIMULATED.write(GRAPH, packageVersion)).isEqualTo(file);
  }

  @Test
  void everyFieldOfTheHeaderIsWhereTheFormatHasIt() {
    byte[] file = withJson(OLD_JSON);
    byte[] hash = new byte[32];
    Arrays.fill(hash, (byte) 0xAB);
    bytes(file).putLong(32, 7).putInt(168, 3).putInt(476, 5).putLong(544, 0x401).putInt(552, 2);
    bytes(file).put(40, "1.2.3+abc".getBytes(StandardCharsets.UTF_8));
    bytes(file)
        .put(172, hash)
        .putLong(204, 0x0102)
        .put(220, "a name".getBytes(StandardCharsets.UTF_8));
    bytes(file).put(480, new byte[] {9, (byte) 200});

    NeffHeader header = read(file).header();

    List<Integer> nodes = new ArrayList<>(Collections.nCopies(64, 0));
    nodes.set(0, 9);
    nodes.set(1, 200);
    assertThat(header)
        .isEqualTo(
            new NeffHeader(
                PackageVersion.TAR_SHA256,
                file.length - 1024L,
                2,
                7,
                "1.2.3+abc",
                3,
                "ab".repeat(32),
                "0201" + "00".repeat(14),
                "a name",
                5,
                nodes,
                0x401,
                2));
    byte[] written = new byte[1024];
    header.write(MemorySegment.ofArray(written));
    assertThat(written).isEqualTo(Arrays.copyOf(file, 1024));
  }

  @Property(tries = 200)
  void anyHeaderReadsBackAsTheSame(
      @ForAll @IntRange(max = 1) int packing,
      @ForAll @IntRange(max = 2) int major,
      @ForAll long minor,
      @ForAll @Size(127) byte[] version,
      @ForAll int tpb,
      @ForAll @Size(32) byte[] hash,
      @ForAll @Size(16) byte[] uuid,
      @ForAll @Size(max = 255) byte[] name,
      @ForAll int requested,
      @ForAll @Size(64) List<@IntRange(max = 255) Integer> nodes,
      @ForAll @IntRange(max = 0x7FFFFFF) int features,
      @ForAll @IntRange int lnc) {
    byte[] file = new byte[1024 + 10];
    NeffHeader header =
        new NeffHeader(
            PackageVersion.values()[packing],
            10,
            major,
            minor,
            text(version),
            tpb,
            HexFormat.of().formatHex(hash),
            HexFormat.of().formatHex(uuid),
            text(name),
            requested,
            nodes,
            features,
            lnc);
    header.write(MemorySegment.ofArray(file));

    assertThat(NeffHeader.read(MemorySegment.ofArray(file), "x")).isEqualTo(header);
  }

  private static String text(byte... bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1).replace('\0', 'x');
  }

  @Test
  void readsAnOldOne() {
    Neff neff = read(withJson(OLD_JSON));

    assertThat(neff.io())
        .isEqualTo(
            new NeffIo.Known(
                List.of(new NeffTensor("input", "float32", Shape.of(32), 128)),
                List.of(new NeffTensor("output", "float32", Shape.of(32), 128))));
    assertThat(neff.target()).contains("*");
    assertThat(neff.architecture()).isEmpty();
    assertThat(neff.simulatedGraph()).isEmpty();
    assertThat(neff.integrity()).isEqualTo(Neff.Integrity.DIFFERS);
  }

  @Test
  void hashesAreThoseOfTheRealTools() {
    // of the three bytes "abc", by RFC 1321 and FIPS 180-2
    MemorySegment abc = MemorySegment.ofArray("abc".getBytes(StandardCharsets.UTF_8));

    assertThat(Neff.hash(PackageVersion.GZIP_MD5, abc))
        .isEqualTo("900150983cd24fb0d6963f7d28e17f72" + "30".repeat(16));
    assertThat(Neff.hash(PackageVersion.TAR_SHA256, abc))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @Test
  void tellsIntactFromChanged() {
    byte[] file = SIMULATED.write(GRAPH, PackageVersion.TAR_SHA256);
    // the last byte of the end mark, which nothing reads
    file[file.length - 1] = 1;

    assertThat(read(file).integrity()).isEqualTo(Neff.Integrity.DIFFERS);
  }

  @Test
  void bytesAfterThePayloadAreIgnoredAsByTheRuntime() {
    byte[] file = SIMULATED.write(GRAPH, PackageVersion.GZIP_MD5);

    Neff neff = read(Arrays.copyOf(file, file.length + 5));

    assertThat(neff.integrity()).isEqualTo(Neff.Integrity.INTACT);
    assertThat(Neff.isPlausible(neff.bytes())).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void cutShortAnywhereIsRefused(PackageVersion packageVersion) {
    byte[] file = SIMULATED.write(GRAPH, packageVersion);
    int step = packageVersion == PackageVersion.TAR_SHA256 ? 97 : 1;
    for (int length = 0; length < file.length; length += step) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatExceptionOfType(InvalidModelException.class).isThrownBy(() -> read(cut));
      if (length > 1024) {
        // the same with a header that fits: what is inside must notice; the end mark is two blocks
        bytes(cut).putLong(16, length - 1024L);
        boolean onlyEndMark =
            packageVersion == PackageVersion.TAR_SHA256 && length > file.length - 512;
        if (!onlyEndMark) {
          assertThatExceptionOfType(InvalidModelException.class).isThrownBy(() -> read(cut));
        }
      }
    }
  }

  @Test
  void headersThatLieAreRefused() {
    byte[] file = SIMULATED.write(GRAPH, PackageVersion.GZIP_MD5);
    refuses(changed(file, b -> b.putLong(8, 1025)), "its header size is 1025");
    refuses(changed(file, b -> b.putLong(0, 3)), "its package version is 3, known are 1 and 2");
    refuses(changed(file, b -> b.putLong(16, file.length)), "is cut short: its payload has");
    refuses(changed(file, b -> b.putLong(16, -1)), "has 18446744073709551615 bytes");
    refuses(changed(file, b -> b.putLong(24, 3)), "NEFF version 3");
    refuses(changed(file, b -> b.putLong(24, -1)), "NEFF version 18446744073709551615");
    refuses(changed(file, b -> b.putLong(544, 1L << 27)), "features 0x8000000");
    refuses(changed(file, b -> b.putInt(552, -1)), "4294967295 cores per logical core");
    refuses(changed(file, b -> b.putLong(0, 1)), "the archive in it");
    byte[] raw = SIMULATED.write(GRAPH, PackageVersion.TAR_SHA256);
    refuses(changed(raw, b -> b.putLong(0, 2)), "no whole gzip stream");
    refuses("PK\003\004 something else".repeat(100).getBytes(StandardCharsets.UTF_8), "is no NEFF");
    // before version 2 the bits meant nothing
    assertThat(read(changed(file, b -> b.putLong(24, 1).putLong(544, 1L << 27))).members())
        .isNotEmpty();
  }

  private static byte[] changed(byte[] file, Consumer<ByteBuffer> change) {
    byte[] copy = file.clone();
    change.accept(bytes(copy));
    return copy;
  }

  @Test
  void aBombIsRefusedAtItsLimit() {
    byte[] zeros = new byte[10_000_000];
    byte[] file = SIMULATED.write(zeros, PackageVersion.GZIP_MD5);
    assertThat(file.length).isLessThan(20_000);

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> Neff.read(MemorySegment.ofArray(file), "x.neff", 1_000_000))
        .withMessageContaining("unpacks to more than 1000000 bytes");
    assertThat(Neff.read(MemorySegment.ofArray(file), "x.neff", 10_010_000).members()).hasSize(4);
  }

  @Test
  void aBombAfterTheArchiveIsRefusedToo() {
    TarWriter tar = new TarWriter();
    tar.file("neff.json", OLD_JSON.getBytes(StandardCharsets.UTF_8));
    tar.file("kelf-a.json", KELF.getBytes(StandardCharsets.UTF_8));
    byte[] archive = tar.finish();
    byte[] file = around(Arrays.copyOf(archive, archive.length + 1_000_000));

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> Neff.read(MemorySegment.ofArray(file), "x.neff", 100_000))
        .withMessageContaining("unpacks to more than 100000 bytes");
  }

  @Test
  void jsonThatIsNoneIsRefused() {
    refuses(withJson("{\"nodes\": ["), "x.neff/neff.json is not valid JSON");
    refuses(withJson("[]"), "x.neff/neff.json does not hold a JSON object");
    refuses(withJson(""), "x.neff/neff.json does not hold a JSON object");
    refuses(withJson("{\"a\": 1, \"a\": 2}"), "is not valid JSON");
    refuses(withJson("[".repeat(100_000)), "is not valid JSON");
    refuses(withJson("\u0000"), "is not valid JSON");
  }

  @Test
  void missingMembersAreNamed() {
    TarWriter other = new TarWriter();
    other.file("readme.txt", GRAPH);
    refuses(around(other.finish()), "has no neff.json, so it is no NEFF");

    TarWriter noKelf = new TarWriter();
    noKelf.file("neff.json", OLD_JSON.getBytes(StandardCharsets.UTF_8));
    refuses(around(noKelf.finish()), "neff.json names 'kelf-a.json', which the archive lacks");
  }

  @Test
  void theOldNameOfTheGraphWillDo() {
    TarWriter tar = new TarWriter();
    tar.file("./kelp.json", OLD_JSON.getBytes(StandardCharsets.UTF_8));
    tar.file("./kelf-a.json", KELF.getBytes(StandardCharsets.UTF_8));

    assertThat(read(around(tar.finish())).io()).isInstanceOf(NeffIo.Known.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nodes", "arg_nodes", "heads", "node_row_ptr", "shape", "dltype"})
  void listsThatAreNotThereAreUnknownAndNoFault(String key) {
    Neff neff = read(withJson(OLD_JSON.replace("\"" + key + "\"", "\"other\"")));

    assertThat(neff.io())
        .isInstanceOfSatisfying(NeffIo.Unknown.class, io -> assertThat(io.reason()).contains(key));
  }

  @Test
  void outputsWithoutANameAreUnknown() {
    Neff neff = read(withJson(OLD_JSON.replace("\"output\"", "\"result\"")));

    assertThat(neff.io()).isEqualTo(new NeffIo.Unknown("neff.json names no output 0 of node 1"));
  }

  @Test
  void listsThatContradictThemselvesAreRefused() {
    refuses(withJson(OLD_JSON.replace("[0], \"heads\"", "[2], \"heads\"")), "index 2 in arg_nodes");
    refuses(
        withJson(OLD_JSON.replace("[0], \"heads\"", "[-1], \"heads\"")), "index -1 in arg_nodes");
    refuses(withJson(OLD_JSON.replace("[0], \"heads\"", "[\"0\"], \"heads\"")), "no index");
    refuses(withJson(OLD_JSON.replace("[0], \"heads\"", "[0, 0], \"heads\"")), "two inputs named");
    refuses(withJson(OLD_JSON.replace("[[32], [32]]", "[[32]]")), "no shape for 'output', entry 1");
    refuses(withJson(OLD_JSON.replace("[[32], [32]]", "[[32], 1]")), "no shape of at most 32");
    refuses(withJson(OLD_JSON.replace("[[32], [32]]", "[[32], [-32]]")), "no dimension");
    refuses(withJson(OLD_JSON.replace("[[32], [32]]", "[[32], [1.5]]")), "no dimension");
    refuses(
        withJson(OLD_JSON.replace("[[32], [32]]", "[[32], [4000000000, 4000000000]]")),
        "too large");
    refuses(
        withJson(OLD_JSON.replace("[\"float32\", \"float32\"]", "[\"float32\"]")),
        "no type for 'output'");
    refuses(withJson(OLD_JSON.replace("\"name\": \"input\"", "\"name\": 1")), "no name for node 0");
    refuses(withJson(OLD_JSON.replace("[0, 1, 2]", "[0, 9999999999, 2]")), "no index");
  }

  @Test
  void typesThatTheFormatCannotNameHaveOneByte() {
    String json = OLD_JSON.replace("[\"float32\", \"float32\"]", "[\"float8e4m3\", \"float32\"]");

    assertThat(read(withJson(json)).io())
        .isInstanceOfSatisfying(
            NeffIo.Known.class,
            io -> {
              assertThat(io.inputs().getFirst().byteSize()).isEqualTo(32);
              assertThat(io.inputs().getFirst().dtype()).isEmpty();
            });
  }

  @Property(tries = 3000)
  void flippedBitsAreReadOrRefused(
      @ForAll PackageVersion packageVersion,
      @ForAll @Size(min = 1, max = 4) List<@IntRange Integer> at) {
    byte[] file = SIMULATED.write(GRAPH, packageVersion);
    for (int position : at) {
      int bit = Math.floorMod(position, file.length * 8);
      file[bit / 8] ^= (byte) (1 << bit % 8);
    }
    try {
      assertThat(read(file).members()).isNotEmpty();
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("x.neff").doesNotContain("\n");
    }
  }
}

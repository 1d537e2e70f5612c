package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class SafetensorsWriterTest {
  private static final List<TensorSpec> SPECS =
      List.of(
          new TensorSpec("b", DType.U8, Shape.of(3)), new TensorSpec("a", DType.I8, Shape.of(2)));

  @TempDir Path folder;

  private Safetensors read(String name) {
    return Safetensors.parse(FolderFiles.open(folder).map(name), name);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static MemorySegment bytes(int... values) {
    byte[] array = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      array[i] = (byte) values[i];
    }
    return MemorySegment.ofArray(array);
  }

  @Test
  void chunksMayCrossTensors() throws IOException {
    Path target = folder.resolve("m.safetensors");
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(target, SPECS, Map.of("format", "pt"))) {
      writer.append(bytes(1));
      writer.append(bytes(2, 3, 4));
      assertThat(target).doesNotExist();
      writer.append(bytes(5));
    }

    Safetensors file = read("m.safetensors");
    assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
    assertThat(file.tensor("b").toIntArray()).containsExactly(1, 2, 3);
    assertThat(file.tensor("a").toIntArray()).containsExactly(4, 5);
    assertThat(files()).containsExactly("m.safetensors");
    assertThat(Files.size(target))
        .isEqualTo(SafetensorsWriter.fileSize(target, SPECS, Map.of("format", "pt"), 8));
  }

  /** The five bytes of data are what is behind a multiple of 64. */
  @Test
  void tensorsBeginAtTheAlignmentThatIsAskedFor() throws IOException {
    for (int extra = 0; extra < 64; extra++) {
      Path target = folder.resolve("aligned" + extra);
      Map<String, String> metadata = Map.of("a", "x".repeat(extra));
      int alignment = SafetensorsWriter.LINE_ALIGNMENT;
      try (SafetensorsWriter writer =
          SafetensorsWriter.create(target, SPECS, metadata, alignment)) {
        writer.append(bytes(1, 2, 3, 4, 5));
      }
      assertThat(Files.size(target) % alignment).isEqualTo(5);
      assertThat(Files.size(target))
          .isEqualTo(SafetensorsWriter.fileSize(target, SPECS, metadata, alignment));
      assertThat(read(target.getFileName().toString()).tensor("a").toIntArray())
          .containsExactly(4, 5);
    }
  }

  @Test
  void theHeaderIsPaddedToEightBytes() throws IOException {
    Path target = folder.resolve("m");
    SafetensorsWriter.write(target, Map.of("x", HostTensor.ofInts(Shape.of(1), 7)));

    byte[] file = Files.readAllBytes(target);
    assertThat(file[0] % 8).isZero();
    assertThat((char) file[8]).isEqualTo('{');
    assertThat(read("m").tensor("x").getInt(0)).isEqualTo(7);
  }

  @Test
  void missingBytesLeaveNoFileAndTheOldOne() throws IOException {
    Path target = folder.resolve("m");
    Files.writeString(target, "old");
    SafetensorsWriter writer = SafetensorsWriter.create(target, SPECS, Map.of());
    writer.append(bytes(1, 2));

    assertThatThrownBy(writer::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(target + " is not written: 3 of its 5 bytes are missing");
    assertThat(target).hasContent("old");
    assertThat(files()).containsExactly("m");
    writer.close();
    assertThatThrownBy(() -> writer.append(bytes(1))).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void surplusBytesAreRefused() {
    Path target = folder.resolve("m");
    assertThatThrownBy(
            () -> {
              try (SafetensorsWriter writer = SafetensorsWriter.create(target, SPECS, Map.of())) {
                writer.append(bytes(1, 2, 3, 4, 5, 6));
              }
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("6 bytes more for " + target + ", whose tensors lack 5");
    assertThat(target).doesNotExist();
  }

  @Test
  void whatCannotBeStoredIsRefused() {
    Path target = folder.resolve("m");
    assertThatThrownBy(
            () -> SafetensorsWriter.create(target, List.of(SPECS.get(0), SPECS.get(0)), Map.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("cannot write " + target + ": tensor 'b' twice");
    assertThatThrownBy(
            () ->
                SafetensorsWriter.create(
                    target,
                    List.of(new TensorSpec("x", DType.F32, Shape.of(Shape.OPEN))),
                    Map.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("cannot store x F32[?]: no fixed size");
    Path nowhere = folder.resolve("no/m");
    assertThatThrownBy(() -> SafetensorsWriter.create(nowhere, SPECS, Map.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("cannot write " + nowhere + ": no such folder");
  }

  @Provide
  Arbitrary<Map<String, HostTensor>> tensors() {
    Arbitrary<HostTensor> tensor =
        Arbitraries.of(DType.values())
            .flatMap(
                dtype ->
                    Arbitraries.longs()
                        .between(0, 3)
                        .array(long[].class)
                        .ofMaxSize(3)
                        .map(dims -> HostTensor.zeros(dtype, Shape.of(dims))));
    return Arbitraries.maps(
            Arbitraries.strings().excludeChars('\ud800').ofMaxLength(6).filter(s -> valid(s)),
            tensor)
        .ofMaxSize(5);
  }

  private static boolean valid(String text) {
    return text.chars().noneMatch(c -> Character.isSurrogate((char) c));
  }

  @Property(tries = 200)
  void whatIsWrittenIsRead(@ForAll("tensors") Map<String, HostTensor> tensors) throws IOException {
    Path target = Files.createTempFile("smollm3", ".safetensors");
    try {
      byte next = 1;
      for (HostTensor tensor : tensors.values()) {
        tensor.segment().fill(next++);
      }
      SafetensorsWriter.write(target, tensors);

      Map<String, HostTensor> read =
          Safetensors.parse(MemorySegment.ofArray(Files.readAllBytes(target)), "t").tensors();
      assertThat(new LinkedHashMap<>(read).keySet())
          .containsExactlyInAnyOrderElementsOf(tensors.keySet());
      tensors.forEach(
          (name, tensor) -> {
            assertThat(read.get(name).dtype()).isEqualTo(tensor.dtype());
            assertThat(read.get(name).shape()).isEqualTo(tensor.shape());
            assertThat(read.get(name).segment().mismatch(tensor.segment())).isEqualTo(-1);
          });
    } finally {
      Files.delete(target);
    }
  }
}

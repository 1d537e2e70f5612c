package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.HostTensor;

class FolderFilesTest {
  @TempDir Path folder;

  private static void assertRefused(Runnable call, String message) {
    assertThatThrownBy(call::run).isInstanceOf(InvalidModelException.class).hasMessage(message);
  }

  @Test
  void listsFilesOnly() throws IOException {
    Files.writeString(folder.resolve("b.txt"), "grüße");
    Files.writeString(folder.resolve("a.txt"), "");
    Files.createDirectory(folder.resolve("sub"));
    FolderFiles files = FolderFiles.open(folder);

    assertThat(files.names()).containsExactly("a.txt", "b.txt");
    assertThat(files.contains("b.txt")).isTrue();
    assertThat(files.contains("sub")).isFalse();
    assertThat(files.text("b.txt")).isEqualTo("grüße");
    assertThat(files.map("b.txt").byteSize()).isEqualTo(7);
    assertThat(files.map("b.txt").isReadOnly()).isTrue();
    assertThat(files.map("a.txt").byteSize()).isZero();
    assertThat(files.location()).isEqualTo(folder.toString());
  }

  @Test
  void aFolderInsideIsHadByItsPlainName() throws IOException {
    Files.createDirectories(folder.resolve("snapshot/sub/deeper"));
    Files.writeString(folder.resolve("snapshot/sub/a.txt"), "x");
    Files.writeString(folder.resolve("snapshot/b.txt"), "");
    FolderFiles files = FolderFiles.open(folder.resolve("snapshot"));

    ModelFiles sub = files.folder("sub").orElseThrow();
    assertThat(sub.location()).isEqualTo(folder.resolve("snapshot/sub").toString());
    assertThat(sub.names()).containsExactly("a.txt");
    assertThat(sub.folder("deeper")).isPresent();
    assertThat(files.folder("b.txt")).isEmpty();
    assertThat(files.folder("none")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", ".", "", "sub/..", "/", "sub/deeper", "..\\x", "C:"})
  void noOtherFolderIsHad(String name) throws IOException {
    Files.createDirectories(folder.resolve("snapshot/sub/deeper"));
    FolderFiles files = FolderFiles.open(folder.resolve("snapshot"));

    assertThatThrownBy(() -> files.folder(name))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("is no plain file name");
  }

  @Test
  void followsTheLinksOfAHubCache() throws IOException {
    Path blobs = Files.createDirectories(folder.resolve("models--x--y/blobs"));
    Path snapshot = Files.createDirectories(folder.resolve("models--x--y/snapshots/0a1b"));
    Files.write(blobs.resolve("6c7d"), MalformedSafetensors.valid());
    try {
      Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs/6c7d"));
    } catch (IOException | UnsupportedOperationException e) {
      assumeTrue(false, "skipped: no symbolic links here");
    }
    Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/gone"));

    FolderFiles files = FolderFiles.open(snapshot);
    assertThat(files.names()).containsExactly("model.safetensors");
    assertThat(Checkpoint.open(files).specs()).containsOnlyKeys("a", "b");
    assertRefused(
        () -> files.text("config.json"),
        snapshot.resolve("config.json")
            + " is a link to ../../blobs/gone, which does not exist; download again");
  }

  @Test
  void aMissingFolderAndAFileInItsPlace() throws IOException {
    Path file = Files.writeString(folder.resolve("config.json"), "{}");
    assertRefused(
        () -> FolderFiles.open(folder.resolve("no")), "there is no folder " + folder.resolve("no"));
    assertRefused(
        () -> FolderFiles.open(file),
        file + " is a file; give the folder that holds config.json and the weights");
  }

  @Test
  void aMissingFileAndAFolderInItsPlace() throws IOException {
    Files.writeString(folder.resolve("a.txt"), "");
    Files.createDirectory(folder.resolve("sub"));
    FolderFiles files = FolderFiles.open(folder);
    assertRefused(
        () -> files.map("config.json"), folder + " has no file 'config.json'; it has a.txt");
    assertRefused(() -> files.map("sub"), folder.resolve("sub") + " is a folder, wanted a file");
    assertRefused(() -> files.text("sub"), folder.resolve("sub") + " is a folder, wanted a file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "/etc/passwd", "a/b", "a\\b", "..", ""})
  void namesAreNoPaths(String name) {
    assertRefused(
        () -> FolderFiles.open(folder).map(name),
        "'" + name + "' is no plain file name; " + folder + " has no files");
  }

  @Test
  void textIsUtf8() throws IOException {
    Path file = Files.write(folder.resolve("t"), new byte[] {'a', (byte) 0xff});
    assertRefused(() -> FolderFiles.open(folder).text("t"), file + " is not UTF-8 text");
  }

  @Test
  void aFileThatVanishesIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("t"), "");
    FolderFiles files = FolderFiles.open(folder);
    Files.delete(file);
    assertRefused(() -> files.map("t"), folder + " has no file 't'; it has t");
  }

  @Test
  void mapsAFileOfMoreThanTwoGibibytes() throws IOException {
    long elements = (3L << 30) / 2 + 1;
    String header =
        "{\"big\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(elements, 2 * elements);
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    Path path = folder.resolve("model.safetensors");
    long size = 8 + json.length + 2 * elements;
    assumeTrue(
        Files.getFileStore(folder).getUsableSpace() > size,
        "skipped: no room for a sparse file of 3 GiB at " + folder);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
      file.write(json);
      file.setLength(size);
      file.seek(size - 2);
      file.write(new byte[] {(byte) 0x80, 0x3f});
    }

    HostTensor big = Checkpoint.open(FolderFiles.open(folder)).tensor("big");
    assertThat(big.size()).isEqualTo(elements).isGreaterThan(Integer.MAX_VALUE / 2);
    assertThat(big.segment().byteSize()).isGreaterThan(Integer.MAX_VALUE);
    assertThat(big.getFloat(elements - 1)).isEqualTo(1f);
    assertThat(big.getFloat(elements - 2)).isEqualTo(0f);
    assertThat(big.segment().get(ValueLayout.JAVA_BYTE, 2 * elements - 1)).isEqualTo((byte) 0x3f);
  }
}

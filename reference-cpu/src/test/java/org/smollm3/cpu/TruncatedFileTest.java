package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.DecoderOptions;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;

/** A weight file is cut short while a model runs: an error that names it, and no crash. */
@DisabledOnOs(OS.WINDOWS) // which lets nobody cut a mapped file
@Timeout(120)
class TruncatedFileTest {
  private static final Path MODEL =
      Path.of(
          System.getProperty("smollm3.root"),
          "weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny");

  private static Path copy(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(MODEL)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    return folder;
  }

  private static DecoderRunner load(SmolLm3Model model, Backend backend) {
    return model.load(backend, DecoderOptions.of(DType.BF16, 1, 16), LoadOptions.defaults());
  }

  @Test
  void theErrorNamesTheFileAndOtherModelsGoOn(@TempDir Path folder) throws IOException {
    try (Backend backend =
            new CpuBackendProvider().open(new BackendOptions(Map.of("threads", "3")));
        DecoderRunner whole = load(SmolLm3Model.open(MODEL), backend);
        DecoderRunner cut = load(SmolLm3Model.open(copy(folder)), backend)) {
      List<RowRequest> prompt = List.of(RowRequest.prompt(0, 5, 6, 7));
      List<RowRequest> next = List.of(RowRequest.at(0, 3, 8));
      // Compiled loops fail in another way than interpreted ones.
      for (int i = 0; i < 300; i++) {
        cut.prefill(prompt);
        cut.decode(next);
      }
      float[] before = cut.prefill(prompt).get(0).lastLogits();
      Path file = folder.resolve("model.safetensors");
      long size = Files.size(file);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(8192);
      }
      for (List<RowRequest> rows : List.of(prompt, next, prompt)) {
        assertThatThrownBy(() -> cut.prefill(rows))
            .isInstanceOf(InvalidModelException.class)
            .hasMessage(
                folder
                    + ": a mapped file could not be read: "
                    + file
                    + " had "
                    + size
                    + " bytes and now has 8192; restore the files and open the model again");
      }
      assertThat(whole.prefill(prompt).get(0).lastLogits()).isEqualTo(before);
    }
  }
}

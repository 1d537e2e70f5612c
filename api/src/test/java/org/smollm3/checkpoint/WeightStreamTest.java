package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.spi.WeightView;
import org.smollm3.spi.WeightView.Mapped;
import org.smollm3.spi.WeightView.Piece;
import org.smollm3.spi.WeightView.Zeros;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class WeightStreamTest {
  @TempDir Path folder;

  /** Larger than the buffer, in rows that do not divide it, with a run of zeros over its end. */
  private static WeightView large(DType type) {
    int rows = 899;
    int width = 1013;
    HostTensor whole = HostTensor.zeros(type, Shape.of(rows, width));
    for (long i = 0; i < whole.size(); i++) {
      whole.setFloat(i, (i % 7919 - 4000) / 3f);
    }
    long unit = type.byteSize();
    MemorySegment all = whole.segment();
    List<Piece> pieces = new ArrayList<>();
    pieces.add(new Mapped(all.asSlice(5 * unit), rows - 1, 1001 * unit, width * unit));
    pieces.add(new Zeros(1_300_001 * unit));
    pieces.add(new Mapped(all, 1, whole.size() * unit, whole.size() * unit));
    long size = 0;
    for (Piece piece : pieces) {
      size += piece.byteSize() / unit;
    }
    return new WeightView("large", type, Shape.of(size), pieces);
  }

  @ParameterizedTest
  @CsvSource({"F32, F32", "BF16, BF16", "F32, BF16", "BF16, F32", "F16, BF16", "F16, F32"})
  void writesEveryElementOnce(DType from, DType to) {
    WeightView view = large(from);
    List<Long> progress = new ArrayList<>();
    Path file = folder.resolve("f.safetensors");
    TensorSpec spec = new TensorSpec("x", to, view.shape());
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, List.of(spec), Map.of());
        WeightStream stream = new WeightStream(progress::add)) {
      stream.write(view, to, writer::append);
    }

    HostTensor source = HostTensor.zeros(from, view.shape());
    view.copyTo(source.segment());
    HostTensor wanted = HostTensor.zeros(to, view.shape());
    for (long i = 0; i < wanted.size(); i++) {
      wanted.setFloat(i, source.getFloat(i));
    }
    HostTensor found =
        Safetensors.parse(FolderFiles.open(folder).map("f.safetensors"), "f").tensor("x");
    assertThat(found.segment().mismatch(wanted.segment())).isEqualTo(-1);
    assertThat(progress).hasSizeGreaterThan(1);
    assertThat(progress.stream().mapToLong(Long::longValue).sum())
        .isEqualTo(wanted.segment().byteSize());
  }
}

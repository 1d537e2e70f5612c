package org.smollm3.neuron.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.metaneff.MetaNeffWriter;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Value;
import org.smollm3.tensor.Shape;

class InspectorsTest {
  private static final byte[] NEFF = Samples.neff("token_generation", Samples.metaneff(1));

  @TempDir Path folder;

  private FileReport inspect(FileInspector inspector, String name, byte[] content) {
    try {
      return inspector.inspect(Files.write(folder.resolve(name), content));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<List<Value>> rows(FileReport report, String section) {
    return section(report, section).table().orElseThrow().rows();
  }

  private static Section section(FileReport report, String name) {
    return report.sections().stream()
        .filter(section -> section.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static List<Boolean> recognised(String name, byte... head) {
    MemorySegment bytes = MemorySegment.ofArray(head);
    return List.of(
        new NeffInspector().recognises(name, bytes),
        new MetaNeffInspector().recognises(name, bytes),
        new ModelPtInspector().recognises(name, bytes));
  }

  @Test
  void eachRecognisesItsOwnByNameOrFirstBytes() {
    byte[] zip = {'P', 'K', 3, 4};
    assertThat(recognised("graph.neff")).containsExactly(true, false, false);
    assertThat(recognised("file", Arrays.copyOf(NEFF, 600))).containsExactly(true, false, false);
    assertThat(recognised("metaneff.pb")).containsExactly(false, true, false);
    assertThat(recognised("metaneff")).containsExactly(false, true, false);
    assertThat(recognised("model.pt")).containsExactly(false, false, true);
    assertThat(recognised("other.pt", zip)).containsExactly(false, false, true);
    assertThat(recognised("other.pt")).containsExactly(false, false, false);
    assertThat(recognised("model.safetensors", (byte) 8, (byte) 0))
        .containsExactly(false, false, false);
    // a safetensors file whose header has 1 or 2 bytes is none
    assertThat(recognised("graph.hlo_module.pb", "hlo".getBytes(StandardCharsets.UTF_8)))
        .containsExactly(false, false, false);
  }

  @Test
  void aNeffShowsItsHeaderTensorsAndMembers() {
    FileReport report = inspect(new NeffInspector(), "a.neff", NEFF);

    assertThat(report.kind()).isEqualTo("simulated NEFF, for the backend neuron-sim only");
    assertThat(section(report, "header").fields())
        .containsEntry("target", Value.of("sunda"))
        .containsEntry("lnc", Value.of(1))
        .containsEntry("hash", Value.of("intact"));
    assertThat(rows(report, "inputs"))
        .hasSize(7)
        .contains(
            List.of(
                Value.of("input5"), Value.of("bfloat16"), Value.of(Shape.of(6, 8)), Value.of(96)));
    assertThat(rows(report, "outputs")).hasSize(3);
    assertThat(rows(report, "members")).hasSize(4);
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> inspect(new NeffInspector(), "b.neff", Arrays.copyOf(NEFF, 1500)))
        .withMessageContaining("b.neff is cut short");
  }

  @Test
  void aMetaneffShowsRolesAndAliases() {
    FileReport report =
        inspect(new MetaNeffInspector(), "metaneff.pb", MetaNeffWriter.write(Samples.metaneff(1)));

    assertThat(section(report, "counts").fields())
        .containsEntry("user inputs", Value.of(3))
        .containsEntry("states", Value.of(2))
        .containsEntry("weights", Value.of(2));
    assertThat(rows(report, "inputs").get(3))
        .containsExactly(
            Value.of("input3"),
            Value.of("INPUT_STATE"),
            Value.of("BFLOAT16"),
            Value.of(Samples.CACHE),
            Value.of(64),
            Value.of("kv_mgr.past_key_values.0"));
    assertThat(rows(report, "outputs").get(1)).last().isEqualTo(Value.of("input3"));
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> inspect(new MetaNeffInspector(), "metaneff", new byte[] {1, 2}))
        .withMessageContaining("metaneff");
  }

  @Test
  void anExportShowsItsGraphs() {
    FileReport with = new ModelPtInspector().inspect(Samples.saved("model.pt"));
    FileReport without = new ModelPtInspector().inspect(Samples.saved("no_loader.pt"));

    assertThat(rows(with, "graphs"))
        .extracting(row -> row.getFirst().toString())
        .containsExactly("context_encoding", "token_generation", "layout_opt");
    assertThat(section(with, "weights").fields())
        .containsEntry("layout", Value.of("transformed once by the graph layout_opt"));
    assertThat(section(without, "weights").fields())
        .containsEntry("layout", Value.of("as in the checkpoint"));
  }
}

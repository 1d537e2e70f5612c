package org.smollm3.neuron.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.ModuleBuilder;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.FileReport;

class HloInspectorTest {
  @TempDir private Path temp;

  /** y = all-reduce(x w^T) and, of integers, what the compiler does not take. */
  private static HloModule module() {
    ModuleBuilder module = new ModuleBuilder("sample");
    ComputationBuilder ops = module.computation("main");
    HloInstruction x = ops.parameter(HloShape.of(ElementType.F32, 3, 5));
    HloInstruction state = ops.parameter(HloShape.of(ElementType.S32, 7, 7));
    HloInstruction weight = ops.parameter(HloShape.of(ElementType.F32, 11, 5));
    ops.source("layers.0.mlp.down_proj");
    HloInstruction product =
        ops.add(
            Opcode.DOT,
            HloShape.of(ElementType.F32, 3, 11),
            List.of(x, weight),
            new HloAttributes.Dot(DotDims.lastWithLast(2, 2)));
    HloInstruction sum =
        ops.add(
            Opcode.ALL_REDUCE,
            product.shape(),
            List.of(product),
            new HloAttributes.AllReduce(
                module.combine(Opcode.ADD, ElementType.F32), List.of(List.of(0, 1))));
    HloInstruction squares =
        ops.add(
            Opcode.DOT,
            HloShape.of(ElementType.S32, 7, 7),
            List.of(state, state),
            new HloAttributes.Dot(DotDims.lastWithLast(2, 2)));
    HloInstruction root = ops.tuple(List.of(ops.unary(Opcode.LOGISTIC, sum), squares));
    return module.build(ops.build(root), List.of(new HloModule.Alias(1, 1)));
  }

  private FileReport report() throws IOException {
    Path file = temp.resolve("graph.hlo_module.pb");
    Files.write(file, HloModuleWriter.write(module()));
    return new HloInspector().inspect(file);
  }

  private static FileReport.Section section(FileReport report, String name) {
    return report.sections().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  private static Map<String, String> fields(FileReport.Section section) {
    Map<String, String> fields = new TreeMap<>();
    section.fields().forEach((name, value) -> fields.put(name, text(value)));
    return fields;
  }

  private static String text(FileReport.Value value) {
    return switch (value) {
      case FileReport.Value.Text text -> text.text();
      case FileReport.Value.Whole whole -> Long.toString(whole.number());
      case FileReport.Value.Dims dims -> dims.shape().toString();
    };
  }

  private static List<String> rows(FileReport.Section section) {
    return section.table().orElseThrow().rows().stream()
        .map(row -> String.join(" ", row.stream().map(HloInspectorTest::text).toList()))
        .toList();
  }

  @Test
  void countsBytesAndCollectives() throws IOException {
    FileReport report = report();

    assertThat(fields(section(report, "module")))
        .containsEntry("instructions", "8")
        .containsEntry("parameters", "3")
        .containsEntry("aliased results", "1")
        .containsEntry("flops of dots", Long.toString(2 * 3 * 11 * 5 + 2 * 7 * 7 * 7))
        .containsEntry("flops of other operations", Long.toString(3 * 11))
        .containsEntry("input bytes", Long.toString(4 * 3 * 5))
        .containsEntry("state bytes", Long.toString(4 * 7 * 7))
        .containsEntry("weight bytes", Long.toString(4 * 11 * 5))
        .containsEntry("output bytes", Long.toString(4 * 3 * 11))
        .containsEntry("collective bytes per rank", Long.toString(4 * 3 * 11));
    assertThat(rows(section(report, "operations")))
        .containsExactly("all-reduce 1", "dot 2", "logistic 1", "parameter 3", "tuple 1");
    assertThat(rows(section(report, "text")))
        .anyMatch(line -> line.contains("all-reduce(") && line.contains("layers.0.mlp.down_proj"));
  }

  @Test
  void whatTheLintFindsIsShown() throws IOException {
    FileReport.Section lint = section(report(), "lint");

    assertThat(fields(lint))
        .containsEntry("findings", "1")
        .containsEntry("operations outside the compiler's table", "logistic 1");
    assertThat(rows(lint)).hasSize(1);
    assertThat(rows(lint).get(0))
        .startsWith("error EVRF035: dot.")
        .contains("(layers.0.mlp.down_proj): a dot of s32[7,7]{1,0}; convert to f32");
  }

  @Test
  void aFileThatIsNoModuleIsRefusedByName() throws IOException {
    Path file = temp.resolve("text.hlo_module.pb");
    Files.writeString(file, "HloModule sample, entry_computation_layout={()->f32[]}");

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> new HloInspector().inspect(file))
        .withMessageContaining("text.hlo_module.pb: ");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> new HloInspector().inspect(temp.resolve("none.hlo_module.pb")))
        .withMessageContaining("cannot be read");
  }
}

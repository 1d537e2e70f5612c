package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.metaneff.MetaTensor.Role;
import org.smollm3.neuron.neff.NeffHeader;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Table;
import org.smollm3.spi.FileReport.Value;

/** Shows the compiled graphs in an export of Optimum Neuron. */
public final class ModelPtInspector implements FileInspector {
  @Override
  public String kind() {
    return "compiled graphs as Optimum Neuron exports them (model.pt)";
  }

  /** By its name; a file of another name is one if it is a zip and is called .pt all the same. */
  @Override
  public boolean recognises(String fileName, MemorySegment head) {
    return fileName.equals(ModelPt.FILE)
        || (fileName.endsWith(".pt")
            && head.byteSize() >= 2
            && head.get(ValueLayout.JAVA_BYTE, 0) == 'P'
            && head.get(ValueLayout.JAVA_BYTE, 1) == 'K');
  }

  @Override
  public FileReport inspect(Path file) {
    ModelPt model = ModelPt.read(file);
    List<List<Value>> rows = new ArrayList<>();
    model.graphs().values().forEach(graph -> rows.add(row(graph)));
    model.layoutTransformation().ifPresent(graph -> rows.add(row(graph)));
    Table table =
        new Table(
            List.of(
                "graph",
                "neff bytes",
                "compiler",
                "target",
                "lnc",
                "user inputs",
                "states",
                "weights",
                "outputs"),
            rows);
    String layout =
        model.layoutTransformation().isPresent()
            ? "transformed once by the graph " + GraphKeys.LAYOUT
            : "as in the checkpoint";
    return FileReport.of(
        "compiled graphs, by Optimum Neuron",
        Section.of("weights").with("layout", layout),
        Section.of("graphs").with(table));
  }

  private static List<Value> row(CompiledGraph graph) {
    NeffHeader header = graph.neff().header();
    return List.of(
        Value.of(graph.key()),
        Value.of(graph.neff().bytes().byteSize()),
        Value.of(header.buildVersion()),
        Value.of(graph.neff().target().orElse("not stated")),
        Value.of(header.lncSize()),
        Value.of(graph.metaneff().inputs(Role.USER_INPUT).size()),
        Value.of(graph.metaneff().inputs(Role.INPUT_STATE).size()),
        Value.of(graph.metaneff().inputs(Role.INPUT_WEIGHT).size()),
        Value.of(graph.metaneff().outputs().size()));
  }
}

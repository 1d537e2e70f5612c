package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.metaneff.MetaTensor.Role;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Table;
import org.smollm3.spi.FileReport.Value;

/** Shows what the inputs and outputs of a compiled graph are, by its metaneff. */
public final class MetaNeffInspector implements FileInspector {
  @Override
  public String kind() {
    return "a metaneff, which says what a NEFF's tensors are (metaneff.pb, *.metaneff)";
  }

  @Override
  public boolean recognises(String fileName, MemorySegment head) {
    return fileName.equals("metaneff.pb")
        || fileName.equals("metaneff")
        || fileName.endsWith(".metaneff")
        || fileName.endsWith(".metaneff.pb");
  }

  @Override
  public FileReport inspect(Path file) {
    MetaNeff metaneff = NeffFolderReader.metaneff(FileBytes.map(file), FileBytes.location(file));
    Section facts =
        Section.of("counts")
            .with("user inputs", metaneff.inputs(Role.USER_INPUT).size())
            .with("states", metaneff.inputs(Role.INPUT_STATE).size())
            .with("weights", metaneff.inputs(Role.INPUT_WEIGHT).size())
            .with("outputs", metaneff.outputs().size())
            .with("aliased outputs", metaneff.outputAliasesTo().size())
            .with("graph bytes", metaneff.graph().length());
    return FileReport.of(
        "metaneff",
        facts,
        Section.of("inputs").with(inputs(metaneff)),
        Section.of("outputs").with(outputs(metaneff)));
  }

  private static Table inputs(MetaNeff metaneff) {
    List<List<Value>> rows = new ArrayList<>();
    for (MetaTensor input : metaneff.inputs()) {
      rows.add(
          List.of(
              Value.of(input.name()),
              Value.of(input.role().name()),
              Value.of(input.type().name()),
              Value.of(input.shape()),
              Value.of(input.byteSize()),
              Value.of(input.checkpointKey().or(input::userInputKey).orElse(""))));
    }
    return new Table(List.of("name", "role", "type", "shape", "bytes", "key"), rows);
  }

  private static Table outputs(MetaNeff metaneff) {
    List<List<Value>> rows = new ArrayList<>();
    for (int i = 0; i < metaneff.outputs().size(); i++) {
      MetaTensor output = metaneff.outputs().get(i);
      String alias =
          Optional.ofNullable(metaneff.outputAliasesTo().get(i))
              .map(input -> metaneff.inputs().get(input).name())
              .orElse("");
      rows.add(
          List.of(
              Value.of(output.name()),
              Value.of(output.type().name()),
              Value.of(output.shape()),
              Value.of(output.byteSize()),
              Value.of(alias)));
    }
    return new Table(List.of("name", "type", "shape", "bytes", "aliases"), rows);
  }
}

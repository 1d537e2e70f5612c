package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeffHeader;
import org.smollm3.neuron.neff.NeffIo;
import org.smollm3.neuron.neff.NeffMember;
import org.smollm3.neuron.neff.NeffTensor;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.FileReport;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Table;
import org.smollm3.spi.FileReport.Value;

/** Shows header, tensors and members of a NEFF. */
public final class NeffInspector implements FileInspector {
  @Override
  public String kind() {
    return "a NEFF, a compiled graph (*.neff)";
  }

  @Override
  public boolean recognises(String fileName, MemorySegment head) {
    return fileName.endsWith(".neff") || Neff.beginsPlausibly(head);
  }

  @Override
  public FileReport inspect(Path file) {
    return report(Neff.read(FileBytes.map(file), FileBytes.location(file)));
  }

  private static FileReport report(Neff neff) {
    NeffHeader header = neff.header();
    boolean simulated = neff.simulatedGraph().isPresent();
    Section facts =
        Section.of("header")
            .with("name", header.name())
            .with("compiler", header.buildVersion())
            .with("version", header.versionMajor() + "." + header.versionMinor())
            .with("target", neff.target().orElse("not stated"))
            .with("lnc", header.lncSize())
            .with("features", String.format("0x%x", header.featureBits()))
            .with("uuid", header.uuid())
            .with("payload", header.packageVersion().toString())
            .with("payload bytes", header.dataSize())
            .with("hash", neff.integrity() == Neff.Integrity.INTACT ? "intact" : "differs");
    List<Section> sections = new ArrayList<>();
    sections.add(facts);
    switch (neff.io()) {
      case NeffIo.Known known -> {
        sections.add(Section.of("inputs").with(table(known.inputs())));
        sections.add(Section.of("outputs").with(table(known.outputs())));
      }
      case NeffIo.Unknown unknown ->
          sections.add(Section.of("inputs and outputs").with("unknown", unknown.reason()));
    }
    List<List<Value>> members = new ArrayList<>();
    for (NeffMember member : neff.members()) {
      members.add(List.of(Value.of(member.name()), Value.of(member.size())));
    }
    sections.add(Section.of("members").with(new Table(List.of("name", "bytes"), members)));
    return new FileReport(
        simulated ? "simulated NEFF, for the backend neuron-sim only" : "NEFF",
        sections,
        Optional.empty());
  }

  private static Table table(List<NeffTensor> tensors) {
    List<List<Value>> rows = new ArrayList<>();
    for (NeffTensor tensor : tensors) {
      rows.add(
          List.of(
              Value.of(tensor.name()),
              Value.of(tensor.type()),
              Value.of(tensor.shape()),
              Value.of(tensor.byteSize())));
    }
    return new Table(List.of("name", "type", "shape", "bytes"), rows);
  }
}

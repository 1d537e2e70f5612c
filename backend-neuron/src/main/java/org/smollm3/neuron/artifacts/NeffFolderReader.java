package org.smollm3.neuron.artifacts;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigReader;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaNeffReader;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.Quote;
import org.smollm3.spi.ModelFiles;

/**
 * Reads a folder of compiled graphs: {@code neuron_config.json}, and per graph a folder of its name
 * with {@code graph.neff} and {@code metaneff.pb}, there or in one folder below, as the work
 * folders of ModelBuilder have it ({@code _tp0_bk0} or a time). The layout transformation is in
 * {@code layout_opt}; where the weights keep their layout, a file {@value
 * ArtifactSource#NO_LAYOUT_TRANSFORMATION} says so, for that a transposed square matrix cannot be
 * told from the matrix.
 */
final class NeffFolderReader {
  private static final String NO_LAYOUT = ArtifactSource.NO_LAYOUT_TRANSFORMATION;

  private static final String NEFF = "graph.neff";
  private static final String HLO = "graph.hlo_module.pb";
  private static final List<String> METANEFFS = List.of("metaneff.pb", "metaneff");
  private static final int LARGEST_METANEFF = 256 << 20;

  private NeffFolderReader() {}

  static Artifacts read(Path folder) {
    ModelFiles files = FolderFiles.open(folder);
    NeuronConfig config = NeuronConfigReader.read(files);
    Map<String, CompiledGraph> graphs = new TreeMap<>();
    for (String key : GraphKeys.ALL) {
      if (Files.isDirectory(folder.resolve(key))) {
        graphs.put(key, pair(key, onlyPair(folder.resolve(key))));
      }
    }
    return new Artifacts(files.location(), config, graphs, layout(folder, files));
  }

  private static Optional<CompiledGraph> layout(Path folder, ModelFiles files) {
    Path layout = folder.resolve(GraphKeys.LAYOUT);
    boolean none = files.contains(NO_LAYOUT);
    if (Files.isDirectory(layout)) {
      if (none) {
        throw new InvalidModelException(
            files.location() + " has both " + GraphKeys.LAYOUT + " and " + NO_LAYOUT);
      }
      return Optional.of(pair(GraphKeys.LAYOUT, onlyPair(layout)));
    }
    if (!none) {
      throw new InvalidModelException(
          files.location()
              + " has no layout transformation: copy the compiler's folder "
              + GraphKeys.LAYOUT
              + " there, or, if the graphs were compiled without one, make an empty file "
              + NO_LAYOUT
              + "; weights in the wrong layout give wrong results without any error");
    }
    return Optional.empty();
  }

  /** The one folder, this or one below, that has a NEFF. */
  private static Path onlyPair(Path folder) {
    List<Path> found = new ArrayList<>();
    if (Files.isRegularFile(folder.resolve(NEFF))) {
      found.add(folder);
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (Files.isRegularFile(entry.resolve(NEFF))) {
          found.add(entry);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      throw new InvalidModelException("cannot list the folder " + shown(folder), e);
    }
    if (found.size() != 1) {
      throw new InvalidModelException(
          shown(folder)
              + (found.isEmpty()
                  ? notCompiled(folder)
                  : " has "
                      + found.size()
                      + " files "
                      + NEFF
                      + ", in "
                      + found.stream().map(NeffFolderReader::shown).sorted().toList()
                      + "; keep the one that belongs to neuron_config.json"));
    }
    return found.getFirst();
  }

  /** What to do depends on whether it is a bundle, made where there was no compiler. */
  private static String notCompiled(Path folder) {
    return Files.isRegularFile(folder.resolve(HLO))
        ? " has "
            + HLO
            + " but no "
            + NEFF
            + ": the bundle was made without neuronx-cc; make it again with smollm3 compile where"
            + " that is installed, or with --simulated-neffs for the backend neuron-sim"
        : " has no " + NEFF;
  }

  private static CompiledGraph pair(String key, Path folder) {
    ModelFiles files = FolderFiles.open(folder);
    List<String> metaneffs = METANEFFS.stream().filter(files::contains).toList();
    if (metaneffs.size() != 1) {
      throw new InvalidModelException(
          files.location()
              + (metaneffs.isEmpty() ? " has no " : " has more than one of ")
              + String.join(" and ", METANEFFS)
              + " beside "
              + NEFF);
    }
    Neff neff = Neff.read(files.map(NEFF), files.location() + "/" + NEFF);
    String metaneff = metaneffs.getFirst();
    return new CompiledGraph(
        key, neff, metaneff(files.map(metaneff), files.location() + "/" + metaneff));
  }

  /** A metaneff that lies in memory. */
  static MetaNeff metaneff(MemorySegment bytes, String location) {
    if (bytes.byteSize() > LARGEST_METANEFF) {
      throw new InvalidModelException(
          location + " has " + bytes.byteSize() + " bytes, more than a metaneff can have");
    }
    return MetaNeffReader.read(bytes.toArray(ValueLayout.JAVA_BYTE), location);
  }

  private static String shown(Path path) {
    return Quote.escape(path.toString());
  }
}

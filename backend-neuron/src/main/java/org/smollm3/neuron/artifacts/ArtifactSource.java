package org.smollm3.neuron.artifacts;

import java.nio.file.Path;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.NeuronConfigReader;
import org.smollm3.spi.ModelFiles;

/** Where compiled graphs come from. */
public sealed interface ArtifactSource {
  /** An empty file in a folder: its graphs were compiled without a layout transformation. */
  String NO_LAYOUT_TRANSFORMATION = "no_layout_transformation";

  /** How messages name the place. */
  String location();

  /**
   * Reads and checks everything.
   *
   * @throws InvalidModelException if something is missing, broken or does not go together
   */
  Artifacts read();

  /**
   * What a folder holds: pairs of NEFF and metaneff where there are any, else {@code model.pt}.
   * Pairs come first since they are what one exports where a model.pt cannot be read.
   *
   * @throws InvalidModelException if it is no folder or holds neither
   */
  static ArtifactSource of(Path folder) {
    ModelFiles files = FolderFiles.open(folder);
    if (GraphKeys.ALL.stream().anyMatch(key -> files.folder(key).isPresent())) {
      return new NeffFolder(folder);
    }
    if (files.contains(ModelPt.FILE)) {
      return new Export(folder);
    }
    String bundles =
        files.names().stream().anyMatch(name -> name.matches("model_.*\\.pt"))
            ? " (exports of several bundles cannot be read)"
            : "";
    throw new InvalidModelException(
        files.location()
            + " holds no compiled graphs: neither "
            + ModelPt.FILE
            + " nor a folder of any of "
            + GraphKeys.ALL
            + bundles);
  }

  /** An export of Optimum Neuron: neuron_config.json and model.pt. */
  record Export(Path folder) implements ArtifactSource {
    @Override
    public String location() {
      return FolderFiles.open(folder).location();
    }

    @Override
    public Artifacts read() {
      ModelFiles files = FolderFiles.open(folder);
      ModelPt model = ModelPt.read(folder.resolve(ModelPt.FILE));
      return new Artifacts(
          files.location() + "/" + ModelPt.FILE,
          NeuronConfigReader.read(files),
          model.graphs(),
          model.layoutTransformation());
    }
  }

  /** neuron_config.json and a folder per graph, see {@link NeffFolderReader}. */
  record NeffFolder(Path folder) implements ArtifactSource {
    @Override
    public String location() {
      return FolderFiles.open(folder).location();
    }

    @Override
    public Artifacts read() {
      return NeffFolderReader.read(folder);
    }
  }
}

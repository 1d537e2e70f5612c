package org.smollm3.checkpoint;

import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.ModelFiles;

/** The weights of a snapshot: whole, to be run over any ranks, or already cut for some. */
public sealed interface ModelWeights permits CheckpointWeights, ShardedCheckpoint {
  /**
   * Opens and checks the weights of a snapshot: whole ones where it has them, else the shards in
   * its folder {@code weights}, or {@code checkpoint/weights}, where Optimum Neuron's exports have
   * them.
   *
   * @throws InvalidModelException if there are neither, or they do not fit the configuration
   */
  static ModelWeights open(SmolLm3Config config, ModelFiles files) {
    if (!Checkpoint.isIn(files)) {
      Optional<ModelFiles> shards =
          files
              .folder(ShardedCheckpoint.FOLDER)
              .filter(ShardedCheckpoint::isIn)
              .or(
                  () ->
                      files
                          .folder(ShardedCheckpoint.EXPORT_FOLDER)
                          .flatMap(export -> export.folder(ShardedCheckpoint.FOLDER))
                          .filter(ShardedCheckpoint::isIn));
      if (shards.isPresent()) {
        return ShardedCheckpoint.open(config, shards.get());
      }
    }
    return CheckpointWeights.of(config, Checkpoint.open(files));
  }

  /** Where they are, for messages. */
  String location();

  /** Whether weights are stored as int8 with scales. */
  boolean isQuantized();

  /** The one sharding that they can be run with; empty if there is a choice. */
  Optional<Sharding> fixedSharding();

  /**
   * The weights of a program.
   *
   * @throws org.smollm3.error.InvalidRequestException if the weights are cut for another sharding
   */
  ProgramWeights sharded(Sharding sharding);
}

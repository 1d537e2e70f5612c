package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.TensorSpec;

/** The weights of a program over some ranks: what {@code Backend.load} takes. */
public sealed interface ProgramWeights extends WeightSource
    permits ShardedWeights, ShardedCheckpoint {
  /** The sharding these weights are for. */
  Sharding sharding();

  /** The weights as every rank sees them: names of {@link WeightNames}, types as stored. */
  List<TensorSpec> specs();

  /** The weights that every rank of a model has, in one type, before any file is read. */
  static List<TensorSpec> specs(SmolLm3Config config, Sharding sharding, DType dtype) {
    List<TensorSpec> specs = new ArrayList<>();
    ShardLayout.of(config, sharding)
        .parts()
        .forEach((name, part) -> specs.add(new TensorSpec(name, dtype, part.shape())));
    return List.copyOf(specs);
  }
}

package org.smollm3.checkpoint;

import java.util.List;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.TensorSpec;

/** The weights of a program over some ranks: what {@code Backend.load} takes. */
public sealed interface ProgramWeights extends WeightSource
    permits ShardedWeights, ShardedCheckpoint {
  /** The sharding these weights are for. */
  Sharding sharding();

  /** The weights as every rank sees them: names of {@link WeightNames}, types as stored. */
  List<TensorSpec> specs();
}

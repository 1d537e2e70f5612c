package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.TensorSpec;
import org.smollm3.testdata.TestData;

/** Checkpoints as transformers writes them. */
class PublishedCheckpointsTest {
  private static ShardedWeights weights(Path folder) {
    FolderFiles files = FolderFiles.open(folder);
    SmolLm3Config config =
        SmolLm3ConfigReader.read(files.text("config.json"), folder + "/config.json");
    return CheckpointWeights.of(config, Checkpoint.open(files)).sharded(Sharding.NONE);
  }

  private static void assertEveryWeightCanBeRead(ShardedWeights weights) {
    for (TensorSpec spec : weights.specs()) {
      WeightView view = weights.weight(spec.name(), 0);
      assertThat(view.dtype()).isEqualTo(spec.dtype());
      assertThat(view.shape()).isEqualTo(spec.shape());
      assertThat(view.asContiguous()).isPresent();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bf16-gqa-nope",
        "bf16-true-ratios",
        "gqa-nope",
        "mha-bias-untied",
        "mqa-headdim",
        "rope-linear",
        "rope-llama3",
        "rope-yarn",
        "sliding-window",
        "true-ratios"
      })
  void readsTheGoldenModels(String name) {
    assertEveryWeightCanBeRead(weights(TestData.golden("models/" + name)));
  }

  @Test
  void readsTheEmbeddedModel() {
    ShardedWeights weights = weights(TestData.tiny());
    assertEveryWeightCanBeRead(weights);
    assertThat(weights.specs()).hasSize(3 + 8 * 9);
  }

  @Test
  void readsStories260K() {
    assertEveryWeightCanBeRead(weights(TestData.sharedFixture("stories260K")));
  }

  @Test
  void readsShardsOfTransformers() {
    Path folder = TestData.sharedFixture("sharded-random");
    assertEveryWeightCanBeRead(weights(folder));

    Checkpoint checkpoint = Checkpoint.open(FolderFiles.open(folder));
    Set<String> files = new HashSet<>();
    checkpoint.specs().keySet().forEach(name -> files.add(checkpoint.fileOf(name)));
    assertThat(files).hasSize(4);
    assertThat(checkpoint.byteSize()).isEqualTo(759_936);
    assertThat(checkpoint.specs().get("model.norm.weight").dtype()).isEqualTo(DType.BF16);
  }

  @Test
  void theNamesOfTheRealModelAgreeBothWays() {
    FolderFiles files = FolderFiles.open(TestData.sharedFixture("smollm3-3b-metadata"));
    SmolLm3Config config = SmolLm3ConfigReader.read(files.text("config.json"), "config.json");
    ShardIndex index = ShardIndex.parse(files.text(Checkpoint.INDEX_FILE), "index");

    List<String> names = new ArrayList<>();
    long bytes = 0;
    for (WeightNames.Weight weight : WeightNames.of(config)) {
      if (!weight.name().equals(WeightNames.LM_HEAD)) {
        names.add(weight.checkpointName());
        bytes += 2 * weight.shape().elementCount();
      }
    }
    assertThat(names).hasSize(326).containsExactlyInAnyOrderElementsOf(index.weightMap().keySet());
    assertThat(index.totalSize()).hasValue(bytes).hasValue(6_150_197_248L);
    assertThat(new HashSet<>(index.weightMap().values())).hasSize(2);
  }
}

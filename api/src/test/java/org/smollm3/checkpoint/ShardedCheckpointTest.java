package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.Sharding.Qkv;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class ShardedCheckpointTest {
  private static final String NORM = "layers.1.input_layernorm.weight";
  private static final String KEYS = "layers.0.self_attn.qkv_proj.k_proj.weight";
  private static final String LAYER_RANK = "layers.1.self_attn.rank_util.rank";

  @TempDir Path folder;
  private Path shards;

  @BeforeEach
  void cutForTwo() {
    SmallModel.odd().write(folder.resolve("model"));
    shards = cut(2, Qkv.SEPARATE).resolve("weights");
  }

  private Path cut(int degree, Qkv qkv) {
    Path out = folder.resolve("out" + degree + qkv);
    Sharder.of(
            FolderFiles.open(folder.resolve("model")), Sharding.of(degree, qkv), Optional.empty())
        .write(out, bytes -> {});
    return out;
  }

  private Path file(int rank) {
    return shards.resolve(ShardedCheckpoint.fileName(rank));
  }

  private ShardedCheckpoint open() {
    return open(SmallModel.odd().config());
  }

  private ShardedCheckpoint open(SmolLm3Config config) {
    return ShardedCheckpoint.open(config, FolderFiles.open(shards));
  }

  private void assertRefused(String message) {
    assertThatThrownBy(this::open)
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(shards + message);
  }

  /** Writes a rank's file anew with one tensor put in, replaced or, if empty, removed. */
  private void change(int rank, String name, Optional<HostTensor> tensor) {
    Safetensors old =
        Safetensors.parse(FolderFiles.open(shards).map(ShardedCheckpoint.fileName(rank)), "old");
    Map<String, HostTensor> tensors = new LinkedHashMap<>(old.tensors());
    tensor.ifPresentOrElse(value -> tensors.put(name, value), () -> tensors.remove(name));
    SafetensorsWriter.write(file(rank), tensors);
  }

  private void change(int rank, String name, DType type, long... shape) {
    change(rank, name, Optional.of(HostTensor.zeros(type, Shape.of(shape))));
  }

  @Test
  void everyWeightIsOnePieceOfItsFile() {
    ShardedCheckpoint opened = open();

    assertThat(opened.sharding()).isEqualTo(Sharding.of(2, Qkv.SEPARATE));
    assertThat(opened.specs()).extracting(Object::toString).contains("norm.weight F32[5]");
    WeightView view = opened.weight(KEYS, 1);
    assertThat(view.asContiguous()).isPresent();
    assertThat(view.identity()).isEqualTo("tp1_sharded_checkpoint.safetensors:" + KEYS);
    assertThatThrownBy(() -> opened.weight(KEYS, 2))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(shards + " has no weight '" + KEYS + "' for rank 2");
    assertThatThrownBy(() -> opened.weight("rank_util.rank", 0))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(shards + " has no weight 'rank_util.rank' for rank 0");
  }

  @Test
  void fusedProjectionsShowInTheNames() {
    shards = cut(3, Qkv.FUSED).resolve("weights");

    assertThat(open().sharding()).isEqualTo(Sharding.of(3, Qkv.FUSED));
    change(1, KEYS, DType.F32, 2, 5);
    assertRefused(
        "/tp1_sharded_checkpoint.safetensors: tensor '"
            + KEYS
            + "' is not part of the model in config.json with fused projections");
  }

  @Test
  void anotherShardingIsRefusedByTheOneThereIs() {
    ShardedCheckpoint opened = open();

    assertThat(opened.sharded(Sharding.of(2, Qkv.SEPARATE))).isSameAs(opened);
    assertThatThrownBy(() -> opened.sharded(Sharding.of(1, Qkv.FUSED)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            shards
                + " is cut for 2 ranks with separate projections, not for 1 rank with fused"
                + " projections; shard the original checkpoint again for that");
    assertThatThrownBy(() -> opened.sharded(Sharding.of(2, Qkv.FUSED)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("not for 2 ranks with fused projections");
  }

  @Test
  void theFirstFileIsMissing() throws IOException {
    Files.delete(file(0));
    assertRefused(
        " has no tp0_sharded_checkpoint.safetensors, but tp1_sharded_checkpoint.safetensors; the"
            + " files of all ranks are needed");
  }

  @Test
  void aFileInTheMiddleIsMissing() throws IOException {
    shards = cut(3, Qkv.SEPARATE).resolve("weights");
    Files.delete(file(1));
    assertRefused(
        " has no tp1_sharded_checkpoint.safetensors, but tp2_sharded_checkpoint.safetensors; the"
            + " files of all ranks are needed");
  }

  @Test
  void theLastFileIsMissing() throws IOException {
    shards = cut(3, Qkv.FUSED).resolve("weights");
    Files.delete(file(2));
    assertRefused(
        " has the files of 2 ranks, but they are cut for 3 ranks;"
            + " tp2_sharded_checkpoint.safetensors is missing");
  }

  @Test
  void allFilesAreMissing() throws IOException {
    Files.delete(file(0));
    Files.delete(file(1));
    assertRefused(" has no tp0_sharded_checkpoint.safetensors; the files of all ranks are needed");
  }

  @Test
  void aFileTooMany() throws IOException {
    Files.copy(file(1), file(2));
    assertRefused(
        " has the files of 3 ranks, but they are cut for 2 ranks;"
            + " tp2_sharded_checkpoint.safetensors is one too many");
  }

  @Test
  void aFileOfAnotherDegree() throws IOException {
    Files.copy(
        cut(3, Qkv.SEPARATE).resolve("weights").resolve(ShardedCheckpoint.fileName(1)),
        file(1),
        StandardCopyOption.REPLACE_EXISTING);
    assertRefused(
        "/tp1_sharded_checkpoint.safetensors: tensor 'embed_tokens.weight' has the shape [7, 2],"
            + " wanted [7, 3] for rank 1 of 2");
  }

  @Test
  void aFileWithTheOtherProjections() throws IOException {
    Files.copy(
        cut(2, Qkv.FUSED).resolve("weights").resolve(ShardedCheckpoint.fileName(1)),
        file(1),
        StandardCopyOption.REPLACE_EXISTING);
    assertRefused(
        "/tp1_sharded_checkpoint.safetensors: tensor"
            + " 'layers.0.self_attn.qkv_proj.q_proj.weight' is missing, wanted the shape [4, 5]"
            + " for rank 1 of 2");
  }

  @Test
  void filesThatChangedPlaces() throws IOException {
    Path aside = folder.resolve("aside");
    Files.move(file(0), aside);
    Files.move(file(1), file(0));
    Files.move(aside, file(1));
    assertRefused(
        "/tp0_sharded_checkpoint.safetensors: tensor 'rank_util.rank' says rank 1; the file was"
            + " renamed");
  }

  @Test
  void theRankOfALayer() {
    change(1, LAYER_RANK, Optional.empty());
    assertThat(open().specs()).isNotEmpty();
    change(1, LAYER_RANK, DType.I32, 1);
    assertRefused(
        "/tp1_sharded_checkpoint.safetensors: tensor '"
            + LAYER_RANK
            + "' says rank 0; the file was renamed");
  }

  @Test
  void noRank() {
    change(1, "rank_util.rank", Optional.empty());
    assertRefused("/tp1_sharded_checkpoint.safetensors: tensor 'rank_util.rank' is missing");
    change(1, "rank_util.rank", DType.I64, 1);
    assertRefused(
        "/tp1_sharded_checkpoint.safetensors: tensor 'rank_util.rank' is I64[1], wanted I32[1]");
  }

  @Test
  void typesDifferBetweenRanks() {
    change(1, NORM, DType.BF16, 5);
    assertRefused(
        "/tp1_sharded_checkpoint.safetensors: tensor '"
            + NORM
            + "' is BF16, but rank 0 has it in F32");
  }

  @Test
  void anUnsupportedType() {
    change(0, NORM, DType.F64, 5);
    assertRefused(
        "/tp0_sharded_checkpoint.safetensors: tensor '"
            + NORM
            + "' is F64, wanted F32, BF16 or F16");
  }

  @Test
  void aMissingAMisshapenAndASurplusTensor() {
    change(0, NORM, Optional.empty());
    assertRefused(
        "/tp0_sharded_checkpoint.safetensors: tensor '"
            + NORM
            + "' is missing, wanted the shape [5] for rank 0 of 2");
    change(0, NORM, DType.F32, 6);
    assertRefused(
        "/tp0_sharded_checkpoint.safetensors: tensor '"
            + NORM
            + "' has the shape [6], wanted [5] for rank 0 of 2");
    change(0, NORM, DType.F32, 5);
    change(0, "layers.2.input_layernorm.weight", DType.F32, 5);
    assertRefused(
        "/tp0_sharded_checkpoint.safetensors: tensor 'layers.2.input_layernorm.weight' is not part"
            + " of the model in config.json");
  }

  @Test
  void shardsOfAnotherModel() {
    SmallModel other = new SmallModel(8, 5, 9, 2, 3, 1, 2, true, true);
    assertThatThrownBy(() -> open(new SmallModel(7, 5, 9, 1, 3, 1, 2, true, true).config()))
        .hasMessageContaining("is not part of the model in config.json");
    assertThatThrownBy(() -> open(other.config()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageEndingWith(
            "tensor 'embed_tokens.weight' has the shape [7, 3], wanted [8, 3] for rank 0 of 2");
  }

  @Test
  void aFileCutShort() throws IOException {
    byte[] bytes = Files.readAllBytes(file(1));
    Files.write(file(1), java.util.Arrays.copyOf(bytes, bytes.length - 1));
    assertThatThrownBy(this::open)
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith(file(1) + ": tensor ");
  }

  @Test
  void filesOfOtherNamesAreNoRanks() throws IOException {
    Files.writeString(shards.resolve("README.md"), "x");
    Files.writeString(shards.resolve("tp00_sharded_checkpoint.safetensors"), "x");
    assertThat(open().sharding().degree()).isEqualTo(2);
  }

  @Test
  void wholeWeightsComeBeforeShards() {
    Path out = folder.resolve("out2SEPARATE");
    SmolLm3Config config = SmallModel.odd().config();
    assertThat(ModelWeights.open(config, FolderFiles.open(out)))
        .isInstanceOf(ShardedCheckpoint.class);
    SafetensorsWriter.write(out.resolve(Checkpoint.SINGLE_FILE), SmallModel.odd().tensors());

    ModelWeights weights = ModelWeights.open(config, FolderFiles.open(out));
    assertThat(weights).isInstanceOf(CheckpointWeights.class);
    assertThat(weights.fixedSharding()).isEmpty();
  }

  @Test
  void aFolderOfWeightsWithoutShardsIsNoModel() throws IOException {
    Path model = Files.createDirectories(folder.resolve("m/weights")).getParent();
    assertThatThrownBy(() -> ModelWeights.open(SmallModel.odd().config(), FolderFiles.open(model)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            model
                + " has neither model.safetensors nor model.safetensors.index.json; only"
                + " safetensors checkpoints can be read");
  }
}

package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.Sharding.Qkv;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;
import org.smollm3.testdata.TestData;

class SharderTest {
  private static final Sharding TWO = Sharding.of(2, Qkv.SEPARATE);
  private static final String DOWN = "layers.1.mlp.down_proj.weight";

  @TempDir Path folder;

  private static void shard(Path model, Path out, Sharding sharding) {
    Sharder.of(FolderFiles.open(model), sharding, Optional.empty()).write(out, bytes -> {});
  }

  private static ShardedCheckpoint open(Path out) {
    ModelFiles files = FolderFiles.open(out);
    return (ShardedCheckpoint) ModelWeights.open(SmolLm3ConfigReader.read(files), files);
  }

  private Path odd() {
    Path model = folder.resolve("model");
    SmallModel.odd().write(model);
    return model;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> inside = Files.walk(folder)) {
      return inside
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  @Provide
  Arbitrary<SmallModel> models() {
    return SmallModel.any();
  }

  @Property(tries = 40)
  void whatIsReadIsWhatWasCut(
      @ForAll("models") SmallModel model,
      @ForAll @IntRange(min = 1, max = 9) int degree,
      @ForAll Qkv qkv)
      throws IOException {
    Path temporary = Files.createTempDirectory("sharder");
    try {
      model.write(temporary.resolve("model"));
      Sharding sharding = Sharding.of(degree, qkv);
      shard(temporary.resolve("model"), temporary.resolve("out"), sharding);

      ShardedCheckpoint shards = open(temporary.resolve("out"));
      ShardedWeights whole = model.weights().sharded(sharding);
      assertThat(shards.sharding()).isEqualTo(sharding);
      assertThat(shards.fixedSharding()).contains(sharding);
      assertThat(shards.specs()).isEqualTo(whole.specs());
      for (int rank = 0; rank < degree; rank++) {
        for (TensorSpec spec : whole.specs()) {
          assertThat(values(shards.weight(spec.name(), rank)))
              .as("%s on rank %d", spec.name(), rank)
              .containsExactly(values(whole.weight(spec.name(), rank)));
        }
      }
    } finally {
      try (Stream<Path> inside = Files.walk(temporary)) {
        for (Path path : inside.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private static float[] values(WeightView view) {
    HostTensor tensor = HostTensor.zeros(view.dtype(), view.shape());
    view.copyTo(tensor.segment());
    return tensor.toFloatArray();
  }

  @Test
  void theFolderIsAModel() throws IOException {
    Path out = folder.resolve("deep/out");
    shard(TestData.tiny(), out, Sharding.of(4, Qkv.FUSED));

    assertThat(names(out))
        .containsExactly(
            "chat_template.jinja",
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "weights/tp0_sharded_checkpoint.safetensors",
            "weights/tp1_sharded_checkpoint.safetensors",
            "weights/tp2_sharded_checkpoint.safetensors",
            "weights/tp3_sharded_checkpoint.safetensors");
    for (String name : List.of("config.json", "tokenizer.json", "chat_template.jinja")) {
      assertThat(out.resolve(name)).hasSameBinaryContentAs(TestData.tiny().resolve(name));
    }
    ShardedCheckpoint shards = open(out);
    assertThat(shards.sharding()).isEqualTo(Sharding.of(4, Qkv.FUSED));
    assertThat(shards.location()).isEqualTo(out + "/weights");
  }

  @Test
  void tensorsAreNamedAsOptimumNamesThem() {
    Path out = folder.resolve("out");
    shard(odd(), out, TWO);
    Safetensors second =
        Safetensors.parse(
            FolderFiles.open(out.resolve("weights")).map(ShardedCheckpoint.fileName(1)), "tp1");

    assertThat(second.metadata()).isEmpty();
    assertThat(second.tensors().values().stream().map(HostTensor::toString).distinct())
        .contains("I32[1]");
    assertThat(second.tensor("rank_util.rank").toIntArray()).containsExactly(1);
    assertThat(second.tensor("layers.1.self_attn.rank_util.rank").toIntArray()).containsExactly(1);
    // Tied, and yet a tensor of its own: other rows than its columns.
    assertThat(second.tensor("lm_head.weight")).hasToString("F32[4, 5]");
    assertThat(second.tensor("embed_tokens.weight")).hasToString("F32[7, 3]");
    assertThat(second.tensor("layers.0.self_attn.o_proj.o_proj.weight")).hasToString("F32[5, 4]");
  }

  @Test
  void progressAddsUpToTheSize() {
    Sharder sharder = Sharder.of(FolderFiles.open(odd()), TWO, Optional.empty());
    AtomicLong sum = new AtomicLong();
    sharder.write(folder.resolve("out"), sum::addAndGet);

    assertThat(sum.get()).isEqualTo(sharder.byteSize()).isPositive();
  }

  @Test
  void castsAndSaysSoInTheConfiguration() throws IOException {
    Path out = folder.resolve("out");
    Path model = odd();
    Sharder.of(FolderFiles.open(model), TWO, Optional.of(DType.BF16)).write(out, bytes -> {});

    ShardedCheckpoint shards = open(out);
    assertThat(shards.specs()).allMatch(spec -> spec.dtype() == DType.BF16);
    ShardedWeights whole = SmallModel.odd().weights().sharded(TWO);
    float[] wanted = values(whole.weight(DOWN, 1));
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = BFloat16.round(wanted[i]);
    }
    assertThat(values(shards.weight(DOWN, 1))).containsExactly(wanted);
    SmolLm3Config config = SmolLm3ConfigReader.read(FolderFiles.open(out));
    assertThat(config.dtype()).isEqualTo(DType.BF16);
    assertThat(config.rmsNormEps()).isEqualTo(1e-6);
    assertThat(Files.readString(out.resolve("config.json")))
        .contains("\"torch_dtype\" : \"bfloat16\"")
        .doesNotContain("\"dtype\"");
  }

  @Test
  void aCastToTheStoredTypeChangesNothing() {
    Path model = odd();
    Path out = folder.resolve("out");
    Sharder.of(FolderFiles.open(model), TWO, Optional.of(DType.F32)).write(out, bytes -> {});

    assertThat(out.resolve("config.json")).hasSameBinaryContentAs(model.resolve("config.json"));
  }

  @Test
  void onlyTwoTypesAreCastTo() {
    FolderFiles files = FolderFiles.open(odd());

    assertThatThrownBy(() -> Sharder.of(files, TWO, Optional.of(DType.F16)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("weights can be cast to F32 and BF16, not F16");
  }

  @Test
  void aFolderWithSomethingInItIsLeftAlone() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    Files.writeString(out.resolve("mine"), "x");
    Path model = odd();

    assertThatThrownBy(() -> shard(model, out, TWO))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(out + " is not empty; name a new folder or empty it");
    assertThat(names(out)).containsExactly("mine");
    assertThatThrownBy(() -> shard(model, out.resolve("mine"), TWO))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(out.resolve("mine") + " is a file; name a new folder");
    assertThatThrownBy(() -> shard(model, out.resolve("mine/deeper"), TWO))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("cannot write to " + out.resolve("mine/deeper") + ": ");
    assertThat(names(out)).containsExactly("mine");
  }

  @Test
  void anEmptyFolderIsUsed() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    shard(odd(), out, TWO);

    assertThat(names(out)).hasSize(3).contains("config.json");
  }

  @Test
  void whatFailsLeavesNothing() throws IOException {
    Path model = odd();
    ModelFiles broken = new Broken(FolderFiles.open(model));
    Path fresh = folder.resolve("fresh");
    Path empty = Files.createDirectory(folder.resolve("empty"));

    for (Path out : List.of(fresh, empty)) {
      assertThatThrownBy(() -> Sharder.of(broken, TWO, Optional.empty()).write(out, bytes -> {}))
          .isInstanceOf(InvalidModelException.class)
          .hasMessage("tokenizer.json is gone");
    }
    IllegalStateException stop = new IllegalStateException("stop");
    assertThatThrownBy(
            () ->
                Sharder.of(FolderFiles.open(model), TWO, Optional.empty())
                    .write(
                        fresh,
                        bytes -> {
                          throw stop;
                        }))
        .isSameAs(stop);
    assertThat(fresh).doesNotExist();
    assertThat(empty).isEmptyDirectory();
  }

  /** A snapshot whose tokenizer disappears when it is read. */
  private record Broken(ModelFiles files) implements ModelFiles {
    @Override
    public String location() {
      return files.location();
    }

    @Override
    public List<String> names() {
      return Stream.concat(files.names().stream(), Stream.of("tokenizer.json")).toList();
    }

    @Override
    public MemorySegment map(String name) {
      if (name.equals("tokenizer.json")) {
        throw new InvalidModelException("tokenizer.json is gone");
      }
      return files.map(name);
    }

    @Override
    public String text(String name) {
      return files.text(name);
    }
  }

  @Test
  void shardsAreNotCutAgain() {
    Path out = folder.resolve("out");
    shard(odd(), out, TWO);

    assertThatThrownBy(() -> shard(out, folder.resolve("again"), TWO))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(out + "/weights is cut for 2 ranks already; give the original checkpoint");
    assertThat(folder.resolve("again")).doesNotExist();
  }

  @Test
  void typesThatCannotBeFusedAreRefusedBeforeAnythingIsWritten() throws IOException {
    Path model = odd();
    var tensors = SmallModel.odd().tensors();
    tensors.computeIfPresent(
        "model.layers.1.self_attn.v_proj.bias",
        (name, tensor) -> HostTensor.zeros(DType.F16, tensor.shape()));
    SafetensorsWriter.write(model.resolve(Checkpoint.SINGLE_FILE), tensors);

    assertThatThrownBy(() -> shard(model, folder.resolve("out"), Sharding.of(2, Qkv.FUSED)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageEndingWith("is F16 but it is fused with F32; use separate projections");
    assertThat(folder.resolve("out")).doesNotExist();
    shard(model, folder.resolve("out"), TWO);
    assertThat(open(folder.resolve("out")).sharding()).isEqualTo(TWO);
  }
}

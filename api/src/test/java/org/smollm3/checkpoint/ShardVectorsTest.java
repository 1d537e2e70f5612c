package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.Sharding.Qkv;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.testdata.TestData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Shards of golden models against hashes of a cut in numpy; how they were made stands in them. */
class ShardVectorsTest {
  private static final JsonNode VECTORS =
      JsonMapper.shared().readTree(TestData.golden("shards.json"));

  @TempDir static Path folder;

  private static Stream<DynamicTest> cases(
      boolean cast, java.util.function.Consumer<JsonNode> test) {
    return VECTORS
        .path("cases")
        .valueStream()
        .filter(vector -> cast || type(vector).isEmpty())
        .map(vector -> DynamicTest.dynamicTest(name(vector), () -> test.accept(vector)));
  }

  private static String name(JsonNode vector) {
    return vector.path("model").asString()
        + " at "
        + vector.path("tp").asInt()
        + ", "
        + vector.path("dtype").asString();
  }

  private static Optional<DType> type(JsonNode vector) {
    return switch (vector.path("dtype").asString()) {
      case "f32" -> Optional.of(DType.F32);
      case "bf16" -> Optional.of(DType.BF16);
      default -> Optional.empty();
    };
  }

  private static ModelFiles files(JsonNode vector) {
    return FolderFiles.open(TestData.golden("models").resolve(vector.path("model").asString()));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String hash(WeightView view) {
    HostTensor tensor = HostTensor.zeros(view.dtype(), view.shape());
    view.copyTo(tensor.segment());
    return sha256(tensor.segment().toArray(ValueLayout.JAVA_BYTE)).substring(0, 16);
  }

  @Test
  void coverEveryStrategyAndPaddingOfEveryKind() {
    assertThat(VECTORS.path("cases").valueStream().map(ShardVectorsTest::name))
        .hasSize(27)
        .contains(
            "true-ratios at 8, as stored", "mqa-headdim at 3, as stored", "gqa-nope at 2, bf16");
  }

  @TestFactory
  Stream<DynamicTest> views() {
    return cases(
        false,
        vector -> {
          ModelFiles files = files(vector);
          CheckpointWeights whole =
              CheckpointWeights.of(SmolLm3ConfigReader.read(files), Checkpoint.open(files));
          int degree = vector.path("tp").asInt();
          int seen = 0;
          for (Qkv qkv : Qkv.values()) {
            ShardedWeights weights = whole.sharded(Sharding.of(degree, qkv));
            for (var spec : weights.specs()) {
              JsonNode hashes = vector.path("tensors").path(spec.name());
              assertThat(hashes.size()).as(spec.name()).isEqualTo(degree);
              for (int rank = 0; rank < degree; rank++) {
                assertThat(hash(weights.weight(spec.name(), rank)))
                    .as("%s on rank %d", spec.name(), rank)
                    .isEqualTo(hashes.path(rank).asString());
                seen++;
              }
            }
          }
          assertThat(seen).isGreaterThan(degree * 2 * 30);
        });
  }

  @TestFactory
  Stream<DynamicTest> files() {
    return cases(
        true,
        vector -> {
          for (Qkv qkv : Qkv.values()) {
            int degree = vector.path("tp").asInt();
            Path out = folder.resolve(name(vector) + qkv);
            Sharder.of(files(vector), Sharding.of(degree, qkv), type(vector))
                .write(out, bytes -> {});
            JsonNode hashes = vector.path("files").path(qkv == Qkv.FUSED ? "fused" : "separate");
            for (int rank = 0; rank < degree; rank++) {
              Path file = out.resolve("weights").resolve(ShardedCheckpoint.fileName(rank));
              assertThat(sha256(read(file)))
                  .as("%s of rank %d", qkv, rank)
                  .isEqualTo(hashes.path(rank).asString());
            }
          }
        });
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

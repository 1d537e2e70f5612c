package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class QuantizerTest {
  /** Columns of more than a group; 2 ranks take whole groups of down and o, 4 do not. */
  private static final SmallModel MODEL = new SmallModel(5, 66, 128, 1, 2, 1, 64, true, true);

  private static final String UP = "model.layers.0.mlp.up_proj.weight";

  @TempDir Path folder;
  private Path original;
  private Path out;

  @BeforeEach
  void writeAModel() {
    original = folder.resolve("original");
    out = folder.resolve("out");
    MODEL.write(original);
  }

  private static CheckpointWeights open(Path from) {
    SmolLm3Config config = SmolLm3ConfigReader.read(FolderFiles.open(from));
    return (CheckpointWeights) ModelWeights.open(config, FolderFiles.open(from));
  }

  private CheckpointWeights quantized(Int8Format format) {
    Quantizer quantizer = Quantizer.of(FolderFiles.open(original), format);
    long[] written = new long[1];
    quantizer.write(out, bytes -> written[0] += bytes);
    assertThat(written[0]).isEqualTo(quantizer.byteSize());
    return open(out);
  }

  @ParameterizedTest
  @EnumSource
  void matricesAreRoundedAndTheRestStays(Int8Format format) {
    CheckpointWeights weights = quantized(format);
    CheckpointWeights whole = open(original);

    assertThat(weights.isQuantized()).isTrue();
    assertThat(whole.isQuantized()).isFalse();
    ProgramWeights mine = weights.sharded(Sharding.NONE);
    for (TensorSpec spec : mine.specs()) {
      WeightView view = mine.weight(spec.name(), 0);
      HostTensor stored = whole.sharded(Sharding.NONE).weight(spec.name(), 0).toHost();
      assertThat(spec.dtype()).isEqualTo(DType.F32);
      ProgramChecks.checkQuantizableWeight(spec, view);
      if (spec.shape().rank() == 2) {
        assertThat(view.scales().orElseThrow().format()).isEqualTo(format);
        HostTensor rounded = view.dequantized();
        HostTensor scales = view.scales().get().values().toHost();
        long k = spec.shape().dim(1);
        for (long i = 0; i < stored.size(); i++) {
          long scale = i / k * format.scales(k) + format.scaleOf(i % k);
          assertThat(Math.abs(rounded.getFloat(i) - stored.getFloat(i)))
              .isLessThanOrEqualTo(scales.getFloat(scale) / 2);
        }
        assertThatThrownBy(() -> ProgramChecks.checkWeight(spec, view))
            .isInstanceOf(InvalidModelException.class)
            .hasMessageContaining("is stored as int8, which this backend cannot read");
      } else {
        assertThat(view.scales()).isEmpty();
        assertThat(view.toHost().segment().mismatch(stored.segment())).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void ranksTakeTheirPartsOfTheSameNumbers(Int8Format format) {
    CheckpointWeights weights = quantized(format);
    ProgramWeights one = weights.sharded(Sharding.NONE);
    ProgramWeights two = weights.sharded(Sharding.of(2, Sharding.Qkv.SEPARATE));
    HostTensor down = one.weight("layers.0.mlp.down_proj.weight", 0).dequantized();
    HostTensor gate = one.weight("layers.0.mlp.gate_proj.weight", 0).dequantized();
    HostTensor head = one.weight("lm_head.weight", 0).dequantized();
    for (int rank = 0; rank < 2; rank++) {
      HostTensor columns = two.weight("layers.0.mlp.down_proj.weight", rank).dequantized();
      HostTensor rows = two.weight("layers.0.mlp.gate_proj.weight", rank).dequantized();
      assertThat(rows.segment().mismatch(gate.rows(64L * rank, 64L * rank + 64).segment()))
          .isEqualTo(-1);
      for (int i = 0; i < 66; i++) {
        for (int j = 0; j < 64; j++) {
          assertThat(columns.getFloat(64L * i + j))
              .isEqualTo(down.getFloat(128L * i + 64L * rank + j));
        }
      }
      HostTensor vocabulary = two.weight("lm_head.weight", rank).dequantized();
      for (long i = 0; i < 3 * 66; i++) {
        long at = 3 * 66 * rank + i;
        assertThat(vocabulary.getFloat(i)).isEqualTo(at < head.size() ? head.getFloat(at) : 0);
      }
    }
  }

  @Test
  void ranksThatWouldCutAGroupAreRefused() {
    ProgramWeights four =
        quantized(Int8Format.GROUP_32).sharded(Sharding.of(3, Sharding.Qkv.SEPARATE));
    assertThatThrownBy(() -> four.weight("layers.0.mlp.down_proj.weight", 1))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            out
                + ": 3 ranks would cut 'layers.0.mlp.down_proj.weight' inside a group of 32"
                + " columns; take another number of ranks, or quantise with one scale for each"
                + " row");
  }

  @Test
  void theConfigurationSaysSoAndOtherMethodsAreRefused() throws Exception {
    quantized(Int8Format.GROUP_32);
    String json = Files.readString(out.resolve("config.json"));
    assertThat(json).contains("\"quant_method\" : \"smollm3-int8\"", "\"int8-group32\"");
    assertThatThrownBy(
            () -> SmolLm3ConfigReader.read(json.replace("smollm3-int8", "gptq"), "config.json"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("a quantization_config of the method 'gptq'");
  }

  @Test
  void whatIsNotToBeRoundedIsRefused() {
    quantized(Int8Format.ROW);
    assertThatThrownBy(() -> Quantizer.of(FolderFiles.open(out), Int8Format.ROW))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(out + " is quantised already; give the original checkpoint");
    assertThatThrownBy(() -> Sharder.of(FolderFiles.open(out), Sharding.NONE, Optional.empty()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(out + " is quantised; shard the checkpoint that it was made of");
    Path shards = folder.resolve("shards");
    Sharder.of(FolderFiles.open(original), Sharding.of(2, Sharding.Qkv.SEPARATE), Optional.empty())
        .write(shards, bytes -> {});
    assertThatThrownBy(() -> Quantizer.of(FolderFiles.open(shards), Int8Format.ROW))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageEndingWith("is cut for ranks; give the original checkpoint");
    assertThatThrownBy(
            () ->
                Quantizer.of(FolderFiles.open(original), Int8Format.ROW)
                    .write(original, bytes -> {}))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("is not empty");
  }

  @Test
  void aWeightThatIsNotFiniteIsNamedAndNothingIsLeft() {
    Map<String, HostTensor> tensors = MODEL.tensors();
    Optional.ofNullable(tensors.get(UP)).orElseThrow().setFloat(66 * 3 + 4, Float.NaN);
    SafetensorsWriter.write(original.resolve(Checkpoint.SINGLE_FILE), tensors);
    Quantizer quantizer = Quantizer.of(FolderFiles.open(original), Int8Format.ROW);
    assertThatThrownBy(() -> quantizer.write(out, bytes -> {}))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            original
                + ": tensor '"
                + UP
                + "' is NaN in row 3, column 4; int8 weights must be finite");
    assertThat(out).doesNotExist();
  }

  /** Opens the quantised model with other tensors. */
  private CheckpointWeights tampered(Consumer<Map<String, HostTensor>> change) {
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    Safetensors file =
        Safetensors.parse(FolderFiles.open(out).map(Checkpoint.SINGLE_FILE), "model");
    file.tensors().forEach((name, tensor) -> tensors.put(name, tensor.copy()));
    change.accept(tensors);
    SafetensorsWriter.write(out.resolve(Checkpoint.SINGLE_FILE), tensors);
    return open(out);
  }

  private void refused(Consumer<Map<String, HostTensor>> change, String message) {
    assertThatThrownBy(() -> tampered(change))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(out + ": " + message);
  }

  @Test
  void aMissingScaleIsRefused() {
    quantized(Int8Format.GROUP_32);
    refused(
        tensors -> tensors.remove(UP + "_scale"),
        "tensor '"
            + UP
            + "_scale' is missing, wanted BF16[128, 1] or BF16[128, 3] beside the I8 of '"
            + UP
            + "'");
  }

  @Test
  void scalesOfAnotherShapeOrTypeAreRefused() {
    quantized(Int8Format.GROUP_32);
    String wanted = ", wanted BF16[128, 1] or BF16[128, 3]";
    refused(
        tensors -> tensors.put(UP + "_scale", HostTensor.zeros(DType.BF16, Shape.of(128, 2))),
        "tensor '" + UP + "_scale' is BF16[128, 2]" + wanted);
    refused(
        tensors -> tensors.put(UP + "_scale", HostTensor.zeros(DType.F32, Shape.of(128, 3))),
        "tensor '" + UP + "_scale' is F32[128, 3]" + wanted);
  }

  @Test
  void int8IsForMatricesOnlyAndScalesForInt8() {
    quantized(Int8Format.ROW);
    String norm = "model.norm.weight";
    refused(
        tensors -> tensors.put(norm, HostTensor.zeros(DType.I8, Shape.of(66))),
        "tensor '" + norm + "' is I8, wanted F32, BF16 or F16");
    quantizedAgain();
    refused(
        tensors -> tensors.put(UP, HostTensor.zeros(DType.F32, Shape.of(128, 66))),
        "tensor '" + UP + "_scale' of the shape [128, 1] is not part of the model in config.json");
  }

  private void quantizedAgain() {
    out = folder.resolve("again");
    quantized(Int8Format.ROW);
  }

  @Test
  void aScaleThatIsNoScaleIsRefusedWhereItIsRead() {
    quantized(Int8Format.ROW);
    WeightView view =
        tampered(
                tensors ->
                    Optional.ofNullable(tensors.get(UP + "_scale"))
                        .orElseThrow()
                        .setFloat(7, Float.NEGATIVE_INFINITY))
            .sharded(Sharding.NONE)
            .weight("layers.0.mlp.up_proj.weight", 0);
    assertThatThrownBy(view::dequantized)
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            "weight '"
                + UP
                + "': the scale of row 7 is -Infinity, wanted a finite one of 0 or more");
  }
}

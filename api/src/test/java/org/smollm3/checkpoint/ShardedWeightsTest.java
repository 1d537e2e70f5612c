package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.Sharding.Qkv;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;
import org.smollm3.testdata.OptimumHeads;

class ShardedWeightsTest {
  private static final String LAYER = "layers.1.self_attn.qkv_proj.";

  @Provide
  Arbitrary<SmallModel> models() {
    return SmallModel.any();
  }

  private static HostTensor materialised(WeightView view) {
    HostTensor tensor = HostTensor.zeros(view.dtype(), view.shape());
    view.copyTo(tensor.segment());
    return tensor;
  }

  /** Which indices a rank takes, one by one; -1 for padding. */
  private static final class Indices {
    private final SmallModel model;
    private final OptimumHeads heads;
    private final int degree;
    private final int rank;

    Indices(SmallModel model, int degree, int rank) {
      this.model = model;
      this.heads = OptimumHeads.of(model.heads(), model.kvHeads(), degree);
      this.degree = degree;
      this.rank = rank;
    }

    private static int[] all(int size) {
      return IntStream.range(0, size).toArray();
    }

    private int[] part(int size) {
      int local = (size + degree - 1) / degree;
      return IntStream.range(rank * local, (rank + 1) * local)
          .map(i -> i < size ? i : -1)
          .toArray();
    }

    private int[] ofHeads(List<Integer> places) {
      int local = places.size() / degree;
      return places.subList(rank * local, (rank + 1) * local).stream()
          .flatMapToInt(
              head ->
                  IntStream.range(0, model.headDim())
                      .map(i -> head < 0 ? -1 : head * model.headDim() + i))
          .toArray();
    }

    int[] rows(String name, int size) {
      if (name.contains("q_proj")) {
        return ofHeads(heads.queries());
      }
      if (name.contains("k_proj") || name.contains("v_proj")) {
        return ofHeads(heads.keyValues());
      }
      boolean split =
          name.equals("lm_head.weight") || name.contains("gate_proj") || name.contains("up_proj");
      return split ? part(size) : all(size);
    }

    int[] columns(String name, int size) {
      if (name.contains("o_proj.weight")) {
        return ofHeads(heads.queries());
      }
      boolean split = name.contains("embed_tokens") || name.contains("down_proj.weight");
      return split ? part(size) : all(size);
    }
  }

  /** The values that a rank must have of one or, for a fused weight, three whole weights. */
  private static float[] naiveCut(
      SmallModel model, Map<String, HostTensor> tensors, String name, int degree, int rank) {
    List<String> sources =
        name.contains("Wqkv")
            ? List.of(
                name.replace("Wqkv", "q_proj"),
                name.replace("Wqkv", "k_proj"),
                name.replace("Wqkv", "v_proj"))
            : List.of(name);
    Indices indices = new Indices(model, degree, rank);
    List<Float> values = new ArrayList<>();
    for (String source : sources) {
      String stored = source.replace("qkv_proj.", "").replace("o_proj.o_proj", "o_proj");
      if (!stored.equals("lm_head.weight")) {
        stored = "model." + stored;
      } else if (model.tied()) {
        stored = "model.embed_tokens.weight";
      }
      HostTensor whole = tensors.get(stored);
      int width = whole.shape().rank() == 1 ? 1 : whole.shape().intDim(1);
      int[] columns = whole.shape().rank() == 1 ? new int[] {0} : indices.columns(source, width);
      for (int row : indices.rows(source, whole.shape().intDim(0))) {
        for (int column : columns) {
          boolean real = row >= 0 && column >= 0;
          values.add(real ? whole.getFloat((long) row * width + column) : 0f);
        }
      }
    }
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  @Property(tries = 150)
  void everyRankHoldsWhatANaiveCutGives(
      @ForAll("models") SmallModel model,
      @ForAll @IntRange(min = 1, max = 9) int degree,
      @ForAll Qkv qkv) {
    ShardedWeights weights = model.weights().sharded(Sharding.of(degree, qkv));

    Map<String, HostTensor> tensors = model.tensors();
    assertThat(weights.sharding()).isEqualTo(Sharding.of(degree, qkv));
    for (int rank = 0; rank < degree; rank++) {
      for (TensorSpec spec : weights.specs()) {
        WeightView view = weights.weight(spec.name(), rank);
        assertThat(view.shape()).isEqualTo(spec.shape());
        assertThat(view.dtype()).isEqualTo(spec.dtype());
        assertThat(materialised(view).toFloatArray())
            .as("%s on rank %d of %d", spec.name(), rank, degree)
            .containsExactly(naiveCut(model, tensors, spec.name(), degree, rank));
      }
    }
  }

  /** Values are all different, so equal bytes mean one place in the checkpoint. */
  @Property(tries = 150)
  void oneIdentityIsOnePlaceInTheCheckpoint(
      @ForAll("models") SmallModel model,
      @ForAll @IntRange(min = 1, max = 9) int degree,
      @ForAll Qkv qkv) {
    ShardedWeights weights = model.weights().sharded(Sharding.of(degree, qkv));
    Map<String, String> bytesByIdentity = new HashMap<>();
    Map<String, String> identityByBytes = new HashMap<>();
    for (int rank = 0; rank < degree; rank++) {
      for (TensorSpec spec : weights.specs()) {
        WeightView view = weights.weight(spec.name(), rank);
        float[] values = materialised(view).toFloatArray();
        String bytes = view.shape() + java.util.Arrays.toString(values);
        assertThat(bytesByIdentity.putIfAbsent(view.identity(), bytes)).isIn(null, bytes);
        boolean onlyPadding = IntStream.range(0, values.length).allMatch(i -> values[i] == 0);
        if (!onlyPadding) {
          assertThat(identityByBytes.putIfAbsent(bytes, view.identity()))
              .isIn(null, view.identity());
        }
      }
    }
  }

  @Test
  void tiedEmbeddingsOfOneRankAreOneMemory() {
    ShardedWeights weights = SmallModel.odd().weights().sharded(Sharding.of(1, Qkv.FUSED));

    WeightView head = weights.weight("lm_head.weight", 0);
    WeightView table = weights.weight("embed_tokens.weight", 0);
    assertThat(head.identity()).isEqualTo(table.identity()).isEqualTo("model.embed_tokens.weight");
    assertThat(head.asContiguous().map(MemorySegment::address))
        .isEqualTo(table.asContiguous().map(MemorySegment::address))
        .isPresent();
  }

  @Test
  void whatRanksHoldAlikeIsOneMemory() {
    ShardedWeights weights = SmallModel.odd().weights().sharded(Sharding.of(2, Qkv.SEPARATE));

    for (String name :
        List.of("norm.weight", LAYER + "k_proj.weight", "layers.0.mlp.down_proj.bias")) {
      assertThat(weights.weight(name, 1).identity())
          .isEqualTo(weights.weight(name, 0).identity())
          .startsWith("model.")
          .doesNotContain("[");
    }
    assertThat(weights.weight("lm_head.weight", 1).identity())
        .isEqualTo("model.embed_tokens.weight[rows 4+3, zeros 1]");
    assertThat(weights.weight("embed_tokens.weight", 1).identity())
        .isEqualTo("model.embed_tokens.weight[columns 3+2, zeros 1]");
  }

  @Test
  void contiguousPartsAreNotCopied() {
    SmallModel even = new SmallModel(8, 4, 8, 1, 2, 2, 2, false, false);
    ShardedWeights weights = even.weights().sharded(Sharding.of(2, Qkv.SEPARATE));

    for (String name :
        List.of(
            "lm_head.weight",
            "layers.0.self_attn.qkv_proj.q_proj.weight",
            "layers.0.mlp.up_proj.weight")) {
      assertThat(weights.weight(name, 1).asContiguous()).as(name).isPresent();
    }
    assertThat(weights.weight("layers.0.mlp.down_proj.weight", 1).pieces()).hasSize(1);
  }

  @Test
  void whatIsNotThereIsNamed() {
    ShardedWeights weights = SmallModel.odd().weights().sharded(Sharding.of(2, Qkv.FUSED));

    assertThatThrownBy(() -> weights.weight("norm.weight", 2))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("no rank 2 of weight 'norm.weight': there are 2");
    assertThatThrownBy(() -> weights.weight(LAYER + "q_proj.weight", 1))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageEndingWith(" has no weight '" + LAYER + "q_proj.weight' for rank 1");
  }

  @Test
  void differentTypesAreNotFused(@TempDir Path folder) {
    SmallModel model = SmallModel.odd();
    Map<String, HostTensor> tensors = model.tensors();
    String keys = "model.layers.1.self_attn.k_proj.weight";
    tensors.put(keys, HostTensor.zeros(DType.BF16, tensors.get(keys).shape()));
    SafetensorsWriter.write(folder.resolve(Checkpoint.SINGLE_FILE), tensors);
    CheckpointWeights whole =
        CheckpointWeights.of(model.config(), Checkpoint.open(FolderFiles.open(folder)));

    assertThat(whole.sharded(Sharding.of(2, Qkv.SEPARATE)).weight(LAYER + "k_proj.weight", 1))
        .extracting(WeightView::dtype)
        .isEqualTo(DType.BF16);
    assertThatThrownBy(
            () -> whole.sharded(Sharding.of(2, Qkv.FUSED)).weight(LAYER + "Wqkv.weight", 1))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            folder
                + ": '"
                + LAYER
                + "k_proj.weight' is BF16 but it is fused with F32; use separate projections");
  }
}

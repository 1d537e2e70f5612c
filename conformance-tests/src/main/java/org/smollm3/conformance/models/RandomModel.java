package org.smollm3.conformance.models;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import org.smollm3.checkpoint.WeightNames;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/**
 * A model of one or two layers with random weights, in memory. Its heads, widths and vocabulary
 * mostly do not split over the ranks evenly.
 *
 * @param arithmetic the type of weights, activations and cache
 * @param sharding over how many ranks it is run
 */
public record RandomModel(SmolLm3Model model, DType arithmetic, Sharding sharding) {
  /** Squared, it is of the size of epsilon. */
  private static final double FAINT_FACTOR = 1e-3;

  /**
   * Squared, times a usual score, it is beyond the 88 of which the exponential still is a float.
   */
  private static final double LOUD_FACTOR = 16;

  private static final int MIN_HIDDEN_OF_WHOLE = 12;
  private static final Param<Integer> KV_HEADS = Param.integer("kv", 1, 3);
  private static final Param<Integer> GROUP = Param.integer("group", 1, 3);
  private static final Param<Integer> HALF_DIM = Param.integer("half", 1, 5);
  private static final Param<Integer> HIDDEN = Param.integer("hidden", 5, 21);
  private static final Param<Integer> INNER = Param.integer("inner", 3, 29);
  private static final Param<Integer> VOCAB = Param.integer("vocab", 9, 41);

  /** Of each layer, whether it has RoPE. */
  private static final Param<List<Integer>> ROPE =
      Param.integers(
          "rope",
          Arbitraries.of(List.of(1), List.of(0), List.of(1, 0), List.of(0, 1), List.of(1, 1)));

  private static final Param<Boolean> BIASES = Param.flag("biases");
  private static final Param<Boolean> TIED = Param.flag("tied");
  private static final Param<Boolean> FUSED = Param.flag("fused");
  private static final Param<Integer> TP = Param.oneOf("tp", 1, 2);
  private static final Param<DType> DTYPE = Param.choice("dtype", DType.F32, DType.BF16);

  /** Of what size the weights are. */
  private enum Regime {
    /** Activations keep their size. */
    PLAIN,
    /** Activations are so small that the epsilon of norms counts. */
    FAINT,
    /** Scores are so great that their exponentials overflow unless the greatest is taken off. */
    LOUD
  }

  private static final Param<Regime> REGIME =
      Param.choice("regime", Regime.PLAIN, Regime.FAINT, Regime.LOUD);
  private static final Param<Regime> ONLY_PLAIN = Param.choice("regime", Regime.PLAIN);
  private static final Param<DType> SINGLE = Param.choice("dtype", DType.F32);

  /** Models of both types. */
  public static CaseSpace space() {
    return space(DTYPE, ONLY_PLAIN);
  }

  /** Models of both types, some with very small activations or very great scores. */
  public static CaseSpace inRegimes() {
    return space(DTYPE, REGIME)
        .telling(ROPE, "1,0", "0,1")
        .telling(DTYPE, "f32")
        .telling(REGIME, "plain", "faint");
  }

  /** Models in float32 of one layer, of which bounds on the whole can be had. */
  public static CaseSpace float32() {
    return space(SINGLE, ONLY_PLAIN)
        .telling(HALF_DIM, "1")
        .telling(HIDDEN, "12", "13", "14")
        .where(c -> c.get(ROPE).size() == 1 && c.get(HIDDEN) >= MIN_HIDDEN_OF_WHOLE);
  }

  private static CaseSpace space(Param<DType> dtype, Param<Regime> regime) {
    return CaseSpace.of(
        KV_HEADS, GROUP, HALF_DIM, HIDDEN, INNER, VOCAB, ROPE, BIASES, TIED, FUSED, TP, dtype,
        regime);
  }

  /**
   * The model of a case of {@link #space}.
   *
   * @param random where its weights come from
   */
  public static RandomModel of(Case c, Random random) {
    DType dtype = c.get(DTYPE);
    String json = config(c, dtype);
    SmolLm3Config config = SmolLm3ConfigReader.read(json, "random");
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    for (WeightNames.Weight weight : WeightNames.of(config)) {
      if (!tensors.containsKey(weight.checkpointName())) {
        tensors.put(weight.checkpointName(), tensor(weight, dtype, c.get(REGIME), random));
      }
    }
    return new RandomModel(
        SmolLm3Model.open(new MemoryFiles(json, tensors)),
        dtype,
        Sharding.of(c.get(TP), c.get(FUSED) ? Sharding.Qkv.FUSED : Sharding.Qkv.SEPARATE));
  }

  /** Norms near one, the rest of such a size that activations keep theirs, times the regime's. */
  private static HostTensor tensor(
      WeightNames.Weight weight, DType dtype, Regime regime, Random random) {
    HostTensor tensor = HostTensor.zeros(dtype, weight.shape());
    boolean norm = weight.checkpointName().endsWith("norm.weight");
    double scale =
        norm
            ? 0.2
            : factor(regime, weight.checkpointName())
                * 1.5
                / Math.sqrt((double) weight.shape().dim(weight.shape().rank() - 1));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, (norm ? 1 : 0) + scale * random.nextGaussian());
    }
    return tensor;
  }

  private static double factor(Regime regime, String name) {
    boolean scores = name.contains("q_proj") || name.contains("k_proj");
    boolean residual =
        name.contains("embed_tokens") || name.contains("o_proj") || name.contains("down_proj");
    return switch (regime) {
      case PLAIN -> 1;
      case FAINT -> residual ? FAINT_FACTOR : 1;
      case LOUD -> scores ? LOUD_FACTOR : 1;
    };
  }

  private static String config(Case c, DType dtype) {
    return String.format(
        Locale.ROOT,
        """
        {"model_type": "smollm3", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
         "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
         "head_dim": %d, "max_position_embeddings": 64, "rms_norm_eps": 1e-06,
         "attention_bias": %b, "mlp_bias": %b, "tie_word_embeddings": %b, "hidden_act": "silu",
         "no_rope_layers": %s, "rope_theta": 10000.0, "torch_dtype": "%s"}
        """,
        c.get(VOCAB),
        c.get(HIDDEN),
        c.get(INNER),
        c.get(ROPE).size(),
        c.get(KV_HEADS) * c.get(GROUP),
        c.get(KV_HEADS),
        2 * c.get(HALF_DIM),
        c.get(BIASES),
        c.get(BIASES),
        c.get(TIED),
        c.get(ROPE),
        dtype == DType.BF16 ? "bfloat16" : "float32");
  }

  public SmolLm3Config config() {
    return model.config();
  }

  /** So many random tokens of the vocabulary. */
  public List<Integer> tokens(int count, Random random) {
    return random.ints(count, 0, config().vocabSize()).boxed().toList();
  }
}

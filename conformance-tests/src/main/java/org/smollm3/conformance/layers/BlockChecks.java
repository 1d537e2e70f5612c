package org.smollm3.conformance.layers;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.IntFunction;
import org.smollm3.attention.Attention;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.LayerProgram;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Trial;
import org.smollm3.conformance.check.Tries;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.kvcache.KvCacheSpec;
import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Both halves of a decoder layer over ranks, heads padded and repeated. */
final class BlockChecks {
  private BlockChecks() {}

  private static final double EPSILON = 1e-6;
  private static final int SLOTS = 3;
  private static final int CAPACITY = 12;
  private static final String NORM = "norm.weight";

  private static final Param<Integer> TOKENS = Param.integer("tokens", 1, 5);
  private static final Param<Integer> HIDDEN = Param.integer("hidden", 3, 20);
  private static final Param<Integer> INNER = Param.integer("inner", 1, 30);
  private static final Param<Integer> KV_HEADS = Param.integer("kvheads", 1, 4);
  private static final Param<Integer> TWO_KV_HEADS = Param.integer("kvheads", 2, 4);
  private static final Param<Integer> GROUP = Param.integer("group", 1, 4);
  private static final Param<Integer> HALF_DIM = Param.integer("half", 1, 4);
  private static final Param<Bias> BIAS = Param.choice("bias", Bias.ABSENT, Bias.PRESENT);
  private static final Param<Sharding.Qkv> QKV = Param.choice("qkv", Sharding.Qkv.values());
  private static final Param<Boolean> ROPE = Param.flag("rope");

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "PAR-10",
            CaseSpace.of(Params.TP, TOKENS, HIDDEN, INNER, BIAS, Params.DTYPE)
                .telling(Params.TP, "2", "4")
                .telling(INNER, "9", "13", "16", "21", "30"),
            Tries.of(6, 20),
            BlockChecks::mlp),
        attention("PAR-11", KV_HEADS, 20),
        attention("PAR-12", TWO_KV_HEADS, 20));
  }

  private static RuleCheck attention(String rule, Param<Integer> kvHeads, int standard) {
    return new RuleCheck(
        rule,
        CaseSpace.of(
                Params.TP, TOKENS, HIDDEN, kvHeads, GROUP, HALF_DIM, BIAS, QKV, ROPE, Params.DTYPE)
            .telling(Params.TP, "4", "8")
            .telling(QKV, "fused")
            .telling(ROPE, "true"),
        Tries.of(3, standard),
        (backend, c, findings) -> attention(backend, c, findings, c.get(kvHeads)));
  }

  private static HostTensor scaled(DType dtype, Random random, long... dims) {
    HostTensor tensor = Values.of(Regime.ORDINARY, dtype, Shape.of(dims), random);
    double scale = dims.length == 1 ? 0.5 : 1.5 / Math.sqrt((double) dims[dims.length - 1]);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, scale * tensor.getDouble(i));
    }
    return tensor;
  }

  private static HostTensor gain(DType dtype, Random random, long size) {
    HostTensor gain = scaled(dtype, random, size);
    for (long i = 0; i < size; i++) {
      gain.setDouble(i, 1 + gain.getDouble(i));
    }
    return gain;
  }

  private static Tensor norm(GraphContext context, Tensor x) {
    return context.ops().rmsNorm(x, context.weight(NORM), EPSILON);
  }

  private static void mlp(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    DType dtype = c.get(Params.DTYPE);
    int hidden = c.get(HIDDEN);
    int inner = c.get(INNER);
    Bias bias = c.get(BIAS);
    TensorParallelGroup group = new TensorParallelGroup(c.get(Params.TP));
    HostTensor x = Values.of(Regime.ORDINARY, dtype, Shape.of(2, c.get(TOKENS), hidden), random);
    LayerProgram program =
        LayerProgram.over(group.degree())
            .weight(NORM, Cuts.whole(gain(dtype, random, hidden)))
            .weight("gate.weight", Cuts.equal(scaled(dtype, random, inner, hidden), 0, group))
            .weight("up.weight", Cuts.equal(scaled(dtype, random, inner, hidden), 0, group))
            .weight("down.weight", Cuts.equal(scaled(dtype, random, hidden, inner), 1, group));
    if (bias == Bias.PRESENT) {
      program
          .weight("gate.bias", Cuts.equal(scaled(dtype, random, inner), 0, group))
          .weight("up.bias", Cuts.equal(scaled(dtype, random, inner), 0, group))
          .weight("down.bias", Cuts.whole(scaled(dtype, random, hidden)));
    }
    ColumnParallelLinear gate =
        new ColumnParallelLinear("gate", inner, bias, ColumnParallelLinear.Output.LOCAL);
    ColumnParallelLinear up =
        new ColumnParallelLinear("up", inner, bias, ColumnParallelLinear.Output.LOCAL);
    RowParallelLinear down =
        new RowParallelLinear("down", bias, RowParallelLinear.Input.PARALLEL, DType.F32);
    program.graph(
        ParallelChecks.RUN,
        Map.of(ParallelChecks.X, x),
        context -> {
          TensorOps ops = context.ops();
          Tensor in = context.input(ParallelChecks.X);
          Tensor normed = norm(context, in);
          Tensor activated =
              ops.swiGlu(gate.forward(context, normed, dtype), up.forward(context, normed, dtype));
          return Params.output(
              ParallelChecks.Y, ops.add(in, down.forward(context, activated, dtype)));
        });
    try (Trial trial = program.open(backend, findings)) {
      trial.judge(ParallelChecks.RUN, Map.of(ParallelChecks.X, x));
    }
  }

  /** A prompt, a piece after it and a step, and after each the caches of all ranks. */
  private static void attention(BackendUnderTest backend, Case c, Findings findings, int kvHeads) {
    Random random = c.random();
    int headDim = 2 * c.get(HALF_DIM);
    int heads = kvHeads * c.get(GROUP);
    TensorParallelGroup group = new TensorParallelGroup(c.get(Params.TP));
    GqaSharding gqa = GqaSharding.of(heads, kvHeads, group);
    DType dtype = c.get(Params.DTYPE);
    Attention layer =
        new Attention(
            0, gqa, headDim, c.get(QKV), c.get(BIAS), c.get(ROPE), OptionalInt.empty(), DType.F32);
    LayerProgram program = weights(c, gqa, heads, kvHeads, headDim, random);
    new KvCacheSpec(1, SLOTS, gqa.localKvHeads(), CAPACITY, headDim, dtype)
        .states()
        .forEach(state -> program.state(state.name(), state.dtype(), state.shape()));
    int tokens = c.get(TOKENS);
    Map<AttentionKind, Map<String, HostTensor>> calls = new LinkedHashMap<>();
    calls.put(AttentionKind.CONTEXT_ENCODING, inputs(c, tokens, 0, random));
    calls.put(AttentionKind.CHUNKED_PREFILL, inputs(c, 2, tokens, random));
    calls.put(AttentionKind.TOKEN_GENERATION, inputs(c, 1, tokens + 2, random));
    calls.forEach(
        (kind, inputs) ->
            program
                .requires(CacheChecks.needed(kind))
                .graph(kind.name(), inputs, context -> forward(context, layer, headDim, kind)));
    program.requires(Capability.STATE_READ);
    try (Trial trial = program.open(backend, findings)) {
      for (Map.Entry<AttentionKind, Map<String, HostTensor>> call : calls.entrySet()) {
        trial.judge(call.getKey().name(), call.getValue());
        if (findings.hasFailed()) {
          return;
        }
      }
      trial.judgeState(KvCacheSpec.keyName(0));
      trial.judgeState(KvCacheSpec.valueName(0));
    }
  }

  private static LayerProgram weights(
      Case c, GqaSharding gqa, int heads, int kvHeads, int headDim, Random random) {
    DType dtype = c.get(Params.DTYPE);
    int hidden = c.get(HIDDEN);
    String prefix = "layers.0.self_attn.";
    LayerProgram program =
        LayerProgram.over(c.get(Params.TP))
            .weight(NORM, Cuts.whole(gain(dtype, random, hidden)))
            .weight(
                prefix + "o_proj.o_proj.weight",
                Cuts.queries(
                    scaled(dtype, random, hidden, (long) heads * headDim), 1, gqa, headDim));
    if (c.get(BIAS) == Bias.PRESENT) {
      program.weight(prefix + "o_proj.o_proj.bias", Cuts.whole(scaled(dtype, random, hidden)));
    }
    for (String kind :
        c.get(BIAS) == Bias.PRESENT ? List.of("weight", "bias") : List.of("weight")) {
      boolean vector = kind.equals("bias");
      IntFunction<HostTensor> q =
          Cuts.queries(projection(dtype, random, heads * headDim, hidden, vector), 0, gqa, headDim);
      IntFunction<HostTensor> k =
          Cuts.keyValues(
              projection(dtype, random, kvHeads * headDim, hidden, vector), 0, gqa, headDim);
      IntFunction<HostTensor> v =
          Cuts.keyValues(
              projection(dtype, random, kvHeads * headDim, hidden, vector), 0, gqa, headDim);
      if (c.get(QKV) == Sharding.Qkv.FUSED) {
        program.weight(
            prefix + "qkv_proj.Wqkv." + kind,
            rank -> Cuts.joined(q.apply(rank), k.apply(rank), v.apply(rank)));
      } else {
        program
            .weight(prefix + "qkv_proj.q_proj." + kind, q)
            .weight(prefix + "qkv_proj.k_proj." + kind, k)
            .weight(prefix + "qkv_proj.v_proj." + kind, v);
      }
    }
    return program;
  }

  private static HostTensor projection(
      DType dtype, Random random, int out, int in, boolean vector) {
    return vector ? scaled(dtype, random, out) : scaled(dtype, random, out, in);
  }

  private static Map<String, HostTensor> inputs(Case c, int tokens, int first, Random random) {
    int batch = 2;
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    inputs.put(
        ParallelChecks.X,
        Values.of(
            Regime.ORDINARY, c.get(Params.DTYPE), Shape.of(batch, tokens, c.get(HIDDEN)), random));
    HostTensor positions = HostTensor.zeros(DType.I32, Shape.of(batch, tokens));
    for (int i = 0; i < batch * tokens; i++) {
      positions.setLong(i, first + i % tokens);
    }
    inputs.put("positions", positions);
    inputs.put("seq_ids", HostTensor.ofInts(Shape.of(batch), 2, 0));
    return inputs;
  }

  private static GraphResult forward(
      GraphContext context, Attention layer, int headDim, AttentionKind kind) {
    TensorOps ops = context.ops();
    Tensor x = context.input(ParallelChecks.X);
    Tensor positions = context.input("positions");
    Tensor seqIds = context.input("seq_ids");
    HostTensor frequencies = HostTensor.zeros(DType.F32, Shape.of(headDim / 2));
    for (int i = 0; i < headDim / 2; i++) {
      frequencies.setDouble(i, Math.pow(10_000, -2.0 * i / headDim));
    }
    KvCacheManager cache =
        new KvCacheManager(context, 1, seqIds, positions, kind, KvCacheManager.Padding.NONE);
    Tensor table = ops.rotaryTable(positions, ops.constant(frequencies), 1);
    Tensor mixed = layer.forward(context, norm(context, x), table, seqIds, positions, cache, kind);
    return new GraphResult(Map.of(ParallelChecks.Y, ops.add(x, mixed)), cache.finalStates());
  }
}

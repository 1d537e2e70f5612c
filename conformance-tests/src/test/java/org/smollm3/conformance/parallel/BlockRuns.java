package org.smollm3.conformance.parallel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.conformance.bounds.BoundedProgram;
import org.smollm3.conformance.bounds.Excess;
import org.smollm3.conformance.bounds.FedBlocks;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Oracle;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * A model judged block by block, over one rank and over several: embedding, both halves of every
 * layer, final norm with head, and the caches. What every block is fed, and the value of every
 * result, comes from the oracle over one rank; the bounds from the oracle over as many ranks as the
 * backend has, because how often sums are rounded depends on them.
 */
final class BlockRuns {
  static final String EMBEDDING = "embed_tokens";
  static final int CAPACITY = 16;

  private final SmolLm3Model model;
  private final SmolLm3Config config;
  private final DType arithmetic;
  private final DType reduceType;
  private final FedBlocks blocks;

  BlockRuns(SmolLm3Model model, DType arithmetic, DType reduceType) {
    this.model = model;
    this.config = model.config();
    this.arithmetic = arithmetic;
    this.reduceType = reduceType;
    Shape hidden = Shape.of(Shape.OPEN, Shape.OPEN, config.hiddenSize());
    List<TensorSpec> halves = new ArrayList<>();
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      halves.add(new TensorSpec("layers." + layer + ".self_attn", arithmetic, hidden));
      halves.add(new TensorSpec("layers." + layer + ".mlp", arithmetic, hidden));
    }
    this.blocks = new FedBlocks(halves);
  }

  /** One call of a graph: the tokens of one row from a position on. */
  record Call(String graph, int position, int... tokens) {
    Map<String, HostTensor> inputs() {
      Shape shape = Shape.of(1, tokens.length);
      HostTensor positions = HostTensor.zeros(DType.I32, shape);
      for (int t = 0; t < tokens.length; t++) {
        positions.setLong(t, position + t);
      }
      return Map.of(
          DecoderGraphs.INPUT_IDS, HostTensor.ofInts(shape, tokens),
          DecoderGraphs.POSITION_IDS, positions,
          DecoderGraphs.SEQ_IDS, HostTensor.ofInts(Shape.of(1), 1));
    }
  }

  /**
   * The worst of each block and cache over all calls.
   *
   * @param one over one rank against the oracle
   * @param many over several ranks against the oracle
   * @param between over several ranks against one
   */
  record Verdict(Map<String, Excess> one, Map<String, Excess> many, Map<String, Excess> between) {
    Verdict() {
      this(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    private void add(
        String name, HostTensor single, Bounded ofOne, HostTensor several, Bounded ofMany) {
      worst(one, name, ofOne.judge(single));
      worst(many, name, ofMany.judge(several));
      worst(between, name, Bounded.between(several, ofMany, single, ofOne));
    }

    private static void worst(Map<String, Excess> all, String name, Excess next) {
      all.merge(name, next, (a, b) -> b.ratio() > a.ratio() ? b : a);
    }
  }

  private ProgramSpec program(Sharding sharding) {
    return model.program(
        DecoderOptions.of(arithmetic, 2, CAPACITY)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS)
            .withSharding(sharding)
            .withReduceType(reduceType));
  }

  private static Oracle oracle() {
    return ServiceLoader.load(Oracle.class).findFirst().orElseThrow();
  }

  private String taps(String suffix) {
    List<String> names = new ArrayList<>(blocks.names());
    names.add(EMBEDDING);
    return String.join(",", names.stream().map(name -> name + suffix).toList());
  }

  private Session judge(ProgramSpec program, Sharding sharding) {
    return oracle()
        .load(
            program, model.weights().sharded(sharding), LoadOptions.defaults().withTaps(taps("*")));
  }

  private Session load(Backend backend, Sharding sharding) {
    return backend.load(
        blocks.in(program(sharding)),
        model.weights().sharded(sharding),
        LoadOptions.defaults().withTaps(taps("")));
  }

  /** Runs all calls on both backends, one after the other on the same caches. */
  Verdict judge(Backend single, Backend several, Sharding sharding, List<Call> calls) {
    Verdict verdict = new Verdict();
    ProgramSpec whole = program(Sharding.NONE);
    try (Session ofOne =
            judge(BoundedProgram.of(whole, single.numerics(), blocks.names()), Sharding.NONE);
        Session ofMany =
            judge(BoundedProgram.of(blocks.in(program(sharding)), several.numerics()), sharding);
        Session one = load(single, Sharding.NONE);
        Session many = load(several, sharding)) {
      for (Call call : calls) {
        Outputs values = ofOne.run(call.graph(), call.inputs());
        Map<String, HostTensor> inputs = fed(call, values);
        Outputs bounds = ofMany.run(call.graph(), inputs);
        Outputs actualOne = one.run(call.graph(), inputs);
        Outputs actualMany = many.run(call.graph(), inputs);
        requireEqualRanks(actualMany);
        List<String> taps = new ArrayList<>(blocks.names());
        taps.add(0, EMBEDDING);
        for (String tap : taps) {
          Bounded truth = Bounded.tap(values, tap);
          verdict.add(
              tap,
              actualOne.tap(tap),
              truth,
              actualMany.tap(tap),
              truth.withErrorsOf(Bounded.tap(bounds, tap)));
        }
        Bounded truth = Bounded.output(values, DecoderGraphs.LOGITS);
        verdict.add(
            DecoderGraphs.LOGITS,
            actualOne.get(DecoderGraphs.LOGITS),
            truth,
            actualMany.get(DecoderGraphs.LOGITS),
            truth.withErrorsOf(Bounded.output(bounds, DecoderGraphs.LOGITS)));
      }
      for (TensorSpec state : whole.states()) {
        judgeCache(state.name(), ofOne, one, many, sharding, verdict);
      }
    }
    return verdict;
  }

  /** The call's inputs, and for every block what the oracle has of it, in the activations' type. */
  private Map<String, HostTensor> fed(Call call, Outputs values) {
    Map<String, HostTensor> inputs = new HashMap<>(call.inputs());
    for (String block : blocks.names()) {
      HostTensor exact = values.tap(FedBlocks.inputName(block));
      HostTensor stored = HostTensor.zeros(arithmetic, exact.shape());
      for (long i = 0; i < exact.size(); i++) {
        stored.setDouble(i, exact.getDouble(i));
        if (stored.getDouble(i) != exact.getDouble(i)) {
          throw new AssertionError(block + ": " + exact.getDouble(i) + " is not of " + arithmetic);
        }
      }
      inputs.put(FedBlocks.inputName(block), stored);
    }
    return inputs;
  }

  private static void requireEqualRanks(Outputs outputs) {
    for (List<Map<String, HostTensor>> ranks :
        List.of(outputs.outputsByRank(), outputs.tapsByRank())) {
      for (Map<String, HostTensor> rank : ranks) {
        rank.forEach(
            (name, value) -> {
              HostTensor first = ranks.get(0).get(name);
              if (first == null || first.segment().mismatch(value.segment()) >= 0) {
                throw new AssertionError(name + " differs between ranks");
              }
            });
      }
    }
  }

  /** Every rank's cache against the model's heads that it holds; padding must stay zero. */
  private void judgeCache(
      String name, Session truth, Session one, Session many, Sharding sharding, Verdict verdict) {
    Bounded all = Bounded.state(truth, name, 0);
    HostTensor single = one.readState(name, 0);
    GqaSharding gqa =
        GqaSharding.of(config.numAttentionHeads(), config.numKeyValueHeads(), sharding.group());
    Verdict.worst(verdict.one(), name, all.judge(single));
    for (int rank = 0; rank < sharding.degree(); rank++) {
      int place = rank * gqa.localKvHeads();
      Bounded here = new Bounded(heads(all.values(), gqa, place), heads(all.errors(), gqa, place));
      HostTensor actual = many.readState(name, rank);
      Verdict.worst(verdict.many(), name, here.judge(actual));
      Verdict.worst(
          verdict.between(), name, Bounded.between(actual, here, heads(single, gqa, place), here));
    }
  }

  /** Of a cache [slots, G, S, D] of all heads the ones of a rank, zeros for padding. */
  private static HostTensor heads(HostTensor all, GqaSharding gqa, int firstPlace) {
    HostTensor some = HostTensor.zeros(all.dtype(), all.shape().with(1, gqa.localKvHeads()));
    for (int slot = 0; slot < all.shape().dim(0); slot++) {
      for (int i = 0; i < gqa.localKvHeads(); i++) {
        int head = gqa.kvHead(firstPlace + i);
        if (head != GqaSharding.PADDING) {
          some.row(slot).row(i).segment().copyFrom(all.row(slot).row(head).segment());
        }
      }
    }
    return some;
  }
}

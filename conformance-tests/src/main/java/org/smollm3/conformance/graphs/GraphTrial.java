package org.smollm3.conformance.graphs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.conformance.bounds.BoundedProgram;
import org.smollm3.conformance.bounds.Excess;
import org.smollm3.conformance.bounds.FedBlocks;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.models.RandomModel;
import org.smollm3.kvcache.KvCacheSpec;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * A model's compiled graphs on a backend, judged token by token. What must come out at a position
 * of a sequence is, whatever graph it comes from and whatever else is in the batch, what the oracle
 * has there when it runs that sequence alone, as one prompt, without padding. How far off it may be
 * is what the oracle says of the same call over as many ranks. Both halves of every layer are fed
 * what the oracle has of the one before, so bounds are one block deep.
 */
final class GraphTrial implements AutoCloseable {
  private static final String EMBEDDING = "embed_tokens";

  private final Findings findings;
  private final RandomModel random;
  private final CompiledShapes shapes;
  private final Random padding;
  private final Session actual;
  private final Session bounds;
  private final Session truth;
  private final Map<List<Integer>, Outputs> truths = new HashMap<>();
  private final List<String> blocks = new ArrayList<>();

  /**
   * @param padding where the tokens of padding come from
   */
  GraphTrial(
      BackendUnderTest backend,
      Findings findings,
      RandomModel random,
      CompiledShapes shapes,
      Random padding) {
    this.findings = findings;
    this.random = random;
    this.shapes = shapes;
    this.padding = padding;
    for (int layer = 0; layer < random.config().numHiddenLayers(); layer++) {
      blocks.add("layers." + layer + ".self_attn");
      blocks.add("layers." + layer + ".mlp");
    }
    Sharding sharding = random.sharding();
    ProgramSpec program =
        fed(
            DecoderGraphs.compiled(
                random.config(),
                ProgramWeights.specs(random.config(), sharding, random.arithmetic()),
                shapes.options(random.arithmetic(), sharding),
                shapes));
    ProgramSpec whole =
        random
            .model()
            .program(
                DecoderOptions.of(random.arithmetic(), 1, shapes.sequenceLength())
                    .withLogits(DecoderOptions.Logits.ALL_TOKENS));
    String taps = EMBEDDING + "," + String.join(",", blocks);
    actual =
        backend.load(
            program,
            random.model().weights().sharded(sharding),
            LoadOptions.defaults().withTaps(taps));
    LoadOptions judged = LoadOptions.defaults().withTaps(taps.replace(",", "*,") + "*");
    bounds =
        backend
            .oracle()
            .load(backend.bounded(program), random.model().weights().sharded(sharding), judged);
    truth =
        backend
            .oracle()
            .load(
                BoundedProgram.of(whole, backend.numerics(), Set.copyOf(blocks)),
                random.model().weights().sharded(Sharding.NONE),
                judged);
  }

  /** Every graph takes the results of blocks in its own shape. */
  private ProgramSpec fed(ProgramSpec program) {
    List<GraphSpec> graphs = new ArrayList<>();
    for (GraphSpec graph : program.graphs()) {
      Shape tokens = graph.inputs().get(0).shape();
      Shape hidden = Shape.of(tokens.dim(0), tokens.dim(1), random.config().hiddenSize());
      FedBlocks fed =
          new FedBlocks(
              blocks.stream()
                  .map(name -> new TensorSpec(name, random.arithmetic(), hidden))
                  .toList());
      graphs.addAll(fed.in(with(program, List.of(graph))).graphs());
    }
    return with(program, graphs);
  }

  private static ProgramSpec with(ProgramSpec program, List<GraphSpec> graphs) {
    return new ProgramSpec(
        program.name(),
        program.tensorParallelDegree(),
        program.weights(),
        program.states(),
        graphs,
        program.requires());
  }

  /** The oracle's results of a sequence alone, as one prompt; copies. */
  private Outputs truth(List<Integer> sequence) {
    return truths.computeIfAbsent(
        sequence,
        tokens -> {
          Row row = new Row(0, tokens, 0, tokens.size());
          Outputs outputs =
              truth.run(
                  DecoderGraphs.CONTEXT_ENCODING,
                  new Call(DecoderGraphs.CONTEXT_ENCODING, tokens.size(), List.of(row))
                      .inputs(() -> 0));
          Map<String, HostTensor> taps = new LinkedHashMap<>();
          outputs.tapsByRank().get(0).forEach((name, value) -> taps.put(name, value.copy()));
          Map<String, HostTensor> named = new LinkedHashMap<>();
          outputs.outputsByRank().get(0).forEach((name, value) -> named.put(name, value.copy()));
          for (TensorSpec state : random.model().program(options()).states()) {
            named.put(state.name(), truth.readState(state.name(), 0));
          }
          return new Outputs(List.of(named), List.of(taps));
        });
  }

  private DecoderOptions options() {
    return DecoderOptions.of(random.arithmetic(), 1, shapes.sequenceLength());
  }

  /** Runs a graph and judges every token that is not padding. */
  void run(String graph, Row... rows) {
    int length =
        switch (graph) {
          case DecoderGraphs.TOKEN_GENERATION -> 1;
          case DecoderGraphs.SPECULATION -> shapes.speculationLength();
          default -> shapes.contextLength();
        };
    Call call = new Call(graph, length, List.of(rows));
    Map<String, HostTensor> inputs =
        new LinkedHashMap<>(call.inputs(() -> padding.nextInt(random.config().vocabSize())));
    for (String block : blocks) {
      inputs.put(FedBlocks.inputName(block), feed(call, block));
    }
    Outputs found = actual.run(graph, inputs);
    Outputs allowed = bounds.run(graph, inputs);
    requireEqualRanks(found);
    for (int b = 0; b < rows.length; b++) {
      judge(call, b, found, allowed);
    }
  }

  private HostTensor feed(Call call, String block) {
    int hidden = random.config().hiddenSize();
    HostTensor fed =
        HostTensor.zeros(random.arithmetic(), Shape.of(call.rows().size(), call.length(), hidden));
    for (int b = 0; b < call.rows().size(); b++) {
      Row row = call.rows().get(b);
      HostTensor exact = truth(row.sequence()).tap(FedBlocks.inputName(block)).row(0);
      for (int t = 0; t < call.length(); t++) {
        for (int i = 0; i < hidden; i++) {
          long at = ((long) b * call.length() + t) * hidden + i;
          fed.setDouble(
              at,
              t < row.count()
                  ? exact.getDouble((long) (row.from() + t) * hidden + i)
                  : 3 * padding.nextGaussian());
        }
      }
    }
    return fed;
  }

  private void judge(Call call, int b, Outputs found, Outputs allowed) {
    Row row = call.rows().get(b);
    Outputs wanted = truth(row.sequence());
    List<String> names = new ArrayList<>(List.of(EMBEDDING));
    names.addAll(blocks);
    for (int t = 0; t < row.count(); t++) {
      for (String name : names) {
        judge(
            call,
            row,
            t,
            name,
            found.tap(name).row(b).row(t),
            Bounded.tap(wanted, name).values().row(0).row(row.from() + t),
            Bounded.tap(allowed, name).errors().row(b).row(t));
      }
    }
    HostTensor logits = found.get(DecoderGraphs.LOGITS).row(b);
    HostTensor errors = Bounded.output(allowed, DecoderGraphs.LOGITS).errors().row(b);
    boolean all = logits.shape().dim(0) > 1;
    for (int t = all ? 0 : row.count() - 1; t < row.count(); t++) {
      judge(
          call,
          row,
          t,
          DecoderGraphs.LOGITS,
          logits.row(all ? t : 0),
          wanted.get(DecoderGraphs.LOGITS).row(0).row(row.from() + t),
          errors.row(all ? t : 0));
    }
  }

  private void judge(
      Call call,
      Row row,
      int t,
      String name,
      HostTensor actualValues,
      HostTensor values,
      HostTensor errors) {
    if (findings.hasFailed()) {
      return;
    }
    Bounded expected = new Bounded(values, errors);
    Excess excess = expected.judge(actualValues);
    if (!excess.isWithin()) {
      findings.fail(
          String.format(
              "%s of slot %d diverges first at position %d, in %s: element %d is %s and must be %s"
                  + " to within %.3g",
              call.graph(),
              row.slot(),
              row.from() + t,
              name,
              excess.index(),
              excess.actual(),
              excess.expected(),
              excess.bound()));
    }
    findings.withinBounds(
        call.graph() + " position " + (row.from() + t) + " " + name,
        actualValues,
        expected,
        "one block");
  }

  private void requireEqualRanks(Outputs outputs) {
    for (List<Map<String, HostTensor>> ranks :
        List.of(outputs.outputsByRank(), outputs.tapsByRank())) {
      for (int rank = 1; rank < ranks.size(); rank++) {
        int number = rank;
        ranks
            .get(rank)
            .forEach(
                (name, value) -> {
                  boolean same =
                      Optional.ofNullable(ranks.get(0).get(name))
                          .filter(first -> first.segment().mismatch(value.segment()) < 0)
                          .isPresent();
                  findings.require(
                      same, () -> name + " of rank " + number + " has other bits than of rank 0");
                });
      }
    }
  }

  /** The keys and values that a slot holds of the first positions of a sequence, on all ranks. */
  void judgeCache(int slot, List<Integer> sequence, int positions) {
    Outputs wanted = truth(sequence);
    GqaSharding gqa =
        GqaSharding.of(
            random.config().numAttentionHeads(),
            random.config().numKeyValueHeads(),
            random.sharding().group());
    for (int layer = 0; layer < random.config().numHiddenLayers(); layer++) {
      for (String name : List.of(KvCacheSpec.keyName(layer), KvCacheSpec.valueName(layer))) {
        for (int rank = 0; rank < random.sharding().degree(); rank++) {
          HostTensor found = actual.readState(name, rank).row(slot);
          HostTensor allowed = bounds.readState(Bounded.errorName(name), rank).row(slot);
          for (int i = 0; i < gqa.localKvHeads(); i++) {
            int head = gqa.kvHead(rank * gqa.localKvHeads() + i);
            if (head != GqaSharding.PADDING) {
              findings.withinBounds(
                  name + " of slot " + slot + ", head " + head + ", rank " + rank,
                  found.row(i).rows(0, positions),
                  new Bounded(
                      wanted.get(name).row(0).row(head).rows(0, positions),
                      allowed.row(i).rows(0, positions)),
                  "one block");
            }
          }
        }
      }
    }
  }

  /** Copies of a slot of all caches of all ranks. */
  List<HostTensor> slot(int slot) {
    List<HostTensor> copies = new ArrayList<>();
    for (int layer = 0; layer < random.config().numHiddenLayers(); layer++) {
      for (int rank = 0; rank < random.sharding().degree(); rank++) {
        copies.add(actual.readState(KvCacheSpec.keyName(layer), rank).row(slot).copy());
        copies.add(actual.readState(KvCacheSpec.valueName(layer), rank).row(slot).copy());
      }
    }
    return copies;
  }

  @Override
  public void close() {
    actual.close();
    bounds.close();
    truth.close();
  }
}

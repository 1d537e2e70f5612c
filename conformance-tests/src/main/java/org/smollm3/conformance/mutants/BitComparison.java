package org.smollm3.conformance.mutants;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.smollm3.conformance.models.RandomModel;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.spi.Backend;
import org.smollm3.spi.MutantSource;
import org.smollm3.spi.MutantSource.Mutant;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * Whether a mutant gives the same bits as the right graph, on 1,000 random inputs of many models:
 * everything that a caller may look at, which is all but what comes of padding.
 */
final class BitComparison {
  private static final int MODELS = 20;
  private static final int INPUTS_OF_A_MODEL = 50;

  private final MutantSource source;
  private final Mutant mutant;
  private final MutantTarget.Program program;
  private final String graph;

  BitComparison(MutantSource source, Mutant mutant, MutantTarget.Program program, String graph) {
    this.source = source;
    this.mutant = mutant;
    this.program = program;
    this.graph = graph;
  }

  /** The first difference; empty if there is none. */
  Optional<String> difference() {
    try (Backend right = source.open();
        Backend wrong = mutant.open()) {
      for (int seed = 1; seed <= MODELS; seed++) {
        Optional<String> found = difference(right, wrong, seed);
        if (found.isPresent()) {
          return found;
        }
      }
      return Optional.empty();
    }
  }

  private Optional<String> difference(Backend right, Backend wrong, int seed) {
    RandomModel model = MutantTarget.model(seed);
    try (Session expected = load(right, model);
        Session actual = load(wrong, model)) {
      Random random = new Random(seed);
      CacheWalk walk = new CacheWalk(program.spec(), graph, random);
      for (int i = 0; i < INPUTS_OF_A_MODEL; ) {
        CacheWalk.Call call = walk.next();
        Map<String, HostTensor> inputs = inputs(model, call, random);
        Outputs must = expected.run(call.graph(), inputs);
        Outputs is = actual.run(call.graph(), inputs);
        Optional<String> found = difference(call, must, is);
        if (found.isEmpty()) {
          found = difference(walk, expected, actual);
        }
        if (found.isPresent()) {
          return found;
        }
        i += call.graph().equals(graph) ? 1 : 0;
      }
      return Optional.empty();
    }
  }

  private Session load(Backend backend, RandomModel model) {
    return backend.load(
        program.spec(), model.model().weights().sharded(model.sharding()), program.options());
  }

  /** Tokens of the vocabulary, the call's positions and slots, and anything for fed blocks. */
  private Map<String, HostTensor> inputs(RandomModel model, CacheWalk.Call call, Random random) {
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    double scale = List.of(1.0, 1e-3, 30.0).get(random.nextInt(3));
    for (TensorSpec spec : program.spec().graph(call.graph()).inputs()) {
      HostTensor tensor = HostTensor.zeros(spec.dtype(), spec.shape());
      for (long i = 0; i < tensor.size(); i++) {
        switch (spec.name()) {
          case DecoderGraphs.INPUT_IDS ->
              tensor.setLong(i, random.nextInt(model.config().vocabSize()));
          case DecoderGraphs.POSITION_IDS -> tensor.setLong(i, call.positions().get((int) i));
          case DecoderGraphs.SEQ_IDS -> tensor.setLong(i, call.slots().get((int) i));
          default -> tensor.setDouble(i, scale * random.nextGaussian());
        }
      }
      inputs.put(spec.name(), tensor);
    }
    return inputs;
  }

  private static Optional<String> difference(CacheWalk.Call call, Outputs must, Outputs is) {
    for (int rank = 0; rank < must.outputsByRank().size(); rank++) {
      Map<String, HostTensor> all = new LinkedHashMap<>(must.outputsByRank().get(rank));
      all.putAll(must.tapsByRank().get(rank));
      Map<String, HostTensor> found = new LinkedHashMap<>(is.outputsByRank().get(rank));
      found.putAll(is.tapsByRank().get(rank));
      for (Map.Entry<String, HostTensor> entry : all.entrySet()) {
        HostTensor other = Optional.ofNullable(found.get(entry.getKey())).orElseThrow();
        for (int b = 0; b < call.slots().size(); b++) {
          HostTensor row = entry.getValue().row(b);
          long seen = row.shape().dim(0) == 1 ? 1 : call.counts().get(b);
          if (row.rows(0, seen).segment().mismatch(other.row(b).rows(0, seen).segment()) >= 0) {
            return Optional.of(entry.getKey() + " of rank " + rank);
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Every slot's positions that hold a token. */
  private Optional<String> difference(CacheWalk walk, Session must, Session is) {
    for (TensorSpec state : program.spec().states()) {
      for (int rank = 0; rank < program.spec().tensorParallelDegree(); rank++) {
        HostTensor expected = must.readState(state.name(), rank);
        HostTensor actual = is.readState(state.name(), rank);
        for (int slot = 0; slot < state.shape().dim(0); slot++) {
          for (int head = 0; head < state.shape().dim(1); head++) {
            int live = walk.live(slot);
            if (expected
                    .row(slot)
                    .row(head)
                    .rows(0, live)
                    .segment()
                    .mismatch(actual.row(slot).row(head).rows(0, live).segment())
                >= 0) {
              return Optional.of(state.name() + " of rank " + rank);
            }
          }
        }
      }
    }
    return Optional.empty();
  }
}

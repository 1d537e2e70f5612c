package org.smollm3.conformance.faults;

import java.util.List;
import java.util.function.UnaryOperator;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.Shape;

/** Faults that show in whole graphs: positions, slots, and what attention sees. */
final class GraphFaults {
  private GraphFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "attention-unscaled",
            "GRAPH-CTX-01",
            "scores are not scaled",
            ops ->
                new Attention(ops) {
                  @Override
                  AttentionSpec spec(AttentionSpec spec) {
                    return new AttentionSpec(spec.kind(), 1, spec.slidingWindow());
                  }
                }),
        Fault.ofOps(
            "rotary-positions-from-one",
            "GRAPH-CTX-02",
            "rotary embedding counts positions from one",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rotaryTable(
                      Tensor positions, Tensor inverseFrequencies, double scaling) {
                    return inner.rotaryTable(
                        inner.add(positions, fill(1, positions)), inverseFrequencies, scaling);
                  }
                }),
        Fault.ofOps(
            "prompt-written-to-slot-zero-too",
            "GRAPH-CTX-03",
            "a prompt is written to its slot and, as padding of the batch, to slot 0",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public State updateCache(
                      State cache,
                      Tensor active,
                      Tensor seqIds,
                      Tensor positions,
                      AttentionKind kind) {
                    State right = inner.updateCache(cache, active, seqIds, positions, kind);
                    return kind == AttentionKind.CONTEXT_ENCODING
                        ? inner.updateCache(right, active, fill(0, seqIds), positions, kind)
                        : right;
                  }
                }),
        Fault.ofOps(
            "seq-ids-ignored",
            "GRAPH-CTX-04",
            "row b of the batch is slot b of the cache, whatever seq_ids say",
            ops ->
                new Attention(ops) {
                  @Override
                  Tensor slots(Tensor seqIds) {
                    return inner.iota(seqIds.shape(), 0);
                  }
                }),
        seeing(
            "stale-cache-seen",
            "GRAPH-CTX-05",
            "a step sees two positions beyond what its slot holds",
            AttentionKind.TOKEN_GENERATION,
            2),
        seeing(
            "last-cached-token-hidden",
            "GRAPH-TKG-01",
            "a step does not see the token before it",
            AttentionKind.TOKEN_GENERATION,
            -1),
        Fault.ofOps(
            "length-of-row-zero",
            "GRAPH-TKG-02",
            "all rows see as much of the cache as the first",
            ops ->
                new Attention(ops) {
                  @Override
                  Tensor seen(Tensor positions, AttentionKind kind) {
                    return kind == AttentionKind.TOKEN_GENERATION
                        ? inner.broadcast(
                            inner.reshape(
                                inner.slice(positions, 0, 0, 1),
                                Shape.of(positions.shape().dim(1))),
                            positions.shape(),
                            1)
                        : positions;
                  }
                }),
        Fault.ofOps(
            "step-written-one-late",
            "GRAPH-TKG-03",
            "a step is written one position after its own",
            ops ->
                new Attention(ops) {
                  @Override
                  Tensor written(Tensor positions, State cache, AttentionKind kind) {
                    return kind == AttentionKind.TOKEN_GENERATION
                        ? inner.add(positions, fill(1, positions))
                        : positions;
                  }
                }),
        Fault.ofOps(
            "last-position-lost",
            "GRAPH-TKG-04",
            "the last position of a slot is taken for one beyond it",
            ops ->
                new Attention(ops) {
                  @Override
                  Tensor written(Tensor positions, State cache, AttentionKind kind) {
                    long last = cache.spec().shape().dim(2) - 1;
                    return inner.select(
                        inner.compare(Comparison.GE, positions, fill((double) last, positions)),
                        fill((double) (last + 1), positions),
                        positions);
                  }
                }),
        seeing(
            "piece-without-cache",
            "GRAPH-CHUNK-01",
            "a piece of a prompt does not see the end of the pieces before",
            AttentionKind.CHUNKED_PREFILL,
            -2),
        Fault.ofOps(
            "piece-written-from-zero",
            "GRAPH-CHUNK-02",
            "a piece is written from position 0 on, as a prompt",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public State updateCache(
                      State cache,
                      Tensor active,
                      Tensor seqIds,
                      Tensor positions,
                      AttentionKind kind) {
                    return inner.updateCache(
                        cache,
                        active,
                        seqIds,
                        positions,
                        kind == AttentionKind.CHUNKED_PREFILL
                            ? AttentionKind.CONTEXT_ENCODING
                            : kind);
                  }
                }),
        Fault.ofOps(
            "piece-padding-stored",
            "GRAPH-CHUNK-03",
            "keys and values of padding are stored in the place of the last token's",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor gather(Tensor x, Tensor indices, int... axes) {
                    boolean isCacheSource =
                        x.shape().rank() == 4 && axes.length == 2 && axes[1] == 2;
                    return isCacheSource
                        ? inner.transpose(x, 0, 2, 1, 3)
                        : inner.gather(x, indices, axes);
                  }
                }),
        seeing(
            "speculation-hides-a-token",
            "GRAPH-SPEC-01",
            "guesses do not see the token before them",
            AttentionKind.SPECULATION,
            -1),
        seeing(
            "rejected-guesses-seen",
            "GRAPH-SPEC-02",
            "a step sees a position that only rejected guesses have written",
            AttentionKind.TOKEN_GENERATION,
            1));
  }

  /** Attention that sees more or less of the cache. */
  private static Fault seeing(
      String name, String rule, String text, AttentionKind which, int more) {
    return Fault.ofOps(
        name,
        rule,
        text,
        ops ->
            new Attention(ops) {
              @Override
              Tensor seen(Tensor positions, AttentionKind kind) {
                UnaryOperator<Tensor> moved = x -> inner.add(x, fill(more, x));
                return kind == which ? moved.apply(positions) : positions;
              }
            });
  }

  /** Attention and the cache, with what they are given open to change. */
  abstract static class Attention extends ForwardingOps {
    Attention(TensorOps inner) {
      super(inner);
    }

    AttentionSpec spec(AttentionSpec spec) {
      return spec;
    }

    Tensor slots(Tensor seqIds) {
      return seqIds;
    }

    Tensor seen(Tensor positions, AttentionKind kind) {
      return positions;
    }

    Tensor written(Tensor positions, State cache, AttentionKind kind) {
      return positions;
    }

    @Override
    public final Tensor attend(
        Tensor q,
        State kCache,
        State vCache,
        Tensor kActive,
        Tensor vActive,
        Tensor seqIds,
        Tensor positions,
        AttentionSpec spec) {
      return inner.attend(
          q,
          kCache,
          vCache,
          kActive,
          vActive,
          slots(seqIds),
          seen(positions, spec.kind()),
          spec(spec));
    }

    @Override
    public final State updateCache(
        State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
      return inner.updateCache(cache, active, slots(seqIds), written(positions, cache, kind), kind);
    }
  }
}

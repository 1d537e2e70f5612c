package org.smollm3.conformance.faults;

import java.util.List;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;

/** Faults in what is written to the KV cache. */
final class CacheFaults {
  private CacheFaults() {}

  static List<Fault> all() {
    return List.of(
        of(
            "prompt-by-position",
            "KV-01",
            "a prompt is cached at the positions it is given",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(
                    cache, active, seqIds, positions, AttentionKind.CHUNKED_PREFILL)),
        of(
            "cached-one-late",
            "KV-02",
            "new tokens are cached one position late",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(
                    cache, active, seqIds, ops.inner.add(positions, ops.fill(1, positions)), kind)),
        of(
            "slot-by-row",
            "KV-03",
            "row b is cached in slot b",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(
                    cache, active, ops.inner.iota(seqIds.shape(), 0), positions, kind)),
        of(
            "cache-truncates",
            "KV-04",
            "float32 becomes bfloat16 in the cache by truncation",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(cache, ops.truncated(active), seqIds, positions, kind)),
        of(
            "prompt-clears-rest",
            "KV-05",
            "a prompt clears the rest of its slot",
            (ops, cache, active, seqIds, positions, kind) -> {
              long rest = cache.spec().shape().dim(2) - active.shape().dim(2);
              return kind == AttentionKind.CONTEXT_ENCODING
                  ? ops.inner.updateCache(
                      cache,
                      ops.inner.pad(active, 2, 0, rest, 0),
                      seqIds,
                      ops.inner.pad(positions, 1, 0, rest, 0),
                      kind)
                  : ops.inner.updateCache(cache, active, seqIds, positions, kind);
            }),
        of(
            "position-clamped",
            "KV-06",
            "a position beyond the cache writes to its end",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(
                    cache,
                    active,
                    seqIds,
                    ops.clamped(positions, cache.spec().shape().dim(2) - 1),
                    kind)),
        of(
            "padding-writes-a-slot",
            "KV-07",
            "a row without a slot writes to the nearest",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(
                    cache,
                    active,
                    ops.clamped(seqIds, cache.spec().shape().dim(0) - 1),
                    positions,
                    kind)),
        of(
            "piece-from-start",
            "KV-08",
            "a piece of a prompt is cached from position 0",
            (ops, cache, active, seqIds, positions, kind) ->
                ops.inner.updateCache(
                    cache,
                    active,
                    seqIds,
                    positions,
                    kind == AttentionKind.CHUNKED_PREFILL
                        ? AttentionKind.CONTEXT_ENCODING
                        : kind)));
  }

  /** A wrong update. */
  @FunctionalInterface
  private interface Update {
    State of(
        Cached ops,
        State cache,
        Tensor active,
        Tensor seqIds,
        Tensor positions,
        AttentionKind kind);
  }

  private static Fault of(String name, String rule, String text, Update update) {
    return Fault.ofOps(name, rule, text, ops -> new Cached(ops, update));
  }

  private static final class Cached extends ForwardingOps {
    private final Update update;

    Cached(TensorOps inner, Update update) {
      super(inner);
      this.update = update;
    }

    Tensor clamped(Tensor x, long last) {
      return inner.maximum(inner.minimum(x, fill((double) last, x)), fill(0, x));
    }

    /** Towards zero, which is the nearest or the one before it. */
    Tensor truncated(Tensor x) {
      if (x.dtype() != DType.F32) {
        return x;
      }
      Tensor nearest = through(DType.BF16, x);
      Tensor before = through(DType.BF16, scaled(nearest, 1 - 0x1.8p-8));
      Tensor beyond = inner.compare(Comparison.GT, size(nearest), size(x));
      return inner.select(beyond, before, nearest);
    }

    private Tensor size(Tensor x) {
      return inner.maximum(x, inner.negate(x));
    }

    @Override
    public State updateCache(
        State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
      return update.of(this, cache, active, seqIds, positions, kind);
    }
  }
}

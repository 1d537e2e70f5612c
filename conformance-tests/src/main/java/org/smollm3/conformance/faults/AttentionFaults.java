package org.smollm3.conformance.faults;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** Faults in attention: of its operands, and of the operations it is made of. */
final class AttentionFaults {
  private AttentionFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "weights-in-bf16",
            "ATTN-01",
            "the weights of attention are rounded to bfloat16",
            ops ->
                new Spelled(ops) {
                  @Override
                  public Tensor exponential(Tensor x) {
                    return attending()
                        ? through(DType.BF16, inner.exponential(x))
                        : inner.exponential(x);
                  }
                }),
        called(
            "prompt-reads-cache",
            "ATTN-02",
            "a prompt reads the cache and multiplies it by zero",
            (ops, call) ->
                call.kind() == AttentionKind.CONTEXT_ENCODING
                    ? ops.plusNothing(call)
                    : ops.of(call)),
        called(
            "step-misses-last",
            "ATTN-03",
            "a step does not see the last position of the cache",
            (ops, call) ->
                call.kind() == AttentionKind.TOKEN_GENERATION
                    ? ops.of(call.at(ops.plus(call.positions(), -1)))
                    : ops.of(call)),
        called(
            "piece-forgets-cache",
            "ATTN-04",
            "a piece of a prompt does not see the cache",
            (ops, call) ->
                call.kind() == AttentionKind.CHUNKED_PREFILL
                    ? ops.of(call.as(AttentionKind.CONTEXT_ENCODING))
                    : ops.of(call)),
        Fault.ofOps(
            "speculation-sees-ahead",
            "ATTN-05",
            "several new tokens see all of each other",
            ops ->
                new Spelled(ops) {
                  @Override
                  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                    Tensor right = inner.compare(direction, a, b);
                    return isAttending(AttentionKind.SPECULATION) && direction == Comparison.LE
                        ? inner.or(right, inner.not(right))
                        : right;
                  }
                }),
        Fault.ofOps(
            "stale-cache-not-masked",
            "ATTN-06",
            "the first stale position of the cache is seen",
            ops ->
                new Spelled(ops) {
                  @Override
                  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                    return inner.compare(
                        attending() && direction == Comparison.LT ? Comparison.LE : direction,
                        a,
                        b);
                  }
                }),
        called(
            "kv-heads-tiled",
            "ATTN-07",
            "query head h uses key-value head h % G",
            (ops, call) -> ops.tiled(call)),
        Fault.ofOps(
            "mask-strict",
            "ATTN-08",
            "an active token does not see itself",
            ops ->
                new Spelled(ops) {
                  @Override
                  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                    return inner.compare(
                        attending() && direction == Comparison.LE ? Comparison.LT : direction,
                        a,
                        b);
                  }
                }),
        Fault.ofOps(
            "normalised-apart",
            "ATTN-09",
            "weights of cache and active tokens are relative to maxima of their own",
            ops ->
                new Spelled(ops) {
                  @Override
                  public Tensor subtract(Tensor a, Tensor b) {
                    if (!attending() || a.shape().rank() != 5) {
                      return inner.subtract(a, b);
                    }
                    Tensor own = inner.reduce(a, Reduction.MAX, 4);
                    return inner.subtract(a, inner.broadcast(own, a.shape(), 0, 1, 2, 3));
                  }
                }),
        Fault.ofOps(
            "scores-without-maximum",
            "ATTN-10",
            "the maximum is not subtracted from the scores",
            ops ->
                new Spelled(ops) {
                  @Override
                  public Tensor subtract(Tensor a, Tensor b) {
                    return attending() && a.shape().rank() == 5 ? a : inner.subtract(a, b);
                  }
                }),
        called(
            "scale-of-its-own",
            "ATTN-11",
            "scores are scaled by 1/sqrt(D) whatever the scale",
            (ops, call) -> ops.of(call.scaled(1 / Math.sqrt((double) call.q().shape().dim(3))))),
        called(
            "window-one-more",
            "ATTN-12",
            "a sliding window is one position longer",
            (ops, call) -> ops.of(call.longerWindow())),
        called(
            "attends-slot-by-row",
            "ATTN-13",
            "row b attends to slot b",
            (ops, call) -> ops.of(call.in(ops.inner.iota(call.seqIds().shape(), 0)))),
        called(
            "one-tile-only",
            "ATTN-14",
            "of the cache only the first 128 positions are seen",
            (ops, call) ->
                ops.of(
                    call.at(ops.inner.minimum(call.positions(), ops.fill(128, call.positions()))))),
        called(
            "cache-up-to-last",
            "ATTN-15",
            "the cache is seen up to a row's last position",
            (ops, call) -> ops.of(call.at(ops.last(call.positions())))));
  }

  /** The operands of an attention. */
  private record Call(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    AttentionKind kind() {
      return spec.kind();
    }

    Call at(Tensor others) {
      return new Call(q, kCache, vCache, kActive, vActive, seqIds, others, spec);
    }

    Call in(Tensor slots) {
      return new Call(q, kCache, vCache, kActive, vActive, slots, positions, spec);
    }

    Call asking(Tensor queries) {
      return new Call(queries, kCache, vCache, kActive, vActive, seqIds, positions, spec);
    }

    private Call with(AttentionSpec other) {
      return new Call(q, kCache, vCache, kActive, vActive, seqIds, positions, other);
    }

    Call as(AttentionKind kind) {
      return with(new AttentionSpec(kind, spec.scale(), spec.slidingWindow()));
    }

    Call scaled(double scale) {
      return with(new AttentionSpec(kind(), scale, spec.slidingWindow()));
    }

    Call longerWindow() {
      OptionalInt window = spec.slidingWindow();
      return window.isEmpty()
          ? this
          : with(new AttentionSpec(kind(), spec.scale(), OptionalInt.of(window.getAsInt() + 1)));
    }
  }

  @FunctionalInterface
  private interface Wrong {
    Tensor of(Calling ops, Call call);
  }

  private static Fault called(String name, String rule, String text, Wrong wrong) {
    return Fault.ofOps(name, rule, text, ops -> new Calling(ops, wrong));
  }

  /** Calls the right attention with wrong operands. */
  private static final class Calling extends ForwardingOps {
    private final Wrong wrong;

    Calling(TensorOps inner, Wrong wrong) {
      super(inner);
      this.wrong = wrong;
    }

    Tensor of(Call c) {
      return inner.attend(
          c.q(),
          c.kCache(),
          c.vCache(),
          c.kActive(),
          c.vActive(),
          c.seqIds(),
          c.positions(),
          c.spec());
    }

    Tensor plus(Tensor x, int addend) {
      return inner.add(x, fill(addend, x));
    }

    Tensor last(Tensor positions) {
      return inner.broadcast(inner.reduce(positions, Reduction.MAX, 1), positions.shape(), 0);
    }

    Tensor plusNothing(Call call) {
      Tensor slots = inner.reshape(call.seqIds(), Shape.of(call.seqIds().shape().dim(0), 1));
      Tensor rows = inner.gather(inner.read(call.vCache()), slots, 0);
      Tensor sums = inner.reduce(rows, Reduction.SUM, 1, 2, 3);
      Tensor nothing = inner.convert(inner.multiply(sums, fill(0, sums)), call.q().dtype());
      Tensor right = of(call);
      return inner.add(right, inner.broadcast(nothing, right.shape(), 0));
    }

    Tensor tiled(Call call) {
      Shape shape = call.q().shape();
      long groups = call.kActive().shape().dim(1);
      long repeats = shape.dim(1) / groups;
      Tensor turned = turned(call.q(), repeats, groups, shape);
      return turned(of(call.asking(turned)), groups, repeats, shape);
    }

    /** Heads [outer, inner] as [inner, outer]. */
    private Tensor turned(Tensor x, long first, long second, Shape shape) {
      Shape split = Shape.of(shape.dim(0), first, second, shape.dim(2), shape.dim(3));
      return inner.reshape(inner.transpose(inner.reshape(x, split), 0, 2, 1, 3, 4), shape);
    }

    @Override
    public Tensor attend(
        Tensor q,
        State kCache,
        State vCache,
        Tensor kActive,
        Tensor vActive,
        Tensor seqIds,
        Tensor positions,
        AttentionSpec spec) {
      return wrong.of(this, new Call(q, kCache, vCache, kActive, vActive, seqIds, positions, spec));
    }
  }

  /** Attention in primitives, of which one is wrong while it lasts. */
  private abstract static class Spelled extends ForwardingOps {
    private Optional<AttentionKind> attending = Optional.empty();

    Spelled(TensorOps inner) {
      super(inner);
    }

    final boolean attending() {
      return attending.isPresent();
    }

    final boolean isAttending(AttentionKind kind) {
      return attending.isPresent() && attending.get() == kind;
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
      attending = Optional.of(spec.kind());
      try {
        return attendInPrimitives(q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
      } finally {
        attending = Optional.empty();
      }
    }
  }
}

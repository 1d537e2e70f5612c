package org.smollm3.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.spi.AttentionKind.CHUNKED_PREFILL;
import static org.smollm3.spi.AttentionKind.TOKEN_GENERATION;
import static org.smollm3.tensor.DType.BF16;
import static org.smollm3.tensor.DType.F16;
import static org.smollm3.tensor.DType.F32;
import static org.smollm3.tensor.DType.I32;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** The rules of composites: what each accepts, and each rule broken once. */
class CompositeRulesTest {
  private record Plain(DType dtype, Shape shape) implements Tensor {}

  private record PlainState(TensorSpec spec) implements State {}

  private static Tensor t(DType dtype, long... dims) {
    return new Plain(dtype, Shape.of(dims));
  }

  private static State cache(DType dtype, long... dims) {
    return new PlainState(new TensorSpec("k", dtype, Shape.of(dims)));
  }

  private static LinearLayer layer(String name, Tensor weight) {
    return new LinearLayer(name, weight, Optional.empty());
  }

  private static DynamicTest refuses(String message, ThrowingCallable call) {
    return DynamicTest.dynamicTest(
        message,
        () ->
            assertThatThrownBy(call)
                .isInstanceOf(InvalidRequestException.class)
                .hasMessage(message));
  }

  @Test
  void compositesTakeAnyMixOfFloatingTypes() {
    assertThat(
            ShapeRules.linear(t(F32, 2, 5, 3), t(BF16, 7, 3), Optional.of(t(F16, 7)), DType.BF16))
        .isEqualTo(Shape.of(2, 5, 7));
    assertThat(
            ShapeRules.linearEach(
                t(F32, 2, 5, 3), List.of(layer("q", t(BF16, 7, 3)), layer("k", t(F16, 4, 3))), F32))
        .containsExactly(Shape.of(2, 5, 7), Shape.of(2, 5, 4));
    assertThat(ShapeRules.linearTopK(t(BF16, 2, 5, 3), layer("head", t(F16, 7, 3)), 7))
        .isEqualTo(Shape.of(2, 5, 7));
    assertThat(
            ShapeRules.linearSwiGlu(
                t(F32, 5, 3), layer("gate", t(BF16, 7, 3)), layer("up", t(F32, 7, 3)), BF16))
        .isEqualTo(Shape.of(5, 7));
    assertThat(ShapeRules.rmsNorm(t(BF16, 2, 3), t(F32, 3), 0)).isEqualTo(Shape.of(2, 3));
    assertThat(ShapeRules.swiGlu(t(BF16, 2, 3), t(F32, 2, 3))).isEqualTo(Shape.of(2, 3));
    assertThat(ShapeRules.softmax(t(F16, 2, 3))).isEqualTo(Shape.of(2, 3));
    assertThat(ShapeRules.cumulativeSum(t(BF16, 2, 3))).isEqualTo(Shape.of(2, 3));
    assertThat(ShapeRules.embedding(t(I32, 2, 5), t(BF16, 9, 4), F32)).isEqualTo(Shape.of(2, 5, 4));
    assertThat(ShapeRules.rotaryTable(t(I32, 2, 5), t(F32, 4), 1)).isEqualTo(Shape.of(2, 5, 8));
    assertThat(ShapeRules.rotate(t(BF16, 2, 6, 5, 8), t(F32, 2, 5, 8)))
        .isEqualTo(Shape.of(2, 6, 5, 8));
    ShapeRules.updateCache(
        cache(BF16, 4, 2, 9, 8), t(F32, 3, 2, 5, 8), t(I32, 3), t(I32, 3, 5), CHUNKED_PREFILL);
  }

  @TestFactory
  Stream<DynamicTest> layersRefuse() {
    Optional<Tensor> none = Optional.empty();
    return Stream.of(
        refuses(
            "linear: x [2, 4] does not end in the 3 of weight [7, 3]",
            () -> ShapeRules.linear(t(F32, 2, 4), t(F32, 7, 3), none, F32)),
        refuses(
            "linear: x [] does not end in the 3 of weight [7, 3]",
            () -> ShapeRules.linear(t(F32), t(F32, 7, 3), none, F32)),
        refuses(
            "linear: weight is [3], not of rank 2",
            () -> ShapeRules.linear(t(F32, 2, 3), t(F32, 3), none, F32)),
        refuses(
            "linear: bias is [3], not [7]",
            () -> ShapeRules.linear(t(F32, 2, 3), t(F32, 7, 3), Optional.of(t(F32, 3)), F32)),
        refuses(
            "linear: bias is I32, not F32, BF16 or F16",
            () -> ShapeRules.linear(t(F32, 2, 3), t(F32, 7, 3), Optional.of(t(I32, 7)), F32)),
        refuses(
            "linear: x is I32, not F32, BF16 or F16",
            () -> ShapeRules.linear(t(I32, 2, 3), t(F32, 7, 3), none, F32)),
        refuses(
            "linear: weight is I32, not F32, BF16 or F16",
            () -> ShapeRules.linear(t(F32, 2, 3), t(I32, 7, 3), none, F32)),
        refuses(
            "linear: result is I32, not F32, BF16 or F16",
            () -> ShapeRules.linear(t(F32, 2, 3), t(F32, 7, 3), none, I32)),
        refuses(
            "linear 'layers.0.self_attn.k_proj': x [2, 3] does not end in the 4 of weight [7, 4]",
            () ->
                ShapeRules.linearEach(
                    t(F32, 2, 3),
                    List.of(
                        layer("layers.0.self_attn.q_proj", t(F32, 7, 3)),
                        layer("layers.0.self_attn.k_proj", t(F32, 7, 4))),
                    F32)),
        refuses("linearEach: no layers", () -> ShapeRules.linearEach(t(F32, 2, 3), List.of(), F32)),
        refuses(
            "linearTopK: k is 8, not 1 to the 7 of head",
            () -> ShapeRules.linearTopK(t(F32, 2, 3), layer("head", t(F32, 7, 3)), 8)),
        refuses(
            "linearTopK: k is 0, not 1 to the 7 of head",
            () -> ShapeRules.linearTopK(t(F32, 2, 3), layer("head", t(F32, 7, 3)), 0)),
        refuses(
            "linear 'head': weight is [3], not of rank 2",
            () -> ShapeRules.linearTopK(t(F32, 2, 3), layer("head", t(F32, 3)), 1)),
        refuses(
            "linearSwiGlu: 'gate' gives [2, 7] and 'up' [2, 6]; they must be alike",
            () ->
                ShapeRules.linearSwiGlu(
                    t(F32, 2, 3), layer("gate", t(F32, 7, 3)), layer("up", t(F32, 6, 3)), F32)),
        refuses(
            "linear 'up': weight is [3], not of rank 2",
            () ->
                ShapeRules.linearSwiGlu(
                    t(F32, 2, 3), layer("gate", t(F32, 7, 3)), layer("up", t(F32, 3)), F32)),
        refuses(
            "rmsNorm: weight is [2], not [3]",
            () -> ShapeRules.rmsNorm(t(F32, 2, 3), t(F32, 2), 1e-6)),
        refuses(
            "rmsNorm: a scalar has no last axis", () -> ShapeRules.rmsNorm(t(F32), t(F32), 1e-6)),
        refuses(
            "rmsNorm: x is I32, not F32, BF16 or F16",
            () -> ShapeRules.rmsNorm(t(I32, 3), t(F32, 3), 1e-6)),
        refuses(
            "rmsNorm: epsilon is -1.0, not a finite number of at least 0",
            () -> ShapeRules.rmsNorm(t(F32, 3), t(F32, 3), -1)),
        refuses(
            "rmsNorm: epsilon is NaN, not a finite number of at least 0",
            () -> ShapeRules.rmsNorm(t(F32, 3), t(F32, 3), Double.NaN)),
        refuses("swiGlu: up is [2], not [3]", () -> ShapeRules.swiGlu(t(F32, 3), t(F32, 2))),
        refuses(
            "swiGlu: gate is I32, not F32, BF16 or F16",
            () -> ShapeRules.swiGlu(t(I32, 3), t(F32, 3))),
        refuses("cumulativeSum: a scalar has no last axis", () -> ShapeRules.cumulativeSum(t(F32))),
        refuses(
            "cumulativeSum: x is I32, not F32, BF16 or F16",
            () -> ShapeRules.cumulativeSum(t(I32, 2))),
        refuses("softmax: a scalar has no last axis", () -> ShapeRules.softmax(t(F32))),
        refuses("softmax: x is I32, not F32, BF16 or F16", () -> ShapeRules.softmax(t(I32, 2))),
        refuses(
            "embedding: ids is F32, not I32",
            () -> ShapeRules.embedding(t(F32, 2, 5), t(F32, 9, 4), F32)),
        refuses(
            "embedding: ids is [5], not of rank 2",
            () -> ShapeRules.embedding(t(I32, 5), t(F32, 9, 4), F32)),
        refuses(
            "embedding: table is [9], not of rank 2",
            () -> ShapeRules.embedding(t(I32, 1, 5), t(F32, 9), F32)),
        refuses(
            "embedding: table [0, 4] has no rows",
            () -> ShapeRules.embedding(t(I32, 1, 5), t(F32, 0, 4), F32)),
        refuses(
            "rotaryTable: positions is F32, not I32",
            () -> ShapeRules.rotaryTable(t(F32, 2, 5), t(F32, 4), 1)),
        refuses(
            "rotaryTable: inverse frequencies is BF16, not F32",
            () -> ShapeRules.rotaryTable(t(I32, 2, 5), t(BF16, 4), 1)),
        refuses(
            "rotaryTable: scaling is NaN",
            () -> ShapeRules.rotaryTable(t(I32, 2, 5), t(F32, 4), Double.NaN)),
        refuses(
            "rotate: head dimension 3 is odd",
            () -> ShapeRules.rotate(t(F32, 1, 1, 1, 3), t(F32, 1, 1, 3))),
        refuses(
            "rotate: table is [1, 6, 8], not [2, 5, 8]",
            () -> ShapeRules.rotate(t(F32, 2, 6, 5, 8), t(F32, 1, 6, 8))),
        refuses(
            "rotate: x is [2, 8], not of rank 4",
            () -> ShapeRules.rotate(t(F32, 2, 8), t(F32, 2, 8))));
  }

  /** The operands of an attention that is right: B 2, H 6, G 3, T 4, D 8, 5 slots of length 9. */
  private static final class Attention {
    Tensor q = t(BF16, 2, 6, 4, 8);
    State k = cache(BF16, 5, 3, 9, 8);
    State v = cache(F32, 5, 3, 9, 8);
    Tensor kActive = t(F32, 2, 3, 4, 8);
    Tensor vActive = t(F16, 2, 3, 4, 8);
    Tensor seqIds = t(I32, 2);
    Tensor positions = t(I32, 2, 4);
    AttentionSpec spec = new AttentionSpec(CHUNKED_PREFILL, 0.5, OptionalInt.of(1));

    Shape check() {
      return ShapeRules.attend(q, k, v, kActive, vActive, seqIds, positions, spec);
    }
  }

  private static DynamicTest attendRefuses(
      String message, java.util.function.Consumer<Attention> spoil) {
    return refuses(
        message,
        () -> {
          Attention attention = new Attention();
          spoil.accept(attention);
          attention.check();
        });
  }

  @Test
  void attentionGivesTheShapeOfTheQuery() {
    assertThat(new Attention().check()).isEqualTo(Shape.of(2, 6, 4, 8));
  }

  @TestFactory
  Stream<DynamicTest> attentionRefuses() {
    return Stream.of(
        attendRefuses("attend: q is I32, not F32, BF16 or F16", a -> a.q = t(I32, 2, 6, 4, 8)),
        attendRefuses("attend: q is [6, 4, 8], not of rank 4", a -> a.q = t(F32, 6, 4, 8)),
        attendRefuses(
            "attend: 5 query heads are not a multiple of 3 key heads",
            a -> a.q = t(F32, 2, 5, 4, 8)),
        attendRefuses(
            "attend: q [2, 6, 4, 10] and kActive [2, 3, 4, 8] differ beside the heads",
            a -> a.q = t(F32, 2, 6, 4, 10)),
        attendRefuses(
            "attend: vActive is [2, 3, 4, 9], not [2, 3, 4, 8]",
            a -> a.vActive = t(F32, 2, 3, 4, 9)),
        attendRefuses("attend: seqIds is F32, not I32", a -> a.seqIds = t(F32, 2)),
        attendRefuses("attend: seqIds is [3], not [2]", a -> a.seqIds = t(I32, 3)),
        attendRefuses("attend: positions is [2], not [2, 4]", a -> a.positions = t(I32, 2)),
        attendRefuses("attend: positions is F32, not I32", a -> a.positions = t(F32, 2, 4)),
        attendRefuses(
            "attend: cache 'k' is [5, 2, 9, 8], not [slots, 3, length, 8]",
            a -> a.k = cache(F32, 5, 2, 9, 8)),
        attendRefuses(
            "attend: cache 'k' is [0, 3, 9, 8], not [slots, 3, length, 8]",
            a -> a.v = cache(F32, 0, 3, 9, 8)),
        attendRefuses(
            "attend: caches are [5, 3, 9, 8] and [5, 3, 10, 8]",
            a -> a.v = cache(F32, 5, 3, 10, 8)),
        attendRefuses(
            "attend: cache 'k' is I32, not F32, BF16 or F16", a -> a.k = cache(I32, 5, 3, 9, 8)),
        attendRefuses(
            "attend: sliding window is 0, not at least 1",
            a -> a.spec = new AttentionSpec(CHUNKED_PREFILL, 1, OptionalInt.of(0))),
        attendRefuses(
            "attend: scale is NaN",
            a -> a.spec = new AttentionSpec(CHUNKED_PREFILL, Double.NaN, OptionalInt.empty())),
        attendRefuses(
            "attend: token generation takes 1 token a row, not 4",
            a -> a.spec = new AttentionSpec(TOKEN_GENERATION, 1, OptionalInt.empty())),
        attendRefuses(
            "attend: kActive [2, 3, 0, 8] holds no tokens",
            a -> {
              a.kActive = t(F32, 2, 3, 0, 8);
              a.positions = t(I32, 2, 0);
            }),
        refuses(
            "updateCache 'k': cache 'k' is [4, 2, 9], not [slots, 2, length, 8]",
            () ->
                ShapeRules.updateCache(
                    cache(F32, 4, 2, 9),
                    t(F32, 3, 2, 1, 8),
                    t(I32, 3),
                    t(I32, 3, 1),
                    TOKEN_GENERATION)),
        refuses(
            "updateCache 'k': active is [3, 8], not of rank 4",
            () ->
                ShapeRules.updateCache(
                    cache(F32, 4, 2, 9, 8),
                    t(F32, 3, 8),
                    t(I32, 3),
                    t(I32, 3, 1),
                    CHUNKED_PREFILL)));
  }
}

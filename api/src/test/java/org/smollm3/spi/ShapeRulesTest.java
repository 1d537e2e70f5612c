package org.smollm3.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.tensor.DType.BF16;
import static org.smollm3.tensor.DType.BOOL;
import static org.smollm3.tensor.DType.F16;
import static org.smollm3.tensor.DType.F32;
import static org.smollm3.tensor.DType.F64;
import static org.smollm3.tensor.DType.I32;
import static org.smollm3.tensor.DType.I64;
import static org.smollm3.tensor.DType.U8;

import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** The rules of primitives: what each accepts, and each rule broken once. */
class ShapeRulesTest {
  private record Plain(DType dtype, Shape shape) implements Tensor {}

  private record PlainState(TensorSpec spec) implements State {}

  private static Tensor t(DType dtype, long... dims) {
    return new Plain(dtype, Shape.of(dims));
  }

  private static State state(DType dtype, long... dims) {
    return new PlainState(new TensorSpec("kv", dtype, Shape.of(dims)));
  }

  private static Shape shape(long... dims) {
    return Shape.of(dims);
  }

  private static DotDims dims(
      List<Integer> leftBatch, List<Integer> rightBatch, List<Integer> left, List<Integer> right) {
    return new DotDims(leftBatch, rightBatch, left, right);
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
  void valuesGiveTheShapeTheyAreAskedFor() {
    assertThat(ShapeRules.constant(BF16, shape(2, 0))).isEqualTo(shape(2, 0));
    assertThat(ShapeRules.scalar(I32, Integer.MIN_VALUE)).isEqualTo(Shape.scalar());
    assertThat(ShapeRules.scalar(F16, Double.NaN)).isEqualTo(Shape.scalar());
    assertThat(ShapeRules.iota(shape(2, 3), 1)).isEqualTo(shape(2, 3));
    assertThat(ShapeRules.convert(t(BOOL, 2), F32)).isEqualTo(shape(2));
  }

  @TestFactory
  Stream<DynamicTest> valuesRefuse() {
    return Stream.of(
        refuses(
            "constant: F64 is not one of F32, BF16, F16, I32 and BOOL; convert",
            () -> ShapeRules.constant(F64, shape(1))),
        refuses(
            "constant: the shape [2, ?] has an open dimension",
            () -> ShapeRules.constant(F32, shape(2, Shape.OPEN))),
        refuses(
            "scalar: I64 is not one of F32, BF16, F16, I32 and BOOL; convert",
            () -> ShapeRules.scalar(I64, 1)),
        refuses("scalar: 2.5 is not a value of I32", () -> ShapeRules.scalar(I32, 2.5)),
        refuses("scalar: 3.0E9 is not a value of I32", () -> ShapeRules.scalar(I32, 3e9)),
        refuses("scalar: NaN is not a value of I32", () -> ShapeRules.scalar(I32, Double.NaN)),
        refuses("scalar: 2.0 is not a value of BOOL", () -> ShapeRules.scalar(BOOL, 2)),
        refuses("iota: no axis 2 in [2, 3]", () -> ShapeRules.iota(shape(2, 3), 2)),
        refuses("iota: no axis -1 in [2, 3]", () -> ShapeRules.iota(shape(2, 3), -1)),
        refuses("iota: the shape [?] has an open dimension", () -> ShapeRules.iota(shape(-1), 0)),
        refuses(
            "convert: U8 is not one of F32, BF16, F16, I32 and BOOL; convert",
            () -> ShapeRules.convert(t(F32, 1), U8)));
  }

  @Test
  void layoutsMoveDimensions() {
    assertThat(ShapeRules.broadcast(t(F32, 3), shape(2, 3, 4), 1)).isEqualTo(shape(2, 3, 4));
    assertThat(ShapeRules.broadcast(t(F32), shape(2))).isEqualTo(shape(2));
    assertThat(ShapeRules.reshape(t(I32, 2, 6), shape(3, 4))).isEqualTo(shape(3, 4));
    assertThat(ShapeRules.reshape(t(I32, 1, 1), Shape.scalar())).isEqualTo(Shape.scalar());
    assertThat(ShapeRules.transpose(t(F32, 2, 3, 4), 2, 0, 1)).isEqualTo(shape(4, 2, 3));
    assertThat(ShapeRules.slice(t(F32, 2, 5), 1, 1, 4)).isEqualTo(shape(2, 3));
    assertThat(ShapeRules.slice(t(F32, 2, 5), 1, 5, 5)).isEqualTo(shape(2, 0));
    assertThat(ShapeRules.concatenate(1, List.of(t(F32, 2, 1), t(F32, 2, 0), t(F32, 2, 3))))
        .isEqualTo(shape(2, 4));
    assertThat(ShapeRules.pad(t(F32, 2, 3), 0, 1, 2, -1)).isEqualTo(shape(5, 3));
  }

  @TestFactory
  Stream<DynamicTest> layoutsRefuse() {
    return Stream.of(
        refuses(
            "broadcast: 1 axes [0] for the shape [2, 3]",
            () -> ShapeRules.broadcast(t(F32, 2, 3), shape(2, 3), 0)),
        refuses(
            "broadcast: axes [1, 0] do not ascend",
            () -> ShapeRules.broadcast(t(F32, 2, 2), shape(2, 2), 1, 0)),
        refuses(
            "broadcast: axes [0, 0] do not ascend",
            () -> ShapeRules.broadcast(t(F32, 2, 2), shape(2, 2), 0, 0)),
        refuses("broadcast: no axis 1 in [2]", () -> ShapeRules.broadcast(t(F32, 2), shape(2), 1)),
        refuses(
            "broadcast: dimension 0 of [1] is not dimension 1 of [2, 3]",
            () -> ShapeRules.broadcast(t(F32, 1), shape(2, 3), 1)),
        refuses(
            "broadcast: the shape [?] has an open dimension",
            () -> ShapeRules.broadcast(t(F32, 1), shape(-1), 0)),
        refuses(
            "reshape: [2, 3] and [5] have different numbers of elements",
            () -> ShapeRules.reshape(t(F32, 2, 3), shape(5))),
        refuses(
            "reshape: the shape [?] has an open dimension",
            () -> ShapeRules.reshape(t(F32, 2, 3), shape(-1))),
        refuses(
            "transpose: [0, 0] is no permutation of the axes of [2, 3]",
            () -> ShapeRules.transpose(t(F32, 2, 3), 0, 0)),
        refuses(
            "transpose: [0] is no permutation of the axes of [2, 3]",
            () -> ShapeRules.transpose(t(F32, 2, 3), 0)),
        refuses(
            "transpose: [-1, 0] is no permutation of the axes of [2, 3]",
            () -> ShapeRules.transpose(t(F32, 2, 3), -1, 0)),
        refuses(
            "slice: -1 to 2 is not within axis 0 of [3]",
            () -> ShapeRules.slice(t(F32, 3), 0, -1, 2)),
        refuses(
            "slice: 2 to 1 is not within axis 0 of [3]",
            () -> ShapeRules.slice(t(F32, 3), 0, 2, 1)),
        refuses(
            "slice: 1 to 4 is not within axis 0 of [3]",
            () -> ShapeRules.slice(t(F32, 3), 0, 1, 4)),
        refuses("slice: no axis 1 in [3]", () -> ShapeRules.slice(t(F32, 3), 1, 0, 1)),
        refuses("concatenate: no parts", () -> ShapeRules.concatenate(0, List.of())),
        refuses(
            "concatenate: no axis 1 in [3]", () -> ShapeRules.concatenate(1, List.of(t(F32, 3)))),
        refuses(
            "concatenate: operands are F32 and BF16; convert one",
            () -> ShapeRules.concatenate(0, List.of(t(F32, 3), t(BF16, 3)))),
        refuses(
            "concatenate: [2, 3] and [2, 4] differ beside axis 0",
            () -> ShapeRules.concatenate(0, List.of(t(F32, 2, 3), t(F32, 2, 4)))),
        refuses(
            "concatenate: [2, 3] and [2] differ beside axis 0",
            () -> ShapeRules.concatenate(0, List.of(t(F32, 2, 3), t(F32, 2)))),
        refuses("pad: no axis 1 in [3]", () -> ShapeRules.pad(t(F32, 3), 1, 0, 0, 0)),
        refuses("pad: negative padding of -1 and 0", () -> ShapeRules.pad(t(F32, 3), 0, -1, 0, 0)),
        refuses("pad: negative padding of 0 and -2", () -> ShapeRules.pad(t(F32, 3), 0, 0, -2, 0)),
        refuses("pad: 0.5 is not a value of I32", () -> ShapeRules.pad(t(I32, 3), 0, 0, 1, 0.5)));
  }

  @Test
  void elementWiseKeepsTheShape() {
    assertThat(ShapeRules.arithmetic("add", t(I32, 2), t(I32, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.negate(t(BF16, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.transcendental("sine", t(F16, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.compare(t(BOOL, 2), t(BOOL, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.select(t(BOOL, 2), t(I32, 2), t(I32, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.logical("or", t(BOOL, 2), t(BOOL, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.not(t(BOOL, 2))).isEqualTo(shape(2));
  }

  @TestFactory
  Stream<DynamicTest> elementWiseRefuses() {
    return Stream.of(
        refuses(
            "add: operands are F32 and BF16; convert one",
            () -> ShapeRules.arithmetic("add", t(F32, 2), t(BF16, 2))),
        refuses(
            "add: operands are [2] and [1]; broadcast one",
            () -> ShapeRules.arithmetic("add", t(F32, 2), t(F32, 1))),
        refuses(
            "add: operand is BOOL, not F32, BF16 or F16",
            () -> ShapeRules.arithmetic("add", t(BOOL, 2), t(BOOL, 2))),
        refuses(
            "negate: operand is BOOL, not F32, BF16 or F16", () -> ShapeRules.negate(t(BOOL, 2))),
        refuses(
            "exponential: operand is I32, not F32, BF16 or F16",
            () -> ShapeRules.transcendental("exponential", t(I32, 2))),
        refuses(
            "compare: operands are F32 and I32; convert one",
            () -> ShapeRules.compare(t(F32, 2), t(I32, 2))),
        refuses(
            "compare: operands are [2] and []; broadcast one",
            () -> ShapeRules.compare(t(F32, 2), t(F32))),
        refuses(
            "select: predicate is I32, not BOOL",
            () -> ShapeRules.select(t(I32, 2), t(F32, 2), t(F32, 2))),
        refuses(
            "select: predicate is [], not [2]",
            () -> ShapeRules.select(t(BOOL), t(F32, 2), t(F32, 2))),
        refuses(
            "select: operands are F32 and F16; convert one",
            () -> ShapeRules.select(t(BOOL, 2), t(F32, 2), t(F16, 2))),
        refuses(
            "and: operand is I32, not BOOL", () -> ShapeRules.logical("and", t(I32, 2), t(I32, 2))),
        refuses(
            "and: operands are BOOL and I32; convert one",
            () -> ShapeRules.logical("and", t(BOOL, 2), t(I32, 2))),
        refuses("not: operand is F32, not BOOL", () -> ShapeRules.not(t(F32, 2))));
  }

  @Test
  void contractionsDropAxes() {
    DotDims attention = dims(List.of(0), List.of(0), List.of(2), List.of(1));
    assertThat(ShapeRules.dot(t(F32, 2, 5, 3), t(BF16, 2, 3, 7), attention, F32))
        .isEqualTo(shape(2, 5, 7));
    assertThat(ShapeRules.dot(t(F32, 4, 3), t(F16, 7, 3), DotDims.lastWithLast(2, 2), BF16))
        .isEqualTo(shape(4, 7));
    DotDims outer = dims(List.of(), List.of(), List.of(), List.of());
    assertThat(ShapeRules.dot(t(F32, 4), t(F32, 7), outer, F32)).isEqualTo(shape(4, 7));
    assertThat(ShapeRules.reduce(t(I32, 2, 3, 4), 2, 0)).isEqualTo(shape(3));
    assertThat(ShapeRules.reduce(t(F32, 2))).isEqualTo(shape(2));
    assertThat(ShapeRules.topK(t(F32, 2, 9), 9)).isEqualTo(shape(2, 9));
  }

  @TestFactory
  Stream<DynamicTest> contractionsRefuse() {
    DotDims last = DotDims.lastWithLast(2, 2);
    return Stream.of(
        refuses(
            "dot: left operand is I32, not F32, BF16 or F16",
            () -> ShapeRules.dot(t(I32, 2, 3), t(F32, 2, 3), last, F32)),
        refuses(
            "dot: right operand is BOOL, not F32, BF16 or F16",
            () -> ShapeRules.dot(t(F32, 2, 3), t(BOOL, 2, 3), last, F32)),
        refuses(
            "dot: result is I32, not F32, BF16 or F16",
            () -> ShapeRules.dot(t(F32, 2, 3), t(F32, 2, 3), last, I32)),
        refuses(
            "dot: contracting axes [1] of [2, 3] do not match [1] of [2, 4]",
            () -> ShapeRules.dot(t(F32, 2, 3), t(F32, 2, 4), last, F32)),
        refuses(
            "dot: contracting axes [0, 1] of [2, 3] do not match [0] of [2, 3]",
            () ->
                ShapeRules.dot(
                    t(F32, 2, 3),
                    t(F32, 2, 3),
                    dims(List.of(), List.of(), List.of(0, 1), List.of(0)),
                    F32)),
        refuses(
            "dot: batch axes [0] of [2, 3] do not match [0] of [4, 3]",
            () ->
                ShapeRules.dot(
                    t(F32, 2, 3),
                    t(F32, 4, 3),
                    dims(List.of(0), List.of(0), List.of(1), List.of(1)),
                    F32)),
        refuses(
            "dot: axis 0 of the left operand is named twice",
            () ->
                ShapeRules.dot(
                    t(F32, 2, 2),
                    t(F32, 2, 2),
                    dims(List.of(0), List.of(0), List.of(0), List.of(1)),
                    F32)),
        refuses(
            "dot: axis 1 of the right operand is named twice",
            () ->
                ShapeRules.dot(
                    t(F32, 2, 2),
                    t(F32, 2, 2),
                    dims(List.of(), List.of(), List.of(0, 1), List.of(1, 1)),
                    F32)),
        refuses(
            "dot: no axis 2 in [2, 2]",
            () -> ShapeRules.dot(t(F32, 2, 2), t(F32, 2, 2), DotDims.lastWithLast(3, 2), F32)),
        refuses("reduce: no axis 2 in [2, 3]", () -> ShapeRules.reduce(t(F32, 2, 3), 2)),
        refuses("reduce: axis 1 is given twice", () -> ShapeRules.reduce(t(F32, 2, 3), 1, 1)),
        refuses(
            "reduce: operand is BOOL, not F32, BF16 or F16",
            () -> ShapeRules.reduce(t(BOOL, 2), 0)),
        refuses("topK: operand is BF16, not F32", () -> ShapeRules.topK(t(BF16, 2), 1)),
        refuses("topK: k is 0, not 1 to 2", () -> ShapeRules.topK(t(F32, 2), 0)),
        refuses("topK: k is 3, not 1 to 2", () -> ShapeRules.topK(t(F32, 2), 3)),
        refuses("topK: a scalar has no last axis", () -> ShapeRules.topK(t(F32), 1)));
  }

  @Test
  void indexedAccessPutsIndexDimensionsFirst() {
    assertThat(ShapeRules.gather(t(F32, 5, 6, 7), t(I32, 2, 3, 1), 1)).isEqualTo(shape(2, 3, 5, 7));
    assertThat(ShapeRules.gather(t(F32, 5, 6, 7), t(I32, 2), 0, 2)).isEqualTo(shape(6));
    assertThat(ShapeRules.gather(t(F32, 0, 6), t(I32, 0, 1), 0)).isEqualTo(shape(0, 6));
    ShapeRules.scatterInto(state(F32, 4, 2, 8, 3), t(I32, 1, 5, 2), t(F32, 1, 5, 2, 3), 0, 2);
    ShapeRules.updateInto(state(F32, 4, 2), t(F32, 3, 2), 1, 0);
  }

  @TestFactory
  Stream<DynamicTest> indexedAccessRefuses() {
    return Stream.of(
        refuses(
            "gather: indices is F32, not I32", () -> ShapeRules.gather(t(F32, 5), t(F32, 2, 1), 0)),
        refuses("gather: no axis 1 in [5]", () -> ShapeRules.gather(t(F32, 5), t(I32, 2, 1), 1)),
        refuses(
            "gather: axes [1, 0] do not ascend",
            () -> ShapeRules.gather(t(F32, 5, 5), t(I32, 2, 2), 1, 0)),
        refuses("gather: no axes to index along", () -> ShapeRules.gather(t(F32, 5), t(I32, 2, 0))),
        refuses(
            "gather: indices [2, 2] do not end in 1, one coordinate for each of the axes [0]",
            () -> ShapeRules.gather(t(F32, 5), t(I32, 2, 2), 0)),
        refuses(
            "gather: indices [] do not end in 1, one coordinate for each of the axes [0]",
            () -> ShapeRules.gather(t(F32, 5), t(I32), 0)),
        refuses(
            "gather: nothing to gather along axis 0 of [0, 6]",
            () -> ShapeRules.gather(t(F32, 0, 6), t(I32, 1, 1), 0)),
        refuses(
            "scatterInto 'kv': updates is F32, not BF16",
            () -> ShapeRules.scatterInto(state(BF16, 4), t(I32, 2, 1), t(F32, 2), 0)),
        refuses(
            "scatterInto 'kv': updates is [3], not [2]",
            () -> ShapeRules.scatterInto(state(F32, 4), t(I32, 2, 1), t(F32, 3), 0)),
        refuses(
            "scatterInto 'kv': indices is BOOL, not I32",
            () -> ShapeRules.scatterInto(state(F32, 4), t(BOOL, 2, 1), t(F32, 2), 0)),
        refuses(
            "updateInto 'kv': block is F16, not F32",
            () -> ShapeRules.updateInto(state(F32, 4), t(F16, 2), 0)),
        refuses(
            "updateInto 'kv': [2] at [3] does not fit into [4]",
            () -> ShapeRules.updateInto(state(F32, 4), t(F32, 2), 3)),
        refuses(
            "updateInto 'kv': [2] at [-1] does not fit into [4]",
            () -> ShapeRules.updateInto(state(F32, 4), t(F32, 2), -1)),
        refuses(
            "updateInto 'kv': [2] at [0, 0] does not fit into [4]",
            () -> ShapeRules.updateInto(state(F32, 4), t(F32, 2), 0, 0)),
        refuses(
            "updateInto 'kv': [2, 1] at [0] does not fit into [4]",
            () -> ShapeRules.updateInto(state(F32, 4), t(F32, 2, 1), 0)));
  }
}

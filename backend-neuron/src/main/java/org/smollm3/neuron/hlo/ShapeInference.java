package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.Shape;

/**
 * The shape an instruction gives, by XLA's rules. Where operands and attributes leave a choice (the
 * dimensions of a reshape, the type of a convert) the declared shape is checked and returned.
 */
final class ShapeInference {
  private final List<HloShape> operands;
  private final HloAttributes attributes;
  private final HloShape declared;

  private ShapeInference(List<HloShape> operands, HloAttributes attributes, HloShape declared) {
    this.operands = operands;
    this.attributes = attributes;
    this.declared = declared;
  }

  /**
   * @param declared what the instruction says it gives
   * @throws InvalidModelException if no shape would be right
   */
  static HloShape infer(
      Opcode opcode, List<HloShape> operands, HloAttributes attributes, HloShape declared) {
    return new ShapeInference(operands, attributes, declared).infer(opcode);
  }

  static InvalidModelException bad(String what) {
    return new InvalidModelException(what);
  }

  static void require(boolean holds, String what) {
    if (!holds) {
      throw bad(what);
    }
  }

  private HloShape infer(Opcode opcode) {
    return switch (opcode) {
      case PARAMETER -> with(HloAttributes.Parameter.class, none(declared));
      case CONSTANT -> none(attributes(HloAttributes.Constant.class).literal().shape());
      case IOTA -> iota();
      case BROADCAST -> broadcast();
      case RESHAPE -> reshape();
      case TRANSPOSE -> transpose();
      case REVERSE -> reverse();
      case CONVERT -> ofDims(declared, one().dims());
      case BITCAST_CONVERT -> bitcast();
      case COPY -> one();
      case ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, REMAINDER, POWER -> arithmetic();
      case AND, OR, XOR -> logical();
      case NOT -> logicalOne();
      case NEGATE, ABS, SIGN -> numeric(one());
      case FLOOR,
          CEIL,
          ROUND_NEAREST_EVEN,
          EXPONENTIAL,
          LOG,
          RSQRT,
          SQRT,
          TANH,
          LOGISTIC,
          COSINE,
          SINE ->
          floating(one());
      case IS_FINITE -> new HloShape.Array(ElementType.PRED, floating(one()).dims());
      case COMPARE -> compare();
      case SELECT -> select();
      case CLAMP -> clamp();
      case CONCATENATE -> concatenate();
      case DOT -> dot();
      case REDUCE -> reduce();
      case SLICE, DYNAMIC_SLICE, DYNAMIC_UPDATE_SLICE, PAD, GATHER, SCATTER, SORT ->
          IndexedShapes.infer(opcode, operands, attributes);
      case TUPLE -> new HloShape.Tuple(operands);
      case GET_TUPLE_ELEMENT -> element();
      case CUSTOM_CALL -> with(HloAttributes.CustomCall.class, declared);
      case RNG -> with(HloAttributes.Random.class, random());
      case RNG_BIT_GENERATOR -> with(HloAttributes.Random.class, declared);
      case ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER, ALL_TO_ALL, COLLECTIVE_PERMUTE ->
          CollectiveShapes.infer(opcode, one(), attributes, declared);
      case CALL, WHILE, CONDITIONAL -> ControlShapes.infer(opcode, operands, attributes);
    };
  }

  private <A extends HloAttributes> A attributes(Class<A> kind) {
    return attributesOf(attributes, kind);
  }

  static <A extends HloAttributes> A attributesOf(HloAttributes attributes, Class<A> kind) {
    require(
        kind.isInstance(attributes),
        "its attributes are "
            + attributes.getClass().getSimpleName()
            + ", not "
            + kind.getSimpleName());
    return kind.cast(attributes);
  }

  private HloShape with(Class<? extends HloAttributes> kind, HloShape shape) {
    attributes(kind);
    return shape;
  }

  private HloShape none(HloShape shape) {
    requireOperands(0);
    return shape;
  }

  private void requireOperands(int count) {
    requireOperands(operands, count);
  }

  static void requireOperands(List<HloShape> operands, int count) {
    require(
        operands.size() == count, "it has " + operands.size() + " operands instead of " + count);
  }

  private HloShape.Array array(int index) {
    return array(operands.get(index));
  }

  static HloShape.Array array(HloShape shape) {
    if (shape instanceof HloShape.Array array) {
      return array;
    }
    throw bad("an operand is the tuple " + shape + " where an array belongs");
  }

  private HloShape.Array one() {
    requireOperands(1);
    return array(0);
  }

  /** The declared shape, which must have these dimensions. */
  private static HloShape.Array ofDims(HloShape declared, Shape dims) {
    HloShape.Array array = array(declared);
    require(array.dims().equals(dims), "it says " + array + " but has the dimensions " + dims);
    return array;
  }

  static HloShape.Array numeric(HloShape.Array x) {
    require(x.type() != ElementType.PRED, "it takes numbers, not " + x);
    return x;
  }

  private static HloShape.Array floating(HloShape.Array x) {
    require(x.type().isFloating(), "it takes floating numbers, not " + x);
    return x;
  }

  private HloShape.Array same(int first, int second) {
    require(
        operands.get(first).equals(operands.get(second)),
        "its operands differ: " + operands.get(first) + " and " + operands.get(second));
    return array(first);
  }

  private HloShape arithmetic() {
    requireOperands(2);
    return numeric(same(0, 1));
  }

  private HloShape logical() {
    requireOperands(2);
    HloShape.Array shape = same(0, 1);
    require(!shape.type().isFloating(), "it takes truth values or integers, not " + shape);
    return shape;
  }

  private HloShape logicalOne() {
    HloShape.Array shape = one();
    require(!shape.type().isFloating(), "it takes truth values or integers, not " + shape);
    return shape;
  }

  private HloShape compare() {
    attributes(HloAttributes.Compare.class);
    requireOperands(2);
    return new HloShape.Array(ElementType.PRED, same(0, 1).dims());
  }

  private HloShape select() {
    requireOperands(3);
    HloShape.Array shape = same(1, 2);
    requirePredicate(array(0), shape.dims());
    return shape;
  }

  static void requirePredicate(HloShape.Array predicate, Shape dims) {
    require(
        predicate.type() == ElementType.PRED && predicate.dims().equals(dims),
        "its predicate is " + predicate + ", not pred" + dims);
  }

  private HloShape clamp() {
    requireOperands(3);
    HloShape.Array x = numeric(array(1));
    for (int bound : new int[] {0, 2}) {
      HloShape.Array limit = array(bound);
      require(
          limit.type() == x.type() && (limit.rank() == 0 || limit.dims().equals(x.dims())),
          "a bound is " + limit + " for " + x);
    }
    return x;
  }

  private HloShape iota() {
    requireOperands(0);
    HloShape.Array shape = numeric(array(declared));
    axis(single(), shape);
    return shape;
  }

  private int single() {
    List<Integer> dimensions = attributes(HloAttributes.Dimensions.class).dimensions();
    require(dimensions.size() == 1, "it names the dimensions " + dimensions + " instead of one");
    return dimensions.get(0);
  }

  static int axis(int axis, HloShape.Array shape) {
    require(axis >= 0 && axis < shape.rank(), "there is no dimension " + axis + " in " + shape);
    return axis;
  }

  /** Checks that dimensions are of the shape, each named once. */
  static List<Integer> axes(List<Integer> axes, HloShape.Array shape) {
    for (int i = 0; i < axes.size(); i++) {
      axis(axes.get(i), shape);
      require(axes.indexOf(axes.get(i)) == i, "it names a dimension twice: " + axes);
    }
    return axes;
  }

  private HloShape broadcast() {
    HloShape.Array x = one();
    HloShape.Array result = array(declared);
    List<Integer> dims = axes(attributes(HloAttributes.Dimensions.class).dimensions(), result);
    require(dims.size() == x.rank(), "it names the dimensions " + dims + " for " + x);
    for (int i = 0; i < dims.size(); i++) {
      require(
          x.dims().dim(i) == result.dims().dim(dims.get(i)),
          "dimension " + i + " of " + x + " is not dimension " + dims.get(i) + " of " + result);
    }
    require(x.type() == result.type(), "it makes " + result + " of " + x);
    return result;
  }

  private HloShape reshape() {
    HloShape.Array x = one();
    HloShape.Array result = array(declared);
    require(
        x.type() == result.type() && x.dims().elementCount() == result.dims().elementCount(),
        "it makes " + result + " of " + x);
    return result;
  }

  private HloShape bitcast() {
    HloShape.Array result = ofDims(declared, one().dims());
    require(
        result.type().byteSize() == one().type().byteSize(), "it makes " + result + " of " + one());
    return result;
  }

  private HloShape transpose() {
    HloShape.Array x = one();
    List<Integer> from = axes(attributes(HloAttributes.Dimensions.class).dimensions(), x);
    require(from.size() == x.rank(), from + " does not permute the dimensions of " + x);
    long[] dims = from.stream().mapToLong(i -> x.dims().dim(i)).toArray();
    return new HloShape.Array(x.type(), Shape.of(dims));
  }

  private HloShape reverse() {
    axes(attributes(HloAttributes.Dimensions.class).dimensions(), one());
    return one();
  }

  private HloShape concatenate() {
    require(!operands.isEmpty(), "it has no operands");
    HloShape.Array first = array(0);
    int along = axis(single(), first);
    long sum = 0;
    for (int i = 0; i < operands.size(); i++) {
      HloShape.Array part = array(i);
      require(
          part.type() == first.type()
              && part.rank() == first.rank()
              && part.dims().with(along, 0).equals(first.dims().with(along, 0)),
          "its operands do not fit: " + first + " and " + part);
      sum = Math.addExact(sum, part.dims().dim(along));
    }
    return new HloShape.Array(first.type(), first.dims().with(along, sum));
  }

  private HloShape dot() {
    requireOperands(2);
    return DotShapes.infer(
        array(0), array(1), attributes(HloAttributes.Dot.class).dims(), array(declared));
  }

  private HloShape reduce() {
    HloAttributes.Reduce reduce = attributes(HloAttributes.Reduce.class);
    require(
        !operands.isEmpty() && operands.size() % 2 == 0,
        "it has " + operands.size() + " operands, not as many initial values as arrays");
    int count = operands.size() / 2;
    HloShape.Array first = array(0);
    Shape dims = without(first.dims(), axes(reduce.dimensions(), first));
    List<HloShape> results = new ArrayList<>();
    List<HloShape> accumulators = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      HloShape.Array x = array(i);
      HloShape.Array initial = array(count + i);
      require(x.dims().equals(first.dims()), "its operands differ: " + first + " and " + x);
      require(
          initial.rank() == 0 && initial.type() == x.type(),
          "the initial value of " + x + " is " + initial);
      results.add(new HloShape.Array(x.type(), dims));
      accumulators.add(initial);
    }
    HloShape scalar = tupleIfSeveral(accumulators);
    ControlShapes.requireSignature(reduce.body(), twice(accumulators), scalar);
    return tupleIfSeveral(results);
  }

  static HloShape tupleIfSeveral(List<HloShape> shapes) {
    return shapes.size() == 1 ? shapes.get(0) : new HloShape.Tuple(shapes);
  }

  private static List<HloShape> twice(List<HloShape> shapes) {
    List<HloShape> all = new ArrayList<>(shapes);
    all.addAll(shapes);
    return all;
  }

  static Shape without(Shape dims, List<Integer> axes) {
    List<Long> kept = new ArrayList<>();
    for (int i = 0; i < dims.rank(); i++) {
      if (!axes.contains(i)) {
        kept.add(dims.dim(i));
      }
    }
    return Shape.of(kept.stream().mapToLong(Long::longValue).toArray());
  }

  private HloShape element() {
    int index = attributes(HloAttributes.TupleIndex.class).index();
    requireOperands(1);
    if (operands.get(0) instanceof HloShape.Tuple tuple
        && index >= 0
        && index < tuple.elements().size()) {
      return tuple.elements().get(index);
    }
    throw bad("there is no element " + index + " in " + operands.get(0));
  }

  private HloShape random() {
    requireOperands(2);
    HloShape.Array low = same(0, 1);
    HloShape.Array result = array(declared);
    require(
        low.rank() == 0 && low.type() == result.type(), "it makes " + result + " of bounds " + low);
    return result;
  }
}

package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on single operations. */
final class OperationRules {
  private OperationRules() {}

  static final List<Rule> RULES =
      List.of(
          rule(
              "OP-SCALAR-01", "a scalar is its value rounded once to its type", "TensorOps.scalar"),
          rule(
              "OP-IOTA-01",
              "iota is the index along its axis, whatever the other dimensions",
              "TensorOps.iota"),
          rule(
              "OP-CONVERT-01",
              "float32 becomes the nearest bfloat16, of two equally near the even one, in "
                  + "every gap between neighbours",
              "TensorOps, Rounding"),
          rule("OP-CONVERT-02", "bfloat16 becomes the same number in float32", "TensorOps.convert"),
          rule(
              "OP-CONVERT-03",
              "a float becomes an integer by truncation, saturates, and NaN becomes 0",
              "TensorOps.convert"),
          rule(
              "OP-CONVERT-04",
              "a number becomes true where it is not 0, and true becomes 1",
              "TensorOps.convert"),
          rule("OP-CONVERT-05", "an integer becomes the nearest float32", "TensorOps.convert"),
          rule(
              "OP-CONSTANT-01",
              "a constant keeps every bit, of NaN, infinities and subnormals too",
              "TensorOps.constant"),
          rule(
              "OP-TRANSPOSE-01",
              "transpose keeps every bit of every element, of NaN, infinities, subnormals and "
                  + "the sign of zero too",
              "TensorOps.transpose"),
          rule(
              "OP-TRANSPOSE-02",
              "transpose takes any permutation of four axes",
              "TensorOps.transpose"),
          rule(
              "OP-RESHAPE-01",
              "reshape keeps the row-major order and every bit",
              "TensorOps.reshape"),
          rule(
              "OP-BROADCAST-01",
              "broadcast repeats along the axes that are not named, and nothing else",
              "TensorOps.broadcast"),
          rule(
              "OP-SLICE-01",
              "slice takes the elements from its start up to, not including, its limit",
              "TensorOps.slice"),
          rule(
              "OP-CONCAT-01",
              "concatenate puts parts of any sizes one after the other",
              "TensorOps.concatenate"),
          rule(
              "OP-PAD-01",
              "pad adds its value before and after, and moves nothing",
              "TensorOps.pad"),
          rule(
              "OP-ARITH-01",
              "add, subtract, multiply and divide are exact but for one rounding to the type",
              "TensorOps.add and following"),
          rule(
              "OP-ARITH-02",
              "where rounding to nearest is declared, add, subtract, multiply and divide give "
                  + "the nearest number, bit for bit",
              "TensorOps, Rounding"),
          rule(
              "OP-ARITH-03",
              "zeros of both signs, infinities, NaN and overflow go through arithmetic as "
                  + "IEEE 754 has it",
              "TensorOps, NaN"),
          rule("OP-ARITH-04", "integers wrap", "TensorOps, Rounding"),
          rule(
              "OP-ARITH-05",
              "integers are divided by truncation; x/0 is -1 and MIN/-1 is MIN",
              "TensorOps.divide"),
          rule(
              "OP-ARITH-06",
              "a tensor may be both operands of an operation, and is as it was after it",
              "TensorOps"),
          rule(
              "OP-EXTREME-01",
              "maximum and minimum are one of their operands, bit for bit",
              "TensorOps.maximum"),
          rule(
              "OP-EXTREME-02",
              "maximum and minimum are NaN if either operand is, and put +0 over -0",
              "TensorOps.maximum"),
          rule(
              "OP-NEGATE-01",
              "negate turns the sign of every number, of zero too",
              "TensorOps.negate"),
          rule(
              "OP-EXP-01",
              "exponential is within its bound for every bfloat16 of its domain",
              "TensorOps, Rounding"),
          rule(
              "OP-EXP-02",
              "exponential is within its bound in float32, at every exponent",
              "TensorOps, Rounding"),
          rule(
              "OP-EXP-03",
              "exponential has the values of its limits at zeros and infinities, and NaN of "
                  + "NaN",
              "TensorOps.exponential"),
          rule(
              "OP-RSQRT-01",
              "rsqrt is within its bound for every bfloat16 of its domain",
              "TensorOps, Rounding"),
          rule(
              "OP-RSQRT-02",
              "rsqrt is within its bound in float32, at every exponent",
              "TensorOps, Rounding"),
          rule(
              "OP-RSQRT-03",
              "rsqrt has the values of its limits at zeros and infinities, and NaN of NaN",
              "TensorOps.rsqrt"),
          rule(
              "OP-LOGISTIC-01",
              "logistic is within its bound for every bfloat16 of its domain",
              "TensorOps, Rounding"),
          rule(
              "OP-LOGISTIC-02",
              "logistic is within its bound in float32, at every exponent",
              "TensorOps, Rounding"),
          rule(
              "OP-LOGISTIC-03",
              "logistic has the values of its limits at zeros and infinities, and NaN of NaN",
              "TensorOps.logistic"),
          rule(
              "OP-COS-01",
              "cosine is within its bound for every bfloat16 of its domain",
              "TensorOps, Rounding"),
          rule(
              "OP-COS-02",
              "cosine is within its bound in float32, at every exponent",
              "TensorOps, Rounding"),
          rule(
              "OP-COS-03",
              "cosine has the values of its limits at zeros and infinities, and NaN of NaN",
              "TensorOps.cosine"),
          rule(
              "OP-SIN-01",
              "sine is within its bound for every bfloat16 of its domain",
              "TensorOps, Rounding"),
          rule(
              "OP-SIN-02",
              "sine is within its bound in float32, at every exponent",
              "TensorOps, Rounding"),
          rule(
              "OP-SIN-03",
              "sine has the values of its limits at zeros and infinities, and NaN of NaN",
              "TensorOps.sine"),
          rule(
              "OP-COMPARE-01",
              "comparisons are those of numbers: -0 equals +0, and with NaN all are false but "
                  + "NE",
              "Comparison"),
          rule(
              "OP-COMPARE-02",
              "integers are compared as integers, those too that float32 cannot tell apart",
              "TensorOps.compare"),
          rule(
              "OP-SELECT-01",
              "select takes one of two, bit for bit, and nothing of the other, be it NaN",
              "TensorOps.select"),
          rule("OP-LOGIC-01", "and, or and not have their truth tables", "TensorOps.and"),
          rule(
              "OP-DOT-01",
              "dot is within the bound of a sum of K products accumulated in the declared "
                  + "type, in any order, and rounded once",
              "TensorOps.dot; Higham, Accuracy and Stability, (3.5)"),
          rule("OP-DOT-02", "dot over an empty contraction is zero", "TensorOps.dot"),
          rule(
              "OP-DOT-03",
              "dot with batch dimensions, contracted over an axis that is not the last",
              "DotDims"),
          rule(
              "OP-DOT-04",
              "NaN and infinities reach the elements of a dot that they belong to, and no "
                  + "others",
              "TensorOps, NaN"),
          rule(
              "OP-DIST-01",
              "where rounding to nearest is declared, the errors of dot have no preferred sign",
              "NumericsProfile.rounding"),
          rule(
              "OP-DIST-02",
              "the errors of dot are no wider than independent roundings of the declared "
                  + "accumulation make them",
              "NumericsProfile.accumulation"),
          rule(
              "OP-DIST-03",
              "where rounding to nearest is declared, the errors of sums have no preferred sign",
              "NumericsProfile.rounding"),
          rule(
              "OP-DIST-04",
              "the errors of sums are no wider than independent roundings of the declared "
                  + "accumulation make them",
              "NumericsProfile.accumulation"),
          rule(
              "OP-SUM-01",
              "a sum is within the bound of a sum accumulated in the declared type, in any "
                  + "order, and rounded once",
              "TensorOps.reduce; Higham, (4.4)"),
          rule("OP-SUM-02", "a sum over any axis, or two", "TensorOps.reduce"),
          rule("OP-SUM-03", "a sum of integers wraps", "TensorOps.reduce"),
          rule(
              "OP-SUM-04",
              "a sum with NaN, or with infinities of both signs, is NaN",
              "TensorOps, NaN"),
          rule(
              "OP-REDUCE-01",
              "the largest and the smallest are found exactly, and are NaN where there is one",
              "TensorOps.reduce"),
          rule(
              "OP-REDUCE-02",
              "over nothing a sum is 0, a maximum and a minimum are the infinities",
              "TensorOps.reduce"),
          rule(
              "OP-TOPK-01",
              "topK gives the k largest in descending order with their indices",
              "TensorOps.topK"),
          rule("OP-TOPK-02", "topK gives equal ones by ascending index", "TensorOps.topK"),
          rule("OP-TOPK-03", "topK puts NaN above all numbers", "TensorOps.topK"),
          rule("OP-GATHER-01", "gather along any axis, bit for bit", "TensorOps.gather"),
          rule("OP-GATHER-02", "gather clamps indices that are out of range", "TensorOps.gather"),
          rule(
              "OP-GATHER-03",
              "gather by coordinates along two axes that are not neighbours",
              "TensorOps.gather"),
          rule(
              "OP-LINEAR-01",
              "linear is within the bound of its dot products, operands of any mix of types "
                  + "taken as they are",
              "TensorOps.linear"),
          rule("OP-LINEAR-02", "linear adds its bias before the one rounding", "TensorOps.linear"),
          rule(
              "OP-LINEAR-03",
              "linearEach gives of each of its layers, which may differ in size, what linear is "
                  + "bound to give",
              "TensorOps.linearEach"),
          rule(
              "OP-LINEAR-04",
              "linearTopK gives the k largest outputs in descending order with their indices, "
                  + "equal ones by ascending index",
              "TensorOps.linearTopK"),
          rule(
              "OP-NORM-01",
              "rmsNorm is within its bound, whatever the size of its input",
              "TensorOps.rmsNorm"),
          rule(
              "OP-NORM-02",
              "rmsNorm of small inputs has its epsilon under the root",
              "TensorOps.rmsNorm"),
          rule("OP-SWIGLU-01", "swiGlu is within its bound", "TensorOps.swiGlu"),
          rule(
              "OP-SWIGLU-02",
              "linearSwiGlu gives gate and up as linear is bound to, and the product of both",
              "TensorOps.linearSwiGlu"),
          rule("OP-SOFTMAX-01", "softmax is within its bound", "TensorOps.softmax"),
          rule(
              "OP-SOFTMAX-02",
              "softmax of huge values neither overflows nor loses more than their rounding",
              "TensorOps.softmax"),
          rule(
              "OP-CUMSUM-01",
              "cumulativeSum is within the bound of its sums",
              "TensorOps.cumulativeSum"),
          rule(
              "OP-CUMSUM-02",
              "cumulativeSum of what is not negative never falls, and zeros leave it as it is",
              "TensorOps.cumulativeSum"),
          rule(
              "OP-EMBED-01",
              "embedding takes the rows of its ids, converted to its type",
              "TensorOps.embedding"),
          rule(
              "OP-ROPE-01",
              "rotaryTable is within its bound, at high positions too; the angle is rounded "
                  + "to float32",
              "TensorOps.rotaryTable"),
          rule(
              "OP-ROPE-02",
              "rotate is within its bound and takes halves, not pairs",
              "TensorOps.rotate"));

  private static Rule rule(String id, String text, String source) {
    return new Rule(id, Level.OPERATIONS, text, source);
  }
}

package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on single operations. */
final class OperationRules {
  private OperationRules() {}

  static final List<Rule> RULES =
      List.of(
          rule(
              "OP-TRANSPOSE-01",
              "transpose keeps every bit of every element, of NaN, infinities, subnormals and the"
                  + " sign of zero too",
              "TensorOps.transpose"),
          rule(
              "OP-ARITH-01",
              "add, subtract, multiply and divide are exact but for one rounding to the type",
              "TensorOps.add and following"),
          rule(
              "OP-EXP-01",
              "exponential is within its bound for every bfloat16 there is",
              "TensorOps, Rounding"),
          rule(
              "OP-DOT-01",
              "dot is within the bound of a sum of K products accumulated in the declared type, in"
                  + " any order, and rounded once",
              "TensorOps.dot; Higham, Accuracy and Stability, (3.5)"),
          rule("OP-DOT-02", "dot over an empty contraction is zero", "TensorOps.dot"));

  private static Rule rule(String id, String text, String source) {
    return new Rule(id, Level.OPERATIONS, text, source);
  }
}

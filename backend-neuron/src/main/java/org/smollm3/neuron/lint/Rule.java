package org.smollm3.neuron.lint;

import java.util.Optional;

/** A documented limit. */
public enum Rule {
  /** An operation that neither the operator table nor released code has. */
  UNSUPPORTED_OPERATION("EVRF001"),
  /** A custom call of an unknown target; EHCA005 is the same in another pass. */
  CUSTOM_CALL_TARGET("EVRF015"),
  /** Random bits by another algorithm than RNG_DEFAULT. */
  RANDOM_ALGORITHM("EVRF006"),
  /** TopK of integers. */
  TOP_K_TYPE("EVRF013"),
  /** A scatter that computes, on truth values or integers of less than 32 bits. */
  SCATTER_COMPUTE_TYPE("EVRF016"),
  /** A scatter that computes, on integers of 32 or 64 bits. */
  SCATTER_COMPUTE_INTEGER("EVRF060"),
  /** Indices by an iota that leaves the operand of a scatter. */
  SCATTER_IOTA("EVRF031"),
  /** Indices by an iota that leaves the operand of a gather. */
  GATHER_IOTA("EVRF056"),
  /** A dot of integers of 32 or 64 bits. */
  INTEGER_DOT("EVRF035"),
  /** An all-reduce of integers of 32 or 64 bits. */
  INTEGER_ALL_REDUCE("EVRF061"),
  /** A reduce-scatter of integers of 32 or 64 bits. */
  INTEGER_REDUCE_SCATTER("EVRF063"),
  /** A power of 64-bit integers. */
  POWER_INT64("EVRF062"),
  /** An unsigned 64-bit constant that needs more than 32 bits. */
  UNSIGNED_64_CONSTANT("ESFH002"),
  /** f64, which is in no chip's list of types. */
  FLOAT64("ESPP004"),
  /** 64-bit integers, which are computed in 32 bits. */
  INT64,
  /** An id above 2^31 - 1: "Instruction with id &gt; INT_MAX". */
  LARGE_ID,
  /** Operator table: "Min, Max, Add and Mul are the only supported computations". */
  REDUCE_BODY,
  /** Operator table: "Init_values must be constant". */
  REDUCE_INIT,
  /** Operator table: "Exponent argument must be a compile-time integer constant". */
  POWER_EXPONENT,
  /** Operator table: DynamicUpdateSlice "Supports only for constant index". */
  UPDATE_INDEX,
  /** Operator table: gather "Supports only disjoint start_index_map and remapped_offset_dims". */
  GATHER_WINDOW,
  /** AwsNeuronRmsNorm takes its epsilon as a constant. */
  RMS_NORM_EPSILON,
  /** A comparator of several operations; only one comparison is known to be understood. */
  SORT_COMPARATOR,
  /** transformers-neuronx: an all-to-all works along dimension 0 only. */
  ALL_TO_ALL_DIMENSION;

  private final Optional<String> code;

  Rule() {
    this.code = Optional.empty();
  }

  Rule(String code) {
    this.code = Optional.of(code);
  }

  /** The compiler's error code without {@code NCC_}, where the limit has one. */
  public Optional<String> code() {
    return code;
  }
}

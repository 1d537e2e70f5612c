package org.smollm3.spi;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * What can be wrong with a program, a weight or a call before anything runs: for backends, so that
 * all refuse the same with the same words.
 */
public final class ProgramChecks {
  private ProgramChecks() {}

  /**
   * For backends that run all ranks in one process.
   *
   * @param backend name for messages
   * @throws UnsupportedCapabilityException if only some of a program's ranks are asked for
   */
  public static void requireAllRanks(String backend, ProgramSpec program, LoadOptions options) {
    long asked = options.localRanks().stream().distinct().count();
    if (asked > 0 && asked < program.tensorParallelDegree()) {
      throw new UnsupportedCapabilityException(
          "backend '"
              + backend
              + "' runs all "
              + program.tensorParallelDegree()
              + " ranks in one process, not only "
              + options.localRanks()
              + "; leave out the local ranks");
    }
  }

  /**
   * Checks a program that is about to be loaded.
   *
   * @param backend its name, for messages
   * @param declared what it supports
   * @throws org.smollm3.error.UnsupportedCapabilityException if the program or the options need
   *     more
   * @throws InvalidRequestException if the program contradicts itself
   */
  public static void checkProgram(
      String backend, Set<Capability> declared, ProgramSpec program, LoadOptions options) {
    Capability.requireAll(backend, declared, program.requires());
    if (program.tensorParallelDegree() > 1) {
      Capability.requireAll(backend, declared, Set.of(Capability.TENSOR_PARALLEL));
    }
    if (options.taps() != TapPattern.NONE) {
      Capability.requireAll(backend, declared, Set.of(Capability.TAPS));
    }
    for (int rank : options.localRanks()) {
      if (rank < 0 || rank >= program.tensorParallelDegree()) {
        throw new InvalidRequestException(
            "local rank "
                + rank
                + " is not 0 or more and below the tensor-parallel degree "
                + program.tensorParallelDegree());
      }
    }
    checkNames("graph", program.graphs().stream().map(GraphSpec::name).toList());
    checkNames("weight", program.weights().stream().map(TensorSpec::name).toList());
    checkNames("state", program.states().stream().map(TensorSpec::name).toList());
    for (TensorSpec state : program.states()) {
      ShapeRules.constant("state '" + state.name() + "'", state.dtype(), state.shape());
    }
    for (GraphSpec graph : program.graphs()) {
      checkNames("input", graph.inputs().stream().map(TensorSpec::name).toList());
      for (TensorSpec input : graph.inputs()) {
        ShapeRules.elementType("input '" + input.name() + "'", input.dtype());
        if (!input.shape().isStatic()) {
          Capability.requireAll(backend, declared, Set.of(Capability.DYNAMIC_SHAPES));
        }
      }
    }
  }

  private static void checkNames(String what, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw new InvalidRequestException("the program has two " + what + "s named '" + name + "'");
      }
    }
  }

  /**
   * Checks a weight against what the program says of it. Any floating type stands for any other:
   * operations take a mix.
   *
   * @throws InvalidModelException if it is of another shape, not floating as the program wants, or
   *     stored as int8 with scales
   */
  public static void checkWeight(TensorSpec spec, WeightView view) {
    if (view.scales().isPresent()) {
      throw new InvalidModelException(
          "weight '"
              + spec.name()
              + "' is stored as int8, which this backend cannot read; run the model on 'cpu' or"
              + " 'exact', or take the one that it was quantised from");
    }
    checkQuantizableWeight(spec, view);
  }

  /**
   * As {@link #checkWeight}, for a backend that can read int8 with scales: it stands for a floating
   * type.
   */
  public static void checkQuantizableWeight(TensorSpec spec, WeightView view) {
    boolean fits = view.shape().equals(spec.shape());
    boolean floating = view.dtype().isFloating() || view.scales().isPresent();
    if (!fits || floating != spec.dtype().isFloating()) {
      throw new InvalidModelException(
          "weight '"
              + spec.name()
              + "' is "
              + view.dtype()
              + view.shape()
              + " but the program wants "
              + spec.dtype()
              + spec.shape());
    }
  }

  /**
   * Checks the inputs of a run.
   *
   * @throws InvalidRequestException if one is missing, unknown or mis-shaped
   */
  public static void checkInputs(GraphSpec graph, Map<String, HostTensor> inputs) {
    String where = "graph '" + graph.name() + "': ";
    List<String> names = graph.inputs().stream().map(TensorSpec::name).toList();
    for (String name : inputs.keySet()) {
      if (!names.contains(name)) {
        throw new InvalidRequestException(
            where + "unknown input '" + name + "'; it takes " + names);
      }
    }
    for (TensorSpec spec : graph.inputs()) {
      HostTensor value = inputs.get(spec.name());
      if (value == null) {
        throw new InvalidRequestException(
            where + "input '" + spec.name() + "' is missing; give " + spec.dtype() + spec.shape());
      }
      if (value.dtype() != spec.dtype() || !spec.shape().accepts(value.shape())) {
        throw new InvalidRequestException(
            where
                + "input '"
                + spec.name()
                + "' is "
                + value
                + ", it must be "
                + spec.dtype()
                + spec.shape());
      }
    }
  }
}

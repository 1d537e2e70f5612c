package org.smollm3.neuron.metaneff;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.metaneff.MetaTensor.Role;

/**
 * A metaneff. An instance is right in itself: names are those that the runtime demands, states and
 * weights have keys, aliases lead from outputs to inputs of the same size, and counts are right.
 *
 * @param graph the serialised HLO, one byte per character; empty for none, which is usual
 * @param name of the graph; often empty
 * @param outputAliasesTo the input whose memory an output takes, both by index, ascending
 * @param counts of inputs by role, as the file gives them; all 0 in older files
 */
public record MetaNeff(
    List<MetaTensor> inputs,
    List<MetaTensor> outputs,
    ModelConfig modelConfig,
    String graph,
    String name,
    Map<Integer, Integer> outputAliasesTo,
    Counts counts) {

  /**
   * How the runtime is to load and call.
   *
   * @param returnAliases whether outputs that alias inputs are handed back as well
   */
  public record ModelConfig(
      long numInfer,
      long timeout,
      long optimalNcgSize,
      boolean asyncLoad,
      boolean lazyLoad,
      boolean returnAliases) {
    /** As Optimum's graphs have it. */
    public static final ModelConfig DEFAULT = new ModelConfig(0, 0, 0, false, false, false);
  }

  /** Inputs of each role. */
  public record Counts(long userInputs, long states, long weights) {
    /** Of a file that gives none. */
    public static final Counts NONE = new Counts(0, 0, 0);

    public static Counts of(List<MetaTensor> inputs) {
      return new Counts(
          count(inputs, Role.USER_INPUT),
          count(inputs, Role.INPUT_STATE),
          count(inputs, Role.INPUT_WEIGHT));
    }

    private static long count(List<MetaTensor> inputs, Role role) {
      return inputs.stream().filter(input -> input.role() == role).count();
    }
  }

  /**
   * @throws InvalidModelException naming what does not go together
   */
  public MetaNeff {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    outputAliasesTo = Collections.unmodifiableMap(new TreeMap<>(outputAliasesTo));
    requireNames(inputs, "input");
    requireNames(outputs, "output");
    if (inputs.isEmpty()) {
      throw new InvalidModelException("a metaneff has no inputs");
    }
    for (MetaTensor input : inputs) {
      boolean keyed = input.role() == Role.INPUT_STATE || input.role() == Role.INPUT_WEIGHT;
      if (keyed && input.checkpointKey().isEmpty()) {
        throw new InvalidModelException(
            input.name() + " is of the kind " + input.role() + " but has no checkpoint_key");
      }
    }
    requireAliases(inputs, outputs, outputAliasesTo);
    Counts actual = Counts.of(inputs);
    if (!counts.equals(Counts.NONE) && !counts.equals(actual)) {
      throw new InvalidModelException("there are " + actual + ", but the file says " + counts);
    }
  }

  private static void requireNames(List<MetaTensor> tensors, String prefix) {
    for (int i = 0; i < tensors.size(); i++) {
      if (!tensors.get(i).name().equals(prefix + i)) {
        throw new InvalidModelException(
            prefix
                + " "
                + i
                + " has another name than "
                + prefix
                + i
                + ", which the runtime wants");
      }
    }
  }

  private static void requireAliases(
      List<MetaTensor> inputs, List<MetaTensor> outputs, Map<Integer, Integer> aliases) {
    aliases.forEach(
        (output, input) -> {
          if (output < 0 || output >= outputs.size() || input < 0 || input >= inputs.size()) {
            throw new InvalidModelException(
                String.format(
                    "output %d is to alias input %d, of %d outputs and %d inputs",
                    output, input, outputs.size(), inputs.size()));
          }
          MetaTensor from = outputs.get(output);
          MetaTensor to = inputs.get(input);
          if (from.byteSize() != to.byteSize()) {
            throw new InvalidModelException(
                String.format(
                    "%s of %d bytes is to alias %s of %d bytes",
                    from.name(), from.byteSize(), to.name(), to.byteSize()));
          }
        });
    if (aliases.values().stream().distinct().count() != aliases.size()) {
      throw new InvalidModelException("two outputs are to alias one input: " + aliases);
    }
  }

  /** A metaneff as Optimum's graphs have it. */
  public static MetaNeff of(
      List<MetaTensor> inputs, List<MetaTensor> outputs, Map<Integer, Integer> outputAliasesTo) {
    return new MetaNeff(
        inputs, outputs, ModelConfig.DEFAULT, "", "", outputAliasesTo, Counts.of(inputs));
  }

  /** The inputs of one role, in order. */
  public List<MetaTensor> inputs(Role role) {
    return inputs.stream().filter(input -> input.role() == role).toList();
  }
}

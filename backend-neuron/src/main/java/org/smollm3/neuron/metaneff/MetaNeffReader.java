package org.smollm3.neuron.metaneff;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.metaneff.MetaNeff.Counts;
import org.smollm3.neuron.metaneff.MetaNeff.ModelConfig;
import org.smollm3.neuron.metaneff.MetaTensor.ElementType;
import org.smollm3.neuron.metaneff.MetaTensor.Role;
import org.smollm3.neuron.protobuf.ProtoReader;
import org.smollm3.tensor.Shape;

/** Reads a metaneff from its Protocol Buffers form; fields it does not know are passed over. */
public final class MetaNeffReader {
  private static final int MOST_DIMENSIONS = 32;

  /** Of a model of some hundred layers there are some thousand. */
  private static final int MOST_TENSORS = 1 << 20;

  private final ProtoReader message;
  private final List<MetaTensor> inputs = new ArrayList<>();
  private final List<MetaTensor> outputs = new ArrayList<>();
  private final Map<Integer, Integer> aliases = new TreeMap<>();
  private ModelConfig modelConfig = ModelConfig.DEFAULT;
  private String graph = "";
  private String name = "";
  private long userInputs;
  private long states;
  private long weights;

  private MetaNeffReader(ProtoReader message) {
    this.message = message;
  }

  /**
   * Reads all of some bytes as a metaneff.
   *
   * @param location how messages name them
   * @throws InvalidModelException if they are none, or one that contradicts itself
   */
  public static MetaNeff read(byte[] bytes, String location) {
    return new MetaNeffReader(ProtoReader.of(location, bytes)).read(location);
  }

  private MetaNeff read(String location) {
    while (message.next()) {
      switch (message.field()) {
        case 1 -> add(inputs, "input");
        case 2 -> add(outputs, "output");
        case 3 -> modelConfig = modelConfig(message.message());
        case 4 -> graph = latin1(message.bytes());
        case 5 -> name = message.string();
        case 6 -> alias(message.message());
        case 7 -> userInputs = message.integer();
        case 8 -> states = message.integer();
        case 9 -> weights = message.integer();
        default -> message.skip();
      }
    }
    try {
      return new MetaNeff(
          inputs,
          outputs,
          modelConfig,
          graph,
          name,
          aliases,
          new Counts(userInputs, states, weights));
    } catch (InvalidModelException e) {
      throw new InvalidModelException(location + ": " + e.getMessage(), e);
    }
  }

  private void add(List<MetaTensor> to, String what) {
    if (to.size() == MOST_TENSORS) {
      throw message.bad("there are more than " + MOST_TENSORS + " tensors");
    }
    to.add(tensor(message.message(), what + " " + to.size()));
  }

  private static MetaTensor tensor(ProtoReader message, String what) {
    String name = "";
    List<Long> dims = new ArrayList<>();
    long type = 0;
    String content = "";
    boolean dynamicBatch = false;
    String checkpointKey = "";
    long role = 0;
    String userInputKey = "";
    while (message.next()) {
      switch (message.field()) {
        case 1 -> name = message.string();
        case 2 -> message.integers(dim -> dims.add(dimension(message, dims.size(), dim)));
        case 3 -> type = message.integer();
        case 4 -> content = latin1(message.bytes());
        case 5 -> dynamicBatch = message.bool();
        case 6 -> checkpointKey = message.string();
        case 7 -> role = message.integer();
        case 8 -> userInputKey = message.string();
        default -> message.skip();
      }
    }
    long typeNumber = type;
    ElementType elements =
        ElementType.of(type)
            .orElseThrow(
                () ->
                    message.bad(what + " has the data type " + typeNumber + ", of no known size"));
    long roleNumber = role;
    Role known =
        Role.of(role)
            .orElseThrow(() -> message.bad(what + " is of the unknown type " + roleNumber));
    try {
      return new MetaTensor(
          name,
          elements,
          Shape.of(dims.stream().mapToLong(Long::longValue).toArray()),
          content,
          dynamicBatch,
          optional(checkpointKey),
          known,
          optional(userInputKey));
    } catch (IllegalArgumentException e) {
      throw message.bad(what + ": " + e.getMessage());
    }
  }

  private static long dimension(ProtoReader message, int axis, long dim) {
    if (axis == MOST_DIMENSIONS) {
      throw message.bad("a shape has more than " + MOST_DIMENSIONS + " dimensions");
    }
    if (dim < 0) {
      throw message.bad("a shape has the negative dimension " + dim);
    }
    return dim;
  }

  private static ModelConfig modelConfig(ProtoReader message) {
    long numInfer = 0;
    long timeout = 0;
    long optimalNcgSize = 0;
    boolean asyncLoad = false;
    boolean lazyLoad = false;
    boolean returnAliases = false;
    while (message.next()) {
      switch (message.field()) {
        case 1 -> numInfer = message.integer();
        case 2 -> timeout = message.integer();
        case 3 -> optimalNcgSize = message.integer();
        case 4 -> asyncLoad = message.bool();
        case 5 -> lazyLoad = message.bool();
        case 6 -> returnAliases = message.bool();
        default -> message.skip();
      }
    }
    return new ModelConfig(numInfer, timeout, optimalNcgSize, asyncLoad, lazyLoad, returnAliases);
  }

  /** An entry of a map; as in any map of Protocol Buffers, a key or value of 0 is left out. */
  private void alias(ProtoReader entry) {
    int output = 0;
    int input = 0;
    while (entry.next()) {
      switch (entry.field()) {
        case 1 -> output = entry.int32();
        case 2 -> input = entry.int32();
        default -> entry.skip();
      }
    }
    aliases.put(output, input);
  }

  private static String latin1(byte... bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static Optional<String> optional(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}

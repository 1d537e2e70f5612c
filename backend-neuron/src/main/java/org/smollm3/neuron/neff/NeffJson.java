package org.smollm3.neuron.neff;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.Shape;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The JSON files in a NEFF. {@code neff.json} is a graph as TVM writes it: nodes, those that are
 * arguments, the heads (outputs, as pairs of node and output), and shapes and types by entry, where
 * output k of node n is entry {@code node_row_ptr[n] + k}.
 */
final class NeffJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** As many as the runtime takes. */
  private static final int MOST_DIMENSIONS = 32;

  private final ObjectNode graph;
  private final String location;

  private NeffJson(ObjectNode graph, String location) {
    this.graph = graph;
    this.location = location;
  }

  static ObjectNode object(byte[] json, String location) {
    try {
      if (MAPPER.readTree(json) instanceof ObjectNode object) {
        return object;
      }
    } catch (JacksonException e) {
      throw new InvalidModelException(
          location + " is not valid JSON: " + Quote.escape(e.getOriginalMessage()), e);
    }
    throw new InvalidModelException(location + " does not hold a JSON object");
  }

  static byte[] write(ObjectNode object) {
    return MAPPER.writeValueAsBytes(object);
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /**
   * The inputs and outputs that a neff.json lists.
   *
   * @throws InvalidModelException if it lists them and contradicts itself
   */
  static NeffIo io(ObjectNode graph, String location) {
    for (String key : List.of("nodes", "arg_nodes", "heads", "node_row_ptr")) {
      if (!graph.path(key).isArray()) {
        return new NeffIo.Unknown("neff.json has no list '" + key + "'");
      }
    }
    for (String key : List.of("shape", "dltype")) {
      if (!graph.path("attrs").path(key).path(1).isArray()) {
        return new NeffIo.Unknown("neff.json has no list attrs." + key);
      }
    }
    return new NeffJson(graph, location).io();
  }

  private NeffIo io() {
    List<NeffTensor> inputs = new ArrayList<>();
    for (JsonNode argument : graph.path("arg_nodes").values()) {
      int node = index(argument, graph.path("nodes").size(), "arg_nodes");
      inputs.add(tensor(name(node), node, 0));
    }
    List<NeffTensor> outputs = new ArrayList<>();
    for (JsonNode head : graph.path("heads").values()) {
      int node = index(head.path(0), graph.path("nodes").size(), "heads");
      int output = index(head.path(1), Integer.MAX_VALUE, "heads");
      Optional<String> name = outputName(node, output);
      if (name.isEmpty()) {
        return new NeffIo.Unknown("neff.json names no output " + output + " of node " + node);
      }
      outputs.add(tensor(name.get(), node, output));
    }
    requireDistinct(inputs, "inputs");
    requireDistinct(outputs, "outputs");
    return new NeffIo.Known(inputs, outputs);
  }

  private String name(int node) {
    JsonNode name = graph.path("nodes").path(node).path("name");
    if (!name.isString()) {
      throw bad("has no name for node " + node);
    }
    return name.stringValue();
  }

  /** In {@code attrs.output_names}; older files with one output call it {@code output}. */
  private Optional<String> outputName(int node, int output) {
    JsonNode declared = graph.path("nodes").path(node);
    JsonNode name = declared.path("attrs").path("output_names").path(output);
    if (name.isMissingNode() && graph.path("heads").size() == 1) {
      name = declared.path("output");
    }
    return name.isString() ? Optional.of(name.stringValue()) : Optional.empty();
  }

  private NeffTensor tensor(String name, int node, int output) {
    int start = index(graph.path("node_row_ptr").path(node), Integer.MAX_VALUE, "node_row_ptr");
    JsonNode attrs = graph.path("attrs");
    JsonNode shapes = attrs.path("shape").path(1);
    long entry = (long) start + output;
    if (entry >= shapes.size()) {
      throw bad("has no shape for " + Quote.of(name) + ", entry " + entry);
    }
    Shape shape = shape(shapes.path((int) entry), name);
    JsonNode type = attrs.path("dltype").path(1).path((int) entry);
    if (!type.isString()) {
      throw bad("has no type for " + Quote.of(name) + ", entry " + entry);
    }
    String typeName = type.stringValue();
    int elementSize = NeffTensor.dtype(typeName).map(dtype -> dtype.byteSize()).orElse(1);
    try {
      long bytes = Math.multiplyExact(shape.elementCount(), elementSize);
      return new NeffTensor(name, typeName, shape, bytes);
    } catch (ArithmeticException e) {
      throw new InvalidModelException(
          location + " gives " + Quote.of(name) + " the shape " + shape + ", too large", e);
    }
  }

  private Shape shape(JsonNode list, String name) {
    if (!list.isArray() || list.size() > MOST_DIMENSIONS) {
      throw bad("has no shape of at most " + MOST_DIMENSIONS + " dimensions for " + Quote.of(name));
    }
    long[] dims = new long[list.size()];
    for (int i = 0; i < dims.length; i++) {
      JsonNode dim = list.path(i);
      if (!dim.isIntegralNumber() || !dim.canConvertToLong() || dim.longValue() < 0) {
        throw bad("has a shape of " + Quote.of(name) + " with something that is no dimension");
      }
      dims[i] = dim.longValue();
    }
    return Shape.of(dims);
  }

  private int index(JsonNode number, int end, String where) {
    if (!number.isIntegralNumber() || !number.canConvertToInt()) {
      throw bad("has something in " + where + " that is no index");
    }
    int index = number.intValue();
    if (index < 0 || index >= end) {
      throw bad("has the index " + index + " in " + where + ", out of range");
    }
    return index;
  }

  private void requireDistinct(List<NeffTensor> tensors, String what) {
    Set<String> names = new HashSet<>();
    for (NeffTensor tensor : tensors) {
      if (!names.add(tensor.name())) {
        throw bad("has two " + what + " named " + Quote.of(tensor.name()));
      }
    }
  }

  private InvalidModelException bad(String what) {
    return new InvalidModelException(location + " " + what);
  }
}

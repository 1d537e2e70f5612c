package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.smollm3.neuron.hlo.HloAttributes.Edge;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;

/** A module as text, as XLA prints it. Constants of many elements are cut short. */
public final class HloText {
  private static final int MAX_ELEMENTS = 8;

  private HloText() {}

  /** The whole module, one instruction a line. */
  public static String print(HloModule module) {
    StringBuilder text = new StringBuilder("HloModule ").append(module.name());
    if (!module.aliases().isEmpty()) {
      text.append(", input_output_alias={ ")
          .append(
              module.aliases().stream()
                  .map(a -> "{" + a.result() + "}: (" + a.parameter() + ", {}, must-alias)")
                  .collect(Collectors.joining(", ")))
          .append(" }");
    }
    text.append(System.lineSeparator());
    for (HloComputation computation : module.computations()) {
      print(computation, computation == module.entry(), text);
    }
    return text.toString();
  }

  private static void print(HloComputation computation, boolean isEntry, StringBuilder text) {
    String end = System.lineSeparator();
    text.append(end)
        .append(isEntry ? "ENTRY " : "")
        .append(computation.name())
        .append(
            computation.parameters().stream()
                .map(p -> p.name() + ": " + p.shape())
                .collect(Collectors.joining(", ", " (", ")")))
        .append(" -> ")
        .append(computation.root().shape())
        .append(" {")
        .append(end);
    for (HloInstruction instruction : computation.instructions()) {
      text.append("  ")
          .append(instruction == computation.root() ? "ROOT " : "")
          .append(print(instruction))
          .append(end);
    }
    text.append("}").append(end);
  }

  /** One instruction, such as {@code add.3 = f32[2]{0} add(a.1, b.2)}. */
  public static String print(HloInstruction instruction) {
    List<String> parts = new ArrayList<>();
    parts.add(
        instruction.name()
            + " = "
            + instruction.shape()
            + " "
            + instruction.opcode()
            + "("
            + arguments(instruction)
            + ")");
    attributes(instruction.attributes(), parts);
    if (!instruction.frontendAttributes().isEmpty()) {
      parts.add(
          instruction.frontendAttributes().entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(e -> e.getKey() + "=\"" + e.getValue() + "\"")
              .collect(Collectors.joining(",", "frontend_attributes={", "}")));
    }
    if (!instruction.source().isEmpty()) {
      parts.add("metadata={op_name=\"" + instruction.source() + "\"}");
    }
    return String.join(", ", parts);
  }

  private static String arguments(HloInstruction instruction) {
    return switch (instruction.attributes()) {
      case HloAttributes.Parameter parameter -> Integer.toString(parameter.number());
      case HloAttributes.Constant constant -> constant(constant.literal().tensor());
      default ->
          instruction.operands().stream()
              .map(HloInstruction::name)
              .collect(Collectors.joining(", "));
    };
  }

  private static String constant(HostTensor value) {
    String elements =
        IntStream.range(0, (int) Math.min(value.size(), MAX_ELEMENTS))
            .mapToObj(i -> element(value, i))
            .collect(Collectors.joining(", "));
    if (value.shape().rank() == 0) {
      return elements;
    }
    return "{" + elements + (value.size() > MAX_ELEMENTS ? ", ..." : "") + "}";
  }

  private static String element(HostTensor value, int index) {
    return switch (value.dtype()) {
      case BOOL -> value.getInt(index) == 0 ? "false" : "true";
      case F32, F16, BF16, F64 -> String.format(Locale.ROOT, "%.9g", value.getDouble(index));
      default -> Long.toString(value.getLong(index));
    };
  }

  private static void attributes(HloAttributes attributes, List<String> parts) {
    switch (attributes) {
      case HloAttributes.Dimensions d -> parts.add("dimensions=" + braces(d.dimensions()));
      case HloAttributes.Slice s -> parts.add("slice=" + slice(s));
      case HloAttributes.DynamicSlice s -> parts.add("dynamic_slice_sizes=" + braces(s.sizes()));
      case HloAttributes.Padding p ->
          parts.add(
              "padding=" + p.edges().stream().map(HloText::edge).collect(Collectors.joining("x")));
      case HloAttributes.Dot d -> dot(d.dims(), parts);
      case HloAttributes.Compare c -> parts.add("direction=" + c.direction());
      case HloAttributes.Reduce r -> {
        parts.add("dimensions=" + braces(r.dimensions()));
        parts.add("to_apply=" + r.body());
      }
      case HloAttributes.Gather g -> {
        parts.add("offset_dims=" + braces(g.offsetDims()));
        parts.add("collapsed_slice_dims=" + braces(g.collapsedSliceDims()));
        parts.add("start_index_map=" + braces(g.startIndexMap()));
        parts.add("index_vector_dim=" + g.indexVectorDim());
        parts.add("slice_sizes=" + braces(g.sliceSizes()));
      }
      case HloAttributes.Scatter s -> {
        parts.add("update_window_dims=" + braces(s.updateWindowDims()));
        parts.add("inserted_window_dims=" + braces(s.insertedWindowDims()));
        parts.add("scatter_dims_to_operand_dims=" + braces(s.scatterDimsToOperandDims()));
        parts.add("index_vector_dim=" + s.indexVectorDim());
        parts.add("to_apply=" + s.body());
      }
      case HloAttributes.Sort s -> {
        parts.add("dimensions={" + s.dimension() + "}");
        if (s.order() == HloAttributes.Sort.Order.STABLE) {
          parts.add("is_stable=true");
        }
        parts.add("to_apply=" + s.comparator());
      }
      case HloAttributes.TupleIndex t -> parts.add("index=" + t.index());
      case HloAttributes.CustomCall c -> {
        parts.add("custom_call_target=\"" + c.target() + "\"");
        parts.add("backend_config=\"" + c.backendConfig() + "\"");
      }
      case HloAttributes.AllReduce a -> {
        parts.add("replica_groups=" + groups(a.replicaGroups()));
        parts.add("to_apply=" + a.body());
      }
      case HloAttributes.Exchange e -> {
        parts.add("replica_groups=" + groups(e.replicaGroups()));
        parts.add("dimensions={" + e.dimension() + "}");
      }
      case HloAttributes.ReduceScatter r -> {
        parts.add("replica_groups=" + groups(r.replicaGroups()));
        parts.add("dimensions={" + r.dimension() + "}");
        parts.add("to_apply=" + r.body());
      }
      case HloAttributes.Permute p ->
          parts.add(
              p.pairs().stream()
                  .map(pair -> "{" + pair.source() + "," + pair.target() + "}")
                  .collect(Collectors.joining(",", "source_target_pairs={", "}")));
      case HloAttributes.Calls c -> parts.add("calls=" + braces(c.computations()));
      case HloAttributes.Random r -> parts.add("kind=" + r.kind());
      case HloAttributes.None none -> {}
      case HloAttributes.Parameter parameter -> {}
      case HloAttributes.Constant constant -> {}
    }
  }

  private static void dot(DotDims dims, List<String> parts) {
    if (!dims.leftBatch().isEmpty()) {
      parts.add("lhs_batch_dims=" + braces(dims.leftBatch()));
    }
    parts.add("lhs_contracting_dims=" + braces(dims.leftContracting()));
    if (!dims.rightBatch().isEmpty()) {
      parts.add("rhs_batch_dims=" + braces(dims.rightBatch()));
    }
    parts.add("rhs_contracting_dims=" + braces(dims.rightContracting()));
  }

  private static String edge(Edge edge) {
    String sides = edge.low() + "_" + edge.high();
    return edge.interior() == 0 ? sides : sides + "_" + edge.interior();
  }

  private static String slice(HloAttributes.Slice slice) {
    return IntStream.range(0, slice.starts().size())
        .mapToObj(
            i -> {
              long stride = slice.strides().get(i);
              String range = slice.starts().get(i) + ":" + slice.limits().get(i);
              return "[" + range + (stride == 1 ? "" : ":" + stride) + "]";
            })
        .collect(Collectors.joining(", ", "{", "}"));
  }

  private static String groups(List<List<Integer>> groups) {
    return groups.stream().map(HloText::braces).collect(Collectors.joining(",", "{", "}"));
  }

  private static String braces(Collection<?> values) {
    return values.stream().map(Object::toString).collect(Collectors.joining(",", "{", "}"));
  }
}

package org.smollm3.neuron.hlo;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.smollm3.neuron.protobuf.ProtoWriter;
import org.smollm3.spi.DotDims;

/**
 * Writes a module as {@code xla.HloModuleProto} (XLA's {@code hlo.proto} and {@code
 * xla_data.proto}), the input of {@code neuronx-cc}. Fields are written in the order of their
 * numbers and maps by key, so equal modules give equal bytes. Fields that only newer readers know
 * are not used.
 */
public final class HloModuleWriter {
  private static final int MUST_ALIAS = 2;

  private final ProtoWriter out;

  private HloModuleWriter(ProtoWriter out) {
    this.out = out;
  }

  /** The bytes of a module. */
  public static byte[] write(HloModule module) {
    return ProtoWriter.message(
        proto -> {
          proto.string(1, module.name());
          proto.string(2, module.entry().name());
          module.computations().forEach(c -> proto.message(3, w -> computation(w, c)));
          proto.message(4, w -> programShape(w, module.entry()));
          proto.integer(5, module.entry().id());
          proto.integer(6, module.entry().id());
          if (!module.aliases().isEmpty()) {
            proto.message(8, w -> module.aliases().forEach(a -> w.message(1, e -> alias(e, a))));
          }
        });
  }

  private static void alias(ProtoWriter out, HloModule.Alias alias) {
    out.integers(1, alias.result());
    out.integer(2, alias.parameter());
    out.integer(4, MUST_ALIAS);
  }

  private static void computation(ProtoWriter out, HloComputation computation) {
    out.string(1, computation.name());
    for (HloInstruction instruction : computation.instructions()) {
      out.message(2, w -> new HloModuleWriter(w).instruction(instruction));
    }
    out.message(4, w -> programShape(w, computation));
    out.integer(5, computation.id());
    out.integer(6, computation.root().id());
  }

  private static void programShape(ProtoWriter out, HloComputation computation) {
    for (HloInstruction parameter : computation.parameters()) {
      out.message(1, w -> shape(w, parameter.shape()));
    }
    out.message(2, w -> shape(w, computation.root().shape()));
    computation.parameters().forEach(p -> out.stringElement(3, HloModule.parameterName(p)));
  }

  private static void shape(ProtoWriter out, HloShape shape) {
    switch (shape) {
      case HloShape.Tuple tuple -> {
        out.integer(2, HloProto.TUPLE_TYPE);
        tuple.elements().forEach(element -> out.message(4, w -> shape(w, element)));
      }
      case HloShape.Array array -> {
        out.integer(2, array.type().number());
        out.integers(3, array.dims().toArray());
        long[] minorToMajor = new long[array.rank()];
        for (int i = 0; i < minorToMajor.length; i++) {
          minorToMajor[i] = minorToMajor.length - 1L - i;
        }
        out.message(5, layout -> layout.integers(1, minorToMajor));
        // One false per dimension: XLA complains of shapes that do not say.
        out.integers(6, new long[array.rank()]);
      }
    }
  }

  private void instruction(HloInstruction instruction) {
    HloAttributes attributes = instruction.attributes();
    out.string(1, instruction.name());
    out.string(2, instruction.opcode().toString());
    out.message(3, w -> shape(w, instruction.shape()));
    if (!instruction.source().isEmpty()) {
      out.message(
          7,
          metadata -> {
            metadata.string(1, instruction.opcode().toString());
            metadata.string(2, instruction.source());
          });
    }
    beforeId(instruction.opcode(), attributes);
    out.integer(35, instruction.id());
    out.integers(36, instruction.operands().stream().mapToLong(HloInstruction::id).toArray());
    out.integers(
        38, HloAttributes.called(attributes).stream().mapToLong(HloComputation::id).toArray());
    if (attributes instanceof HloAttributes.CustomCall call) {
      out.bytes(43, call.backendConfig().getBytes(StandardCharsets.US_ASCII));
    }
    afterCalls(attributes);
    if (!instruction.frontendAttributes().isEmpty()) {
      out.message(68, w -> w.map(1, instruction.frontendAttributes()));
    }
    if (instruction.opcode() == Opcode.RNG_BIT_GENERATOR
        && attributes instanceof HloAttributes.Random random) {
      out.integer(70, random.kind());
    }
  }

  /** Fields 8 to 34. */
  private void beforeId(Opcode opcode, HloAttributes attributes) {
    switch (attributes) {
      case HloAttributes.Constant constant ->
          out.message(8, w -> LiteralProto.write(w, constant.literal(), HloModuleWriter::shape));
      case HloAttributes.Parameter parameter -> out.integer(9, parameter.number());
      case HloAttributes.TupleIndex element -> out.integer(13, element.index());
      case HloAttributes.Dimensions dimensions -> out.integers(14, longs(dimensions.dimensions()));
      case HloAttributes.Reduce reduce -> out.integers(14, longs(reduce.dimensions()));
      case HloAttributes.Sort sort -> out.integers(14, sort.dimension());
      case HloAttributes.Exchange exchange -> out.integers(14, exchange.dimension());
      case HloAttributes.ReduceScatter scatter -> out.integers(14, scatter.dimension());
      case HloAttributes.Slice slice -> slice(slice);
      case HloAttributes.DynamicSlice slice -> out.integers(20, longs(slice.sizes()));
      case HloAttributes.Padding padding ->
          out.message(21, w -> padding.edges().forEach(e -> w.message(1, edge(e))));
      case HloAttributes.Random random -> random(opcode, random);
      case HloAttributes.CustomCall call -> out.string(28, call.target());
      case HloAttributes.Dot dot -> out.message(30, w -> dot(w, dot.dims()));
      case HloAttributes.Gather gather -> {
        out.message(33, w -> gather(w, gather));
        out.integers(34, longs(gather.sliceSizes()));
      }
      default -> {}
    }
  }

  private void random(Opcode opcode, HloAttributes.Random random) {
    if (opcode == Opcode.RNG) {
      out.integer(23, random.kind());
    }
  }

  private void slice(HloAttributes.Slice slice) {
    for (int i = 0; i < slice.starts().size(); i++) {
      int dimension = i;
      out.message(
          17,
          w -> {
            w.integer(1, slice.starts().get(dimension));
            w.integer(2, slice.limits().get(dimension));
            w.integer(3, slice.strides().get(dimension));
          });
    }
  }

  private static Consumer<ProtoWriter> edge(HloAttributes.Edge edge) {
    return w -> {
      w.integer(1, edge.low());
      w.integer(2, edge.high());
      w.integer(3, edge.interior());
    };
  }

  private static void dot(ProtoWriter out, DotDims dims) {
    out.integers(1, longs(dims.leftContracting()));
    out.integers(2, longs(dims.rightContracting()));
    out.integers(3, longs(dims.leftBatch()));
    out.integers(4, longs(dims.rightBatch()));
  }

  private static void gather(ProtoWriter out, HloAttributes.Gather gather) {
    out.integers(1, longs(gather.offsetDims()));
    out.integers(2, longs(gather.collapsedSliceDims()));
    out.integers(3, longs(gather.startIndexMap()));
    out.integer(4, gather.indexVectorDim());
  }

  /** Fields 48 to 63. */
  private void afterCalls(HloAttributes attributes) {
    switch (attributes) {
      case HloAttributes.Scatter scatter -> out.message(48, w -> scatter(w, scatter));
      case HloAttributes.AllReduce all -> groups(all.replicaGroups());
      case HloAttributes.Exchange exchange -> groups(exchange.replicaGroups());
      case HloAttributes.ReduceScatter scatter -> groups(scatter.replicaGroups());
      case HloAttributes.Permute permute ->
          permute
              .pairs()
              .forEach(
                  pair ->
                      out.message(
                          52,
                          w -> {
                            w.integer(1, pair.source());
                            w.integer(2, pair.target());
                          }));
      case HloAttributes.Sort sort -> out.bool(60, sort.order() == HloAttributes.Sort.Order.STABLE);
      case HloAttributes.Compare compare -> out.string(63, compare.direction().name());
      default -> {}
    }
  }

  private static void scatter(ProtoWriter out, HloAttributes.Scatter scatter) {
    out.integers(1, longs(scatter.updateWindowDims()));
    out.integers(2, longs(scatter.insertedWindowDims()));
    out.integers(3, longs(scatter.scatterDimsToOperandDims()));
    out.integer(4, scatter.indexVectorDim());
  }

  private void groups(List<List<Integer>> groups) {
    groups.forEach(group -> out.message(49, w -> w.integers(1, longs(group))));
  }

  private static long[] longs(Collection<? extends Number> numbers) {
    return numbers.stream().mapToLong(Number::longValue).toArray();
  }
}

package org.smollm3.neuron.runner;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.checkpoint.WeightNames;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.artifacts.Artifacts;
import org.smollm3.neuron.artifacts.CompiledGraph;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeffHeader;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.neff.SimulatedNeff;
import org.smollm3.neuron.trace.GraphTracer;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** A small program of two graphs, compiled as an export has it. */
final class CompiledSamples {
  static final String SQUARE = "square.weight";
  static final String STATE = "kv_mgr.past_key_values.0";
  static final List<String> GRAPHS =
      List.of(DecoderGraphs.CONTEXT_ENCODING, DecoderGraphs.TOKEN_GENERATION);

  private static final String HEAD = "head.weight";
  private static final int WIDTH = 4;

  private CompiledSamples() {}

  /** How graphs want the square weight. */
  enum Layout {
    AS_STORED,
    TRANSPOSED
  }

  static ProgramSpec program(int ranks, Layout layout) {
    return new ProgramSpec(
        "compiled",
        ranks,
        List.of(
            new TensorSpec(SQUARE, DType.F32, Shape.of(WIDTH, WIDTH)),
            new TensorSpec(HEAD, DType.F32, Shape.of(6, WIDTH))),
        List.of(new TensorSpec(STATE, DType.F32, Shape.of(1, WIDTH))),
        List.of(graph(GRAPHS.get(0), 2, layout), graph(GRAPHS.get(1), 1, layout)),
        Set.of());
  }

  private static GraphSpec graph(String name, int rows, Layout layout) {
    return new GraphSpec(
        name,
        List.of(new TensorSpec("x", DType.F32, Shape.of(rows, WIDTH))),
        context -> run(context, layout));
  }

  private static GraphResult run(GraphContext context, Layout layout) {
    TensorOps ops = context.ops();
    Tensor weight = context.weight(SQUARE);
    Tensor stored = layout == Layout.AS_STORED ? weight : ops.transpose(weight, 1, 0);
    DotDims linear = DotDims.lastWithLast(2, 2);
    Tensor hidden = ops.dot(context.input("x"), stored, linear, DType.F32);
    Tensor rank = ops.convert(context.rank(), DType.F32);
    hidden = ops.add(hidden, ops.broadcast(ops.reshape(rank, Shape.of()), hidden.shape()));
    Tensor all = context.collectives().allReduce(hidden, Reduction.SUM, DType.F32);
    State state = context.state(STATE);
    Tensor sum = ops.add(ops.read(state), ops.slice(all, 0, 0, 1));
    state = ops.updateInto(state, sum, 0, 0);
    Tensor logits = ops.dot(ops.read(state), context.weight(HEAD), linear, DType.F32);
    return new GraphResult(Map.of(DecoderGraphs.LOGITS, logits), Map.of(STATE, state));
  }

  /** Different on every rank. */
  static final WeightSource WEIGHTS =
      (name, rank) -> {
        Shape shape = name.equals(HEAD) ? Shape.of(6, WIDTH) : Shape.of(WIDTH, WIDTH);
        HostTensor values = HostTensor.zeros(DType.F32, shape);
        for (int i = 0; i < values.size(); i++) {
          values.setFloat(i, (float) Math.cos(i * 1.3 + rank * 0.6));
        }
        return WeightView.contiguous(name, DType.F32, shape, values.segment());
      };

  static Map<String, HostTensor> inputs(String graph, int n) {
    return graph.equals(GRAPHS.get(0))
        ? Map.of("x", HostTensor.ofFloats(Shape.of(2, WIDTH), 1, n, -2, 3, 0.5f, 2, n, 1))
        : Map.of("x", HostTensor.ofFloats(Shape.of(1, WIDTH), n, 0.25f, -n, 1));
  }

  static NeuronConfig config(int ranks, String target) {
    return NeuronConfig.builder()
        .batchSize(1)
        .sequenceLength(8)
        .maxContextLength(4)
        .tpDegree(ranks)
        .target(target)
        .onDeviceSampling(false)
        .build();
  }

  static Artifacts artifacts(int ranks, Layout layout, Optional<CompiledGraph> transformation) {
    return artifacts(config(ranks, "trn1"), NeuronArchitecture.SUNDA, layout, transformation);
  }

  static Artifacts artifacts(
      NeuronConfig config,
      NeuronArchitecture architecture,
      Layout layout,
      Optional<CompiledGraph> transformation) {
    Map<String, CompiledGraph> graphs = new LinkedHashMap<>();
    ProgramSpec program = program(config.tpDegree(), layout);
    for (TracedGraph graph : trace(program)) {
      graphs.put(graph.name(), compiled(graph, architecture, config.logicalNcConfig()));
    }
    return new Artifacts("the export", config, graphs, transformation);
  }

  private static List<TracedGraph> trace(ProgramSpec program) {
    return new GraphTracer(program, TraceOptions.defaults(), TapPattern.NONE).traceAll();
  }

  /** A graph that transposes a weight in place, for which the tracer has states. */
  static CompiledGraph transposing(int ranks, String weight, long width) {
    TensorSpec square = new TensorSpec(weight, DType.F32, Shape.of(width, width));
    ProgramSpec program =
        new ProgramSpec(
            "layout",
            ranks,
            List.of(),
            List.of(square),
            List.of(new GraphSpec("layout_opt", List.of(), context -> transpose(context, weight))),
            Set.of());
    TracedGraph graph = trace(program).getFirst();
    MetaNeff metaneff =
        MetaNeff.of(
            List.of(MetaTensor.weight(0, DType.F32, square.shape(), weight)),
            List.of(MetaTensor.output(0, DType.F32, square.shape())),
            Map.of(0, 0));
    return compiled(graph, metaneff, NeuronArchitecture.SUNDA, 1);
  }

  private static GraphResult transpose(GraphContext context, String weight) {
    TensorOps ops = context.ops();
    State state = context.state(weight);
    Tensor turned = ops.transpose(ops.read(state), 1, 0);
    return new GraphResult(Map.of(), Map.of(weight, ops.updateInto(state, turned, 0, 0)));
  }

  /** With the metaneff that an export has. */
  static CompiledGraph compiled(TracedGraph graph, NeuronArchitecture architecture, int lnc) {
    List<MetaTensor> inputs = new ArrayList<>();
    for (TracedGraph.Parameter parameter : graph.parameters()) {
      TensorSpec spec = parameter.spec();
      int index = inputs.size();
      inputs.add(
          switch (parameter.kind()) {
            case INPUT -> MetaTensor.userInput(index, spec.dtype(), spec.shape(), spec.name());
            case STATE -> MetaTensor.state(index, spec.dtype(), spec.shape(), spec.name());
            case WEIGHT -> MetaTensor.weight(index, spec.dtype(), spec.shape(), spec.name());
            case RANK -> MetaTensor.weight(index, DType.I32, Shape.of(1), WeightNames.RANK);
          });
    }
    List<MetaTensor> outputs = new ArrayList<>();
    for (TracedGraph.Result result : graph.results()) {
      TensorSpec spec = result.spec();
      outputs.add(MetaTensor.output(outputs.size(), spec.dtype(), spec.shape()));
    }
    Map<Integer, Integer> aliases = new LinkedHashMap<>();
    graph.module().aliases().forEach(alias -> aliases.put(alias.result(), alias.parameter()));
    return compiled(graph, MetaNeff.of(inputs, outputs, aliases), architecture, lnc);
  }

  private static CompiledGraph compiled(
      TracedGraph graph, MetaNeff metaneff, NeuronArchitecture architecture, int lnc) {
    byte[] file =
        new SimulatedNeff(
                graph.name(),
                architecture,
                lnc,
                specs(metaneff.inputs()),
                specs(metaneff.outputs()))
            .write(HloModuleWriter.write(graph.module()), NeffHeader.PackageVersion.TAR_SHA256);
    MemorySegment bytes = Arena.ofAuto().allocate(file.length, 64);
    bytes.copyFrom(MemorySegment.ofArray(file));
    return new CompiledGraph(graph.name(), Neff.read(bytes, graph.name() + ".neff"), metaneff);
  }

  private static List<TensorSpec> specs(List<MetaTensor> tensors) {
    return tensors.stream()
        .map(tensor -> new TensorSpec(tensor.name(), tensor.dtype(), tensor.shape()))
        .toList();
  }
}

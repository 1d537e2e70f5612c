package org.smollm3.neuron.evaluator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.ModuleBuilder;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Times decoder layers over two ranks: {@code LayerBench TOKENS LAYERS RUNS}. No test. */
final class LayerBench {
  private static final int RANKS = 2;
  private static final int HIDDEN = 128;
  private static final int INTERMEDIATE = 384 / RANKS;
  private static final int HEADS = 8 / RANKS;
  private static final int GROUPS = 2 / RANKS;
  private static final int DIM = 16;
  private static final int POSITIONS = 512;
  private static final int VOCABULARY = 4096 / RANKS;

  private final ModuleBuilder module = new ModuleBuilder("layers");
  private final ComputationBuilder b = module.computation("main");
  private final List<HloModule.Alias> aliases = new ArrayList<>();
  private final List<HloInstruction> results = new ArrayList<>();
  private final int tokens;
  private int parameters;

  private LayerBench(int tokens) {
    this.tokens = tokens;
  }

  private HloInstruction parameter(ElementType type, long... dims) {
    parameters++;
    return b.parameter(HloShape.of(type, dims));
  }

  private HloInstruction wide(HloInstruction x) {
    return b.convert(x, ElementType.F32);
  }

  private HloInstruction fill(double value, Shape shape) {
    return b.broadcast(b.scalar(ElementType.F32, value), shape, List.of());
  }

  private HloInstruction reduce(Opcode opcode, HloInstruction x, int dim) {
    double initial = opcode == Opcode.ADD ? 0 : -Double.MAX_VALUE;
    return b.add(
        Opcode.REDUCE,
        x.shape(),
        List.of(x, b.scalar(ElementType.F32, initial)),
        new HloAttributes.Reduce(List.of(dim), module.combine(opcode, ElementType.F32)));
  }

  private HloInstruction dot(
      HloInstruction x, HloInstruction y, DotDims dims, ElementType type, Shape shape) {
    return b.add(
        Opcode.DOT, new HloShape.Array(type, shape), List.of(x, y), new HloAttributes.Dot(dims));
  }

  private HloInstruction linear(HloInstruction x, int out, int in) {
    HloInstruction w = parameter(ElementType.BF16, out, in);
    return dot(x, w, DotDims.lastWithLast(3, 2), ElementType.BF16, Shape.of(1, tokens, out));
  }

  private HloInstruction norm(HloInstruction x) {
    Shape shape = x.array().dims();
    HloInstruction wide = wide(x);
    HloInstruction sum = reduce(Opcode.ADD, b.binary(Opcode.MULTIPLY, wide, wide), 2);
    HloInstruction mean = b.binary(Opcode.MULTIPLY, sum, fill(1.0 / HIDDEN, sum.array().dims()));
    HloInstruction inverse =
        b.unary(Opcode.RSQRT, b.binary(Opcode.ADD, mean, fill(1e-6, mean.array().dims())));
    HloInstruction normed =
        b.binary(Opcode.MULTIPLY, wide, b.broadcast(inverse, shape, List.of(0, 1)));
    HloInstruction gain = wide(parameter(ElementType.BF16, HIDDEN));
    return b.convert(
        b.binary(Opcode.MULTIPLY, normed, b.broadcast(gain, shape, List.of(2))), ElementType.BF16);
  }

  private HloInstruction allReduce(HloInstruction x) {
    return b.add(
        Opcode.ALL_REDUCE,
        x.shape(),
        List.of(x),
        new HloAttributes.AllReduce(
            module.combine(Opcode.ADD, x.array().type()), Graph.oneGroup(RANKS)));
  }

  private HloInstruction heads(HloInstruction x, int count) {
    HloInstruction split = b.reshape(x, Shape.of(1, tokens, count, DIM));
    return b.add(
        Opcode.TRANSPOSE,
        split.shape(),
        List.of(split),
        new HloAttributes.Dimensions(List.of(0, 2, 1, 3)));
  }

  private HloInstruction slice(HloInstruction x, long from, long to) {
    return b.add(
        Opcode.SLICE,
        x.shape(),
        List.of(x),
        new HloAttributes.Slice(
            List.of(0L, 0L, 0L, from),
            List.of(1L, x.array().dims().dim(1), x.array().dims().dim(2), to),
            List.of(1L, 1L, 1L, 1L)));
  }

  private HloInstruction rotate(HloInstruction x, HloInstruction cos, HloInstruction sin) {
    HloInstruction wide = wide(x);
    HloInstruction first = slice(wide, 0, DIM / 2);
    HloInstruction second = slice(wide, DIM / 2, DIM);
    Shape half = first.array().dims();
    HloInstruction c = b.broadcast(cos, half, List.of(0, 2, 3));
    HloInstruction s = b.broadcast(sin, half, List.of(0, 2, 3));
    HloInstruction low =
        b.binary(
            Opcode.SUBTRACT,
            b.binary(Opcode.MULTIPLY, first, c),
            b.binary(Opcode.MULTIPLY, second, s));
    HloInstruction high =
        b.binary(
            Opcode.ADD, b.binary(Opcode.MULTIPLY, second, c), b.binary(Opcode.MULTIPLY, first, s));
    HloInstruction joined =
        b.add(
            Opcode.CONCATENATE,
            x.shape(),
            List.of(low, high),
            new HloAttributes.Dimensions(List.of(3)));
    return b.convert(joined, ElementType.BF16);
  }

  private HloInstruction exp(HloInstruction scores, HloInstruction max) {
    return b.unary(
        Opcode.EXPONENTIAL,
        b.binary(
            Opcode.SUBTRACT, scores, b.broadcast(max, scores.array().dims(), List.of(0, 1, 2, 3))));
  }

  private HloInstruction scores(HloInstruction q, HloInstruction k, HloInstruction mask) {
    Shape shape = Shape.of(1, GROUPS, HEADS / GROUPS, tokens, k.array().dims().dim(2));
    DotDims dims = new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(3));
    HloInstruction product = dot(q, k, dims, ElementType.F32, shape);
    HloInstruction scaled = b.binary(Opcode.MULTIPLY, product, fill(0.25, shape));
    HloInstruction visible = b.broadcast(mask, shape, List.of(3, 4));
    return b.select(visible, scaled, fill(-1e9, shape));
  }

  private HloInstruction mix(HloInstruction weights, HloInstruction values) {
    DotDims dims = new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(2));
    Shape shape = Shape.of(1, GROUPS, HEADS / GROUPS, tokens, DIM);
    return dot(weights, values, dims, ElementType.F32, shape);
  }

  private HloInstruction update(HloInstruction cache, HloInstruction active, HloInstruction at) {
    HloInstruction rows =
        b.add(
            Opcode.TRANSPOSE,
            active.shape(),
            List.of(active),
            new HloAttributes.Dimensions(List.of(0, 2, 1, 3)));
    HloInstruction updated =
        b.add(
            Opcode.SCATTER,
            cache.shape(),
            List.of(cache, at, rows),
            new HloAttributes.Scatter(
                List.of(2, 3), List.of(0, 2), List.of(0, 2), 2, module.assign(ElementType.BF16)));
    return updated;
  }

  private HloInstruction attention(
      HloInstruction x,
      HloInstruction cos,
      HloInstruction sin,
      HloInstruction indices,
      HloInstruction position) {
    HloInstruction q = rotate(heads(linear(x, HEADS * DIM, HIDDEN), HEADS), cos, sin);
    HloInstruction k = rotate(heads(linear(x, GROUPS * DIM, HIDDEN), GROUPS), cos, sin);
    HloInstruction v = heads(linear(x, GROUPS * DIM, HIDDEN), GROUPS);
    HloInstruction grouped = b.reshape(q, Shape.of(1, GROUPS, HEADS / GROUPS, tokens, DIM));
    Shape plane = Shape.of(tokens, tokens);
    HloInstruction causal =
        b.compare(
            Comparison.LE, b.iota(ElementType.S32, plane, 1), b.iota(ElementType.S32, plane, 0));
    HloInstruction active = scores(grouped, k, causal);
    HloInstruction keyCache = parameter(ElementType.BF16, 1, GROUPS, POSITIONS, DIM);
    int keyNumber = parameters - 1;
    HloInstruction valueCache = parameter(ElementType.BF16, 1, GROUPS, POSITIONS, DIM);
    Shape prior = Shape.of(tokens, POSITIONS);
    HloInstruction seen =
        b.compare(
            Comparison.LT,
            b.iota(ElementType.S32, prior, 1),
            b.broadcast(position, prior, List.of()));
    HloInstruction before = scores(grouped, wide(keyCache), seen);
    HloInstruction max =
        b.binary(
            Opcode.MAXIMUM, reduce(Opcode.MAXIMUM, active, 4), reduce(Opcode.MAXIMUM, before, 4));
    HloInstruction activeExp = exp(active, max);
    HloInstruction priorExp = exp(before, max);
    HloInstruction sum =
        b.binary(Opcode.ADD, reduce(Opcode.ADD, activeExp, 4), reduce(Opcode.ADD, priorExp, 4));
    HloInstruction mixed = b.binary(Opcode.ADD, mix(activeExp, v), mix(priorExp, wide(valueCache)));
    HloInstruction whole =
        b.binary(Opcode.DIVIDE, mixed, b.broadcast(sum, mixed.array().dims(), List.of(0, 1, 2, 3)));
    aliases.add(new HloModule.Alias(results.size(), keyNumber));
    results.add(update(keyCache, k, indices));
    aliases.add(new HloModule.Alias(results.size(), keyNumber + 1));
    results.add(update(valueCache, v, indices));
    HloInstruction back =
        heads2(b.reshape(b.convert(whole, ElementType.BF16), Shape.of(1, HEADS, tokens, DIM)));
    return allReduce(linear(back, HIDDEN, HEADS * DIM));
  }

  private HloInstruction heads2(HloInstruction x) {
    HloInstruction turned =
        b.add(
            Opcode.TRANSPOSE,
            x.shape(),
            List.of(x),
            new HloAttributes.Dimensions(List.of(0, 2, 1, 3)));
    return b.reshape(turned, Shape.of(1, tokens, HEADS * DIM));
  }

  private HloInstruction mlp(HloInstruction x) {
    HloInstruction gate = wide(linear(x, INTERMEDIATE, HIDDEN));
    HloInstruction up = wide(linear(x, INTERMEDIATE, HIDDEN));
    HloInstruction silu = b.binary(Opcode.MULTIPLY, gate, b.unary(Opcode.LOGISTIC, gate));
    HloInstruction both = b.convert(b.binary(Opcode.MULTIPLY, silu, up), ElementType.BF16);
    return allReduce(linear(both, HIDDEN, INTERMEDIATE));
  }

  private HloModule build(int layers) {
    results.add(b.scalar(ElementType.F32, 0));
    HloInstruction x = parameter(ElementType.BF16, 1, tokens, HIDDEN);
    HloInstruction position = parameter(ElementType.S32);
    HloInstruction angles = parameter(ElementType.F32, 1, tokens, DIM / 2);
    Shape column = Shape.of(1, tokens, 1);
    HloInstruction at =
        b.binary(
            Opcode.ADD,
            b.iota(ElementType.S32, column, 1),
            b.broadcast(position, column, List.of()));
    HloInstruction indices =
        b.add(
            Opcode.CONCATENATE,
            at.shape(),
            List.of(b.broadcast(b.scalar(ElementType.S32, 0), column, List.of()), at),
            new HloAttributes.Dimensions(List.of(2)));
    HloInstruction cos = b.unary(Opcode.COSINE, angles);
    HloInstruction sin = b.unary(Opcode.SINE, angles);
    for (int i = 0; i < layers; i++) {
      x = b.binary(Opcode.ADD, x, attention(norm(x), cos, sin, indices, position));
      x = b.binary(Opcode.ADD, x, mlp(norm(x)));
    }
    HloInstruction logits = linear(norm(x), VOCABULARY, HIDDEN);
    HloInstruction all =
        b.add(
            Opcode.ALL_GATHER,
            HloShape.of(ElementType.BF16, 1, tokens, (long) VOCABULARY * RANKS),
            List.of(logits),
            new HloAttributes.Exchange(2, Graph.oneGroup(RANKS)));
    results.set(0, wide(all));
    return module.build(b.build(b.tuple(results)), aliases);
  }

  /** Both ranks and the compiler; unlike time on the clock it does not count other programs. */
  private static double processCpuMillis() {
    return ProcessHandle.current()
            .info()
            .totalCpuDuration()
            .map(duration -> duration.toNanos())
            .orElse(0L)
        / 1e6;
  }

  public static void main(String[] args) {
    int tokens = Integer.parseInt(args[0]);
    int layers = Integer.parseInt(args[1]);
    HloModule module = new LayerBench(tokens).build(layers);
    long start = System.nanoTime();
    Executable executable = Evaluator.compile(module, RANKS);
    System.out.printf(
        "compiled %d instructions in %.1f ms, %d temporary bytes%n",
        module.entry().instructions().size(),
        (System.nanoTime() - start) / 1e6,
        executable.temporaryBytes());
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    List<List<MemorySegment>> given = new ArrayList<>();
    List<List<MemorySegment>> wanted = new ArrayList<>();
    for (int rank = 0; rank < RANKS; rank++) {
      List<MemorySegment> inputs = new ArrayList<>();
      for (HloShape.Array shape : executable.parameters()) {
        HostTensor tensor = HostTensor.zeros(shape.type().dtype(), shape.dims());
        if (shape.type().isFloating()) {
          for (long i = 0; i < tensor.size(); i++) {
            tensor.setDouble(i, random.nextGaussian() * 0.1);
          }
        } else {
          tensor.setLong(0, 100);
        }
        inputs.add(tensor.segment());
      }
      List<MemorySegment> outputs = new ArrayList<>();
      for (int i = 0; i < executable.results().size(); i++) {
        outputs.add(
            executable.aliasedParameter(i).isPresent()
                ? inputs.get(executable.aliasedParameter(i).getAsInt())
                : Arena.ofAuto().allocate(executable.results().get(i).byteSize(), 64));
      }
      given.add(inputs);
      wanted.add(outputs);
    }
    double best = Double.MAX_VALUE;
    double total = 0;
    int runs = Integer.parseInt(args[2]);
    for (int i = 0; i < runs; i++) {
      double from = processCpuMillis();
      long wall = System.nanoTime();
      executable.run(given, wanted);
      best = Math.min(best, (System.nanoTime() - wall) / 1e6);
      total += i < runs / 2 ? 0 : processCpuMillis() - from;
    }
    System.out.printf(
        "best %.2f ms; of the last half %.2f ms of processor time each%n",
        best, total / (runs - runs / 2));
  }
}

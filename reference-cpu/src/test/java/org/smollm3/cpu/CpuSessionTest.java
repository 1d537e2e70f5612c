package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.cpu.kernels.VectorKernels;
import org.smollm3.eager.EagerSession;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class CpuSessionTest {
  /** One attention layer of 2 heads of 8 over a cache of 64 positions, of any number of tokens. */
  private static ProgramSpec layer() {
    TensorSpec x = new TensorSpec("x", DType.F32, Shape.of(1, Shape.OPEN, 16));
    TensorSpec positions = new TensorSpec("positions", DType.I32, Shape.of(1, Shape.OPEN));
    TensorSpec cache = new TensorSpec("k", DType.F32, Shape.of(1, 2, 64, 8));
    return new ProgramSpec(
        "layer",
        1,
        List.of(new TensorSpec("w", DType.F32, Shape.of(48, 16))),
        List.of(cache, new TensorSpec("v", DType.F32, cache.shape())),
        List.of(
            new GraphSpec(
                "step",
                List.of(x, positions),
                context -> {
                  TensorOps ops = context.ops();
                  List<State> states = new ArrayList<>();
                  Tensor y =
                      context.scope(
                          "layers.0",
                          () -> {
                            Tensor in = context.input("x");
                            long tokens = in.shape().dim(1);
                            Tensor qkv =
                                ops.linear(in, context.weight("w"), Optional.empty(), DType.F32);
                            Tensor at = context.input("positions");
                            Tensor ids = ops.constant(HostTensor.ofInts(Shape.of(1), 0));
                            Tensor q = heads(ops, qkv, 0, tokens);
                            Tensor k = heads(ops, qkv, 16, tokens);
                            Tensor v = heads(ops, qkv, 32, tokens);
                            State keys = context.state("k");
                            State values = context.state("v");
                            AttentionKind kind = AttentionKind.CHUNKED_PREFILL;
                            AttentionSpec spec = new AttentionSpec(kind, 0.35, OptionalInt.empty());
                            Tensor mixed = ops.attend(q, keys, values, k, v, ids, at, spec);
                            states.add(ops.updateCache(keys, k, ids, at, kind));
                            states.add(ops.updateCache(values, v, ids, at, kind));
                            return mixed;
                          });
                  return new GraphResult(
                      Map.of("y", y), Map.of("k", states.get(0), "v", states.get(1)));
                })),
        Set.of());
  }

  private static Tensor heads(TensorOps ops, Tensor qkv, long from, long tokens) {
    Tensor part = ops.reshape(ops.slice(qkv, 2, from, from + 16), Shape.of(1, tokens, 2, 8));
    return ops.transpose(part, 0, 2, 1, 3);
  }

  private static WeightSource weights(MemorySegment memory) {
    return (name, rank) -> WeightView.contiguous(name, DType.F32, Shape.of(48, 16), memory);
  }

  private static Map<String, HostTensor> inputs(HostTensor x, int first) {
    int tokens = x.shape().intDim(1);
    return Map.of("x", x, "positions", Bodies.positions(tokens, first));
  }

  private static HostTensor token(HostTensor x, int t) {
    return HostTensor.wrap(DType.F32, Shape.of(1, 1, 16), x.segment().asSlice(64L * t, 64));
  }

  @Test
  void promptAndDecodeGiveTheSameBitsAndStates() {
    Random random = new Random(5);
    HostTensor w = Bodies.random(DType.F32, random, 48, 16);
    HostTensor x = Bodies.random(DType.F32, random, 1, 20, 16);
    try (CpuBackend backend = new CpuBackend(new CpuSettings(2, OptionalInt.of(512)));
        Session whole = backend.load(layer(), weights(w.segment()), LoadOptions.defaults());
        Session steps = backend.load(layer(), weights(w.segment()), LoadOptions.defaults())) {
      HostTensor all = whole.run("step", inputs(x, 0)).get("y").copy();
      for (int t = 0; t < 20; t++) {
        HostTensor one = steps.run("step", inputs(token(x, t), t)).get("y");
        for (int head = 0; head < 2; head++) {
          for (int d = 0; d < 8; d++) {
            assertThat(one.getFloat(head * 8 + d)).isEqualTo(all.getFloat((head * 20 + t) * 8 + d));
          }
        }
      }
      assertThat(steps.readState("k", 0).segment().mismatch(whole.readState("k", 0).segment()))
          .isEqualTo(-1);
      steps.resetStates();
      assertThat(steps.readState("v", 0).toFloatArray()).containsOnly(0f);
    }
  }

  @Test
  void aWarmDecodeStepTakesNoMemory() {
    Random random = new Random(6);
    HostTensor w = Bodies.random(DType.F32, random, 48, 16);
    HostTensor x = Bodies.random(DType.F32, random, 1, 60, 16);
    List<CpuMemory> memories = new ArrayList<>();
    try (WorkerPool pool = new WorkerPool(2)) {
      VectorKernels kernels = new VectorKernels(pool, 512);
      try (Session session =
          EagerSession.load(
              "cpu",
              CpuBackend.CAPABILITIES,
              layer(),
              weights(w.segment()),
              LoadOptions.defaults(),
              (rank, workspace) -> {
                memories.add(new CpuMemory(kernels, workspace, CpuOps::new));
                return memories.get(0);
              })) {
        session.run("step", inputs(token(x, 0), 0));
        long allocated = memories.get(0).allocated();
        for (int t = 1; t < 60; t++) {
          session.run("step", inputs(token(x, t), t));
        }
        assertThat(memories.get(0).allocated()).isEqualTo(allocated).isPositive();
      }
    }
  }

  @Test
  void contiguousWeightsAreUsedInPlaceAndOthersPutTogether() {
    Random random = new Random(8);
    HostTensor w = Bodies.random(DType.F32, random, 48, 16);
    HostTensor x = Bodies.random(DType.F32, random, 1, 3, 16);
    try (CpuBackend backend = new CpuBackend(new CpuSettings(1, OptionalInt.empty()));
        Arena arena = Arena.ofShared()) {
      // An odd address, as a weight in a file may have.
      MemorySegment mapped = arena.allocate(48 * 64 + 1).asSlice(1);
      mapped.copyFrom(w.segment());
      WeightSource pieces =
          (name, rank) ->
              new WeightView(
                  name,
                  DType.F32,
                  Shape.of(48, 16),
                  List.of(
                      new WeightView.Mapped(mapped, 24, 64, 64),
                      new WeightView.Mapped(mapped.asSlice(24 * 64), 24, 64, 64)));
      try (Session inPlace = backend.load(layer(), weights(mapped), LoadOptions.defaults());
          Session joined = backend.load(layer(), pieces, LoadOptions.defaults())) {
        float[] first = inPlace.run("step", inputs(x, 0)).get("y").toFloatArray();
        assertThat(joined.run("step", inputs(x, 0)).get("y").toFloatArray()).isEqualTo(first);
        mapped.fill((byte) 0);
        inPlace.resetStates();
        joined.resetStates();
        assertThat(inPlace.run("step", inputs(x, 0)).get("y").toFloatArray()).containsOnly(0f);
        assertThat(joined.run("step", inputs(x, 0)).get("y").toFloatArray()).isEqualTo(first);
      }
    }
  }

  @Test
  void aSessionOfAClosedBackendSaysSo() {
    HostTensor w = Bodies.random(DType.F32, new Random(9), 48, 16);
    CpuBackend backend = new CpuBackend(new CpuSettings(2, OptionalInt.of(512)));
    try (Session session = backend.load(layer(), weights(w.segment()), LoadOptions.defaults())) {
      backend.close();
      HostTensor x = Bodies.random(DType.F32, new Random(9), 1, 3, 16);
      assertThatThrownBy(() -> session.run("step", inputs(x, 0)))
          .hasMessageContaining("the cpu backend is closed");
    }
  }
}

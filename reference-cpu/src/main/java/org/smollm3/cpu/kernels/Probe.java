package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What this machine can do at most, measured with the threads that the kernels run on: reading
 * memory, and float32 multiply-adds in registers. May be loaded only where the module {@code
 * jdk.incubator.vector} is there.
 */
public final class Probe {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int V = 4 * F.length();

  /** Bytes that a thread reads at a time. */
  private static final int TILE = 1 << 20;

  /** Passes by which {@link #chooseReading} compares. */
  private static final int PASSES = 5;

  /**
   * How a thread goes through its part. Which is faster depends on the machine: with 256-bit
   * vectors of one, a single stream read 70 % of what four did, and on another, with 512 bits, four
   * streams 60 % of what a single one did.
   */
  private enum Reading {
    ONE_STREAM,
    FOUR_STREAMS
  }

  private static final int FMA_ROUNDS = 200_000;
  private static final int FMA_CHAINS = 12;

  private final Parallel parallel;

  /** Keeps the results alive, so that no compiler drops the loops. */
  private final MemorySegment[] sinks;

  private Reading reading = Reading.FOUR_STREAMS;

  public Probe(Parallel parallel) {
    MixedProfile.show();
    this.parallel = parallel;
    sinks = new MemorySegment[parallel.threads()];
    Scratch scratch = new Scratch();
    for (int i = 0; i < sinks.length; i++) {
      sinks[i] = scratch.get(i, 256);
    }
  }

  /**
   * Chooses the faster loop for {@link #readBandwidth} by the median of some passes of each, in
   * turn. Until it is called there is a fixed one, which may be far from what the machine can do.
   */
  public void chooseReading(List<MemorySegment> memory) {
    double[] one = new double[PASSES];
    double[] four = new double[PASSES];
    for (int i = 0; i < PASSES; i++) {
      one[i] = readBandwidth(memory, Reading.ONE_STREAM);
      four[i] = readBandwidth(memory, Reading.FOUR_STREAMS);
    }
    Arrays.sort(one);
    Arrays.sort(four);
    reading = one[PASSES / 2] > four[PASSES / 2] ? Reading.ONE_STREAM : Reading.FOUR_STREAMS;
  }

  /** Reads all bytes once, but for a rest below a tile: bytes per second. */
  public double readBandwidth(List<MemorySegment> memory) {
    return readBandwidth(memory, reading);
  }

  private double readBandwidth(List<MemorySegment> memory, Reading reading) {
    long bytes = 0;
    long start = System.nanoTime();
    for (MemorySegment segment : memory) {
      int tiles = Math.toIntExact(segment.byteSize() / TILE);
      parallel.run(
          tiles,
          (worker, tile) -> {
            long first = (long) tile * TILE;
            switch (reading) {
              case ONE_STREAM -> readOneStream(segment, first, sinks[worker]);
              case FOUR_STREAMS -> readFourStreams(segment, first, sinks[worker]);
            }
          });
      bytes += (long) tiles * TILE;
    }
    return bytes * 1e9 / (System.nanoTime() - start);
  }

  private static void readOneStream(MemorySegment from, long first, MemorySegment sink) {
    IntVector a = IntVector.zero(I);
    IntVector b = a;
    IntVector c = a;
    IntVector d = a;
    for (int o = 0; o < TILE; o += 4 * V) {
      a = a.lanewise(VectorOperators.XOR, at(from, first + o));
      b = b.lanewise(VectorOperators.XOR, at(from, first + o + V));
      c = c.lanewise(VectorOperators.XOR, at(from, first + o + 2L * V));
      d = d.lanewise(VectorOperators.XOR, at(from, first + o + 3L * V));
    }
    a.lanewise(VectorOperators.XOR, b)
        .lanewise(VectorOperators.XOR, c)
        .lanewise(VectorOperators.XOR, d)
        .intoMemorySegment(sink, 0, LITTLE_ENDIAN);
  }

  private static void readFourStreams(MemorySegment from, long first, MemorySegment sink) {
    IntVector a = IntVector.zero(I);
    IntVector b = a;
    IntVector c = a;
    IntVector d = a;
    int quarter = TILE / 4;
    for (int o = 0; o < quarter; o += V) {
      a = a.lanewise(VectorOperators.XOR, at(from, first + o));
      b = b.lanewise(VectorOperators.XOR, at(from, first + o + quarter));
      c = c.lanewise(VectorOperators.XOR, at(from, first + o + 2L * quarter));
      d = d.lanewise(VectorOperators.XOR, at(from, first + o + 3L * quarter));
    }
    a.lanewise(VectorOperators.XOR, b)
        .lanewise(VectorOperators.XOR, c)
        .lanewise(VectorOperators.XOR, d)
        .intoMemorySegment(sink, 0, LITTLE_ENDIAN);
  }

  private static IntVector at(MemorySegment segment, long offset) {
    return IntVector.fromMemorySegment(I, segment, offset, LITTLE_ENDIAN);
  }

  /** Multiply-adds of vectors on all threads: floating-point operations per second. */
  public double fmaPeak() {
    int tiles = 32 * parallel.threads();
    long start = System.nanoTime();
    parallel.run(tiles, (worker, tile) -> multiplyAdd(sinks[worker]));
    double flops = 2.0 * F.length() * FMA_CHAINS * FMA_ROUNDS * tiles;
    return flops * 1e9 / (System.nanoTime() - start);
  }

  // Twelve chains hide a latency of four at two a cycle, with room to spare in 16 registers.
  private static void multiplyAdd(MemorySegment sink) {
    FloatVector x = FloatVector.broadcast(F, 0.999f);
    FloatVector y = FloatVector.broadcast(F, 0.001f);
    FloatVector a = x;
    FloatVector b = x;
    FloatVector c = x;
    FloatVector d = x;
    FloatVector e = x;
    FloatVector f = x;
    FloatVector g = x;
    FloatVector h = x;
    FloatVector i = x;
    FloatVector j = x;
    FloatVector k = x;
    FloatVector l = x;
    for (int n = 0; n < FMA_ROUNDS; n++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    a.add(b).add(c).add(d).add(e).add(f).intoMemorySegment(sink, 0, LITTLE_ENDIAN);
    g.add(h).add(i).add(j).add(k).add(l).intoMemorySegment(sink, 128, LITTLE_ENDIAN);
  }
}

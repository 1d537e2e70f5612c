package org.smollm3.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.smollm3.spi.WeightView;
import org.smollm3.spi.WeightView.Mapped;
import org.smollm3.spi.WeightView.Piece;
import org.smollm3.spi.WeightView.Zeros;
import org.smollm3.tensor.DType;

/**
 * Brings weights that are described in pieces to where they are wanted, through one buffer of a few
 * megabytes. For one thread: the one that made it.
 */
public final class WeightStream implements AutoCloseable {
  private static final long BUFFER_BYTES = 4L << 20;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 64);
  private final LongConsumer written;

  /** Takes a weight's bytes in order. */
  @FunctionalInterface
  public interface Sink {
    /**
     * @param bytes native memory, valid during the call
     */
    void append(MemorySegment bytes);
  }

  /**
   * @param written is told of bytes as they go out
   */
  public WeightStream(LongConsumer written) {
    this.written = written;
  }

  /** Appends all of a weight to a sink, as {@code type}, rounded to nearest even if narrower. */
  public void write(WeightView weight, DType type, Sink sink) {
    Filling filling = new Filling(weight.dtype(), type, sink);
    for (Piece piece : weight.pieces()) {
      switch (piece) {
        case Mapped mapped -> {
          for (long row = 0; row < mapped.rows(); row++) {
            filling.add(mapped.segment().asSlice(row * mapped.rowStride(), mapped.rowBytes()));
          }
        }
        case Zeros zeros -> filling.addZeros(zeros.byteSize());
      }
    }
    filling.flush();
  }

  /** The buffer while one weight goes through it. */
  private final class Filling {
    private final DType from;
    private final DType to;
    private final Sink sink;
    private long filled;

    Filling(DType from, DType to, Sink sink) {
      this.from = from;
      this.to = to;
      this.sink = sink;
    }

    void add(MemorySegment source) {
      for (long at = 0; at < source.byteSize(); ) {
        long bytes = room(source.byteSize() - at);
        FloatCast.convert(source.asSlice(at, bytes), from, next(bytes), to);
        at += bytes;
      }
    }

    void addZeros(long sourceBytes) {
      for (long at = 0; at < sourceBytes; ) {
        long bytes = room(sourceBytes - at);
        next(bytes).fill((byte) 0);
        at += bytes;
      }
    }

    /**
     * Of so many bytes of the source those for which there is room; makes room if there is none.
     */
    private long room(long bytes) {
      if (filled == BUFFER_BYTES) {
        flush();
      }
      return Math.min(bytes, (BUFFER_BYTES - filled) / to.byteSize() * from.byteSize());
    }

    /** The next part of the buffer, for so many bytes of the source. */
    private MemorySegment next(long sourceBytes) {
      long bytes = sourceBytes / from.byteSize() * to.byteSize();
      MemorySegment part = buffer.asSlice(filled, bytes);
      filled += bytes;
      return part;
    }

    void flush() {
      if (filled > 0) {
        sink.append(buffer.asSlice(0, filled));
        written.accept(filled);
        filled = 0;
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}

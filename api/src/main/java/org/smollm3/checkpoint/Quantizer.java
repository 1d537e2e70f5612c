package org.smollm3.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.StrictJson;
import org.smollm3.json.Text;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Int8Rounding;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;
import tools.jackson.databind.node.ObjectNode;

/**
 * Rounds the weights of a checkpoint to int8 by {@link Int8Rounding}, into a folder that can be
 * opened as a model: all weights of two dimensions as I8 with their scales, BF16, under {@link
 * WeightNames#scale}; norms and biases as they are. A table of embeddings is one of them, tied or
 * not. The configuration gets a {@code quantization_config} that says so, which keeps other readers
 * from taking the whole numbers for weights. Rows are rounded by a pool of threads, a few megabytes
 * at a time; the scales of one weight are kept until it is written.
 */
public final class Quantizer {
  private static final String CONFIG = "config.json";
  private static final int CHUNK_BYTES = 4 << 20;

  private final ModelFiles files;
  private final Checkpoint checkpoint;
  private final Int8Format format;

  /** What is written, in the order of the file, and from which tensor. */
  private final Map<TensorSpec, String> tensors = new LinkedHashMap<>();

  private Quantizer(
      ModelFiles files, SmolLm3Config config, Checkpoint checkpoint, Int8Format format) {
    this.files = files;
    this.checkpoint = checkpoint;
    this.format = format;
    Map<String, TensorSpec> sources = new LinkedHashMap<>();
    for (WeightNames.Weight weight : WeightNames.of(config)) {
      TensorSpec source = checkpoint.specs().get(weight.checkpointName());
      sources.put(weight.checkpointName(), source);
    }
    // Types of more than a byte first, so that they are aligned.
    for (TensorSpec source : sources.values()) {
      if (source.shape().rank() != 2) {
        tensors.put(source, source.name());
      }
    }
    for (TensorSpec source : sources.values()) {
      if (source.shape().rank() == 2) {
        String name = source.name();
        tensors.put(new TensorSpec(name, DType.I8, source.shape()), name);
        tensors.put(
            new TensorSpec(WeightNames.scale(name), DType.BF16, format.scales(source.shape())),
            name);
      }
    }
  }

  /**
   * Opens and checks a snapshot.
   *
   * @throws InvalidModelException if it is broken
   * @throws InvalidRequestException if it is quantised already, or cut for ranks
   */
  public static Quantizer of(ModelFiles snapshot, Int8Format format) {
    SmolLm3Config config = SmolLm3ConfigReader.read(snapshot);
    return switch (ModelWeights.open(config, snapshot)) {
      case CheckpointWeights whole -> {
        if (whole.isQuantized()) {
          throw new InvalidRequestException(
              whole.location() + " is quantised already; give the original checkpoint");
        }
        yield new Quantizer(snapshot, config, Checkpoint.open(snapshot), format);
      }
      case ShardedCheckpoint shards ->
          throw new InvalidRequestException(
              shards.location() + " is cut for ranks; give the original checkpoint");
    };
  }

  /** Bytes of all tensors: what {@link #write} reports in the end. */
  public long byteSize() {
    long bytes = 0;
    for (TensorSpec tensor : tensors.keySet()) {
      bytes = Math.addExact(bytes, tensor.shape().elementCount() * tensor.dtype().byteSize());
    }
    return bytes;
  }

  /**
   * Writes the folder. When it fails, nothing is left; when the program is ended by force, what is
   * left has no config.json, which is written last.
   *
   * @param out a folder that is not there, or is empty
   * @param written is told of bytes of tensors as they are written
   * @throws InvalidModelException if a weight that is to be rounded is NaN or infinite
   * @throws InvalidRequestException if the folder cannot be used, and nothing is changed, or if
   *     writing fails
   */
  public void write(Path out, LongConsumer written) {
    try (OutputFolder folder = OutputFolder.create(out, byteSize())) {
      int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
      Path file = folder.resolve(Checkpoint.SINGLE_FILE);
      Map<String, String> metadata = Map.of("format", "pt", "quantization", format.label());
      List<TensorSpec> specs = List.copyOf(tensors.keySet());
      try (ExecutorService pool = Executors.newFixedThreadPool(threads);
          Arena arena = Arena.ofShared();
          SafetensorsWriter writer =
              SafetensorsWriter.create(file, specs, metadata, SafetensorsWriter.LINE_ALIGNMENT)) {
        Stream stream = new Stream(writer, pool, threads, written, arena);
        for (TensorSpec tensor : specs) {
          stream.write(tensor, checkpoint.tensor(tensors.getOrDefault(tensor, tensor.name())));
        }
      }
      Companions.copy(files, folder);
      Companions.write(folder.resolve(CONFIG), configBytes());
      folder.keep();
    } catch (IOException e) {
      throw Companions.unwritable(out, e);
    }
  }

  /** The file in the making. */
  private final class Stream {
    private final SafetensorsWriter writer;
    private final ExecutorService pool;
    private final int threads;
    private final LongConsumer written;
    private final MemorySegment chunk;

    /** Of the weight that was written last. */
    private HostTensor scales = HostTensor.ofFloats(Shape.of(0));

    Stream(
        SafetensorsWriter writer,
        ExecutorService pool,
        int threads,
        LongConsumer written,
        Arena arena) {
      this.writer = writer;
      this.pool = pool;
      this.threads = threads;
      this.written = written;
      long longest =
          tensors.keySet().stream()
              .filter(tensor -> tensor.dtype() == DType.I8)
              .mapToLong(tensor -> tensor.shape().dim(1))
              .max()
              .orElse(1);
      chunk = arena.allocate(Math.max(CHUNK_BYTES, longest), 64);
    }

    /**
     * @param source the tensor it is, or is made of
     */
    void write(TensorSpec tensor, HostTensor source) throws IOException {
      if (tensor.dtype() == DType.I8) {
        scales = HostTensor.zeros(DType.BF16, format.scales(tensor.shape()));
        long rows = tensor.shape().dim(0);
        long atOnce = Math.max(1, chunk.byteSize() / Math.max(1, tensor.shape().dim(1)));
        for (long first = 0; first < rows; first += atOnce) {
          long end = Math.min(rows, first + atOnce);
          round(tensor.name(), source, first, end);
          append(chunk.asSlice(0, (end - first) * tensor.shape().dim(1)));
        }
      } else {
        append(tensor.name().equals(tensors.get(tensor)) ? source.segment() : scales.segment());
      }
    }

    private void append(MemorySegment bytes) {
      writer.append(bytes);
      written.accept(bytes.byteSize());
    }

    /** Rows {@code first} to {@code end - 1} into the chunk, on all threads. */
    private void round(String name, HostTensor source, long first, long end) throws IOException {
      List<Callable<Void>> parts = new ArrayList<>();
      long share = Math.ceilDiv(end - first, (long) threads);
      for (long from = first; from < end; from += share) {
        long start = from;
        long stop = Math.min(end, from + share);
        parts.add(
            () -> {
              roundRows(name, source, first, start, stop);
              return null;
            });
      }
      try {
        for (Future<Void> part : pool.invokeAll(parts)) {
          part.get();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof InvalidModelException refused) {
          throw refused;
        }
        throw new IllegalStateException("rounding " + name + " failed", e.getCause());
      }
    }

    private void roundRows(String name, HostTensor source, long first, long start, long stop) {
      int k = source.shape().intDim(1);
      float[] row = new float[k];
      byte[] q = new byte[k];
      float[] s = new float[Math.toIntExact(format.scales(k))];
      for (long r = start; r < stop; r++) {
        source.copyFloats(r * k, row);
        int column = Int8Rounding.round(row, format, q, s);
        if (column >= 0) {
          throw new InvalidModelException(
              files.location()
                  + ": tensor "
                  + Text.quote(name)
                  + " is "
                  + row[column]
                  + " in row "
                  + r
                  + ", column "
                  + column
                  + "; int8 weights must be finite");
        }
        MemorySegment.copy(q, 0, chunk, ValueLayout.JAVA_BYTE, (r - first) * k, k);
        for (int g = 0; g < s.length; g++) {
          scales.setFloat(r * s.length + g, s[g]);
        }
      }
    }
  }

  private ByteBuffer configBytes() {
    ObjectNode json = StrictJson.object(files.text(CONFIG), files.location() + "/" + CONFIG);
    ObjectNode quantization = json.putObject(SmolLm3ConfigReader.QUANTIZATION);
    quantization.put("quant_method", SmolLm3ConfigReader.QUANT_METHOD);
    quantization.put("format", format.label());
    return ByteBuffer.wrap(json.toPrettyString().getBytes(StandardCharsets.UTF_8));
  }
}

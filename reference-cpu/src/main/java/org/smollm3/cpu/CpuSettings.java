package org.smollm3.cpu;

import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.cpu.kernels.ScalarKernels;
import org.smollm3.cpu.kernels.VectorKernels;
import org.smollm3.error.BackendException;
import org.smollm3.spi.BackendOptions;
import org.smollm3.tensor.Int8Format;

/**
 * On what the backend runs.
 *
 * @param threads at least 1
 * @param vectorBits width of the vectors; empty for the scalar twins
 * @param weights to which format weights of two dimensions are rounded; empty to use them as stored
 */
record CpuSettings(int threads, OptionalInt vectorBits, Optional<Int8Format> weights) {
  private static final String AS_STORED = "stored";

  /** With weights as stored. */
  CpuSettings(int threads, OptionalInt vectorBits) {
    this(threads, vectorBits, Optional.empty());
  }

  /** System property that forces the width of the vectors: 128, 256 or 512. */
  static final String BITS_PROPERTY = "smollm3.vectorBits";

  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /**
   * Reads options, then system properties, then the machine.
   *
   * @throws BackendException if one is not what it should be
   */
  static CpuSettings read(BackendOptions options) {
    boolean vectors = ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
    return new CpuSettings(
        threads(options), vectors ? OptionalInt.of(bits()) : OptionalInt.empty(), weights(options));
  }

  private static Optional<Int8Format> weights(BackendOptions options) {
    String text = options.get("weights").orElse(AS_STORED);
    Optional<Int8Format> format = Int8Format.byLabel(text);
    if (format.isEmpty() && !text.equals(AS_STORED)) {
      throw new BackendException(
          "option weights is '" + text + "'; give stored, int8 or int8-group32");
    }
    return format;
  }

  private static int threads(BackendOptions options) {
    if (options.get("threads").isPresent()) {
      return WorkerPool.parseThreads(options.get("threads").get(), "option threads");
    }
    String property = System.getProperty(WorkerPool.PROPERTY, "");
    return property.isBlank()
        ? Runtime.getRuntime().availableProcessors()
        : WorkerPool.parseThreads(property, "property " + WorkerPool.PROPERTY);
  }

  private static int bits() {
    String property = System.getProperty(BITS_PROPERTY, "").strip();
    return switch (property) {
      case "" -> VectorKernels.preferredBits();
      case "128", "256", "512" -> Integer.parseInt(property);
      default ->
          throw new BackendException(
              "property " + BITS_PROPERTY + " is '" + property + "'; give 128, 256 or 512");
    };
  }

  Kernels kernels(Parallel parallel) {
    // VectorKernels must not be touched where the module is missing: it would fail to load.
    return vectorBits().isPresent()
        ? new VectorKernels(parallel, vectorBits().getAsInt())
        : new ScalarKernels(parallel);
  }

  /** For users: what runs here, and what to do if it could be faster. */
  String details() {
    return device() + weights.map(format -> ", weights rounded to " + format.label()).orElse("");
  }

  private String device() {
    String count = threads == 1 ? "1 thread" : threads + " threads";
    if (vectorBits().isEmpty()) {
      return "scalar twins of the vector kernels, slow, "
          + count
          + "; for speed start java with --add-modules "
          + VECTOR_MODULE;
    }
    int bits = vectorBits().getAsInt();
    int preferred = VectorKernels.preferredBits();
    String forced =
        bits == preferred
            ? ""
            : " (forced by "
                + BITS_PROPERTY
                + "; this machine has "
                + preferred
                + (bits > preferred ? "-bit vectors, so this is very slow)" : "-bit vectors)");
    return bits + "-bit vectors" + forced + ", " + count;
  }
}

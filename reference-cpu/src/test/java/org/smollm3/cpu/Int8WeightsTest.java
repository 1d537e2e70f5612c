package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Quantizer;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.exact.ExactBackendProvider;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Int8Rounding;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class Int8WeightsTest {
  private static final int ROWS = 37;
  private static final int COLUMNS = 75;
  private static final TensorSpec WEIGHT = new TensorSpec("w", DType.F32, Shape.of(ROWS, COLUMNS));
  private static final TensorSpec X = new TensorSpec("x", DType.F32, Shape.of(1, 2, COLUMNS));
  private static final TensorSpec IDS = new TensorSpec("ids", DType.I32, Shape.of(1, 3));

  @TempDir Path folder;

  private static Backend cpu(String weights) {
    return new CpuBackendProvider().open(new BackendOptions(Map.of("weights", weights)));
  }

  private static HostTensor random(DType dtype, Shape shape) {
    HostTensor tensor = HostTensor.zeros(dtype, shape);
    Random random = new Random(3);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** What the weight must become. */
  private static float[] rounded(HostTensor weight, Int8Format format) {
    float[] all = new float[ROWS * COLUMNS];
    byte[] q = new byte[COLUMNS];
    float[] scales = new float[(int) format.scales(COLUMNS)];
    for (int r = 0; r < ROWS; r++) {
      float[] row = new float[COLUMNS];
      weight.copyFloats((long) r * COLUMNS, row);
      Int8Rounding.round(row, format, q, scales);
      for (int c = 0; c < COLUMNS; c++) {
        all[r * COLUMNS + c] = q[c] * scales[(int) format.scaleOf(c)];
      }
    }
    return all;
  }

  /** A linear layer, an embedding, and what every other operation sees of the weight. */
  private static Map<String, HostTensor> run(Backend backend, WeightView view) {
    ProgramSpec program =
        new ProgramSpec(
            "test",
            1,
            List.of(WEIGHT),
            List.of(),
            List.of(
                new GraphSpec(
                    "graph",
                    List.of(X, IDS),
                    context -> {
                      var ops = context.ops();
                      var w = context.weight("w");
                      return new GraphResult(
                          Map.of(
                              "linear",
                              ops.linear(context.input("x"), w, Optional.empty(), DType.F32),
                              "embedding",
                              ops.embedding(context.input("ids"), w, DType.F32),
                              "transposed",
                              ops.convert(ops.transpose(w, 1, 0), DType.F32)),
                          Map.of());
                    })),
            Set.of());
    try (Session session = backend.load(program, (name, rank) -> view, LoadOptions.defaults())) {
      HostTensor ids = HostTensor.ofInts(Shape.of(1, 3), 0, 36, 5);
      return session
          .run("graph", Map.of("x", random(DType.F32, X.shape()), "ids", ids))
          .outputsByRank()
          .get(0);
    }
  }

  private static WeightView view(HostTensor weight) {
    return WeightView.contiguous("model.w", weight.dtype(), weight.shape(), weight.segment());
  }

  private static HostTensor get(Map<String, HostTensor> outputs, String name) {
    return Optional.ofNullable(outputs.get(name)).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void weightsAreRoundedOnLoadForAllOperations(Int8Format format) {
    for (DType stored : List.of(DType.F32, DType.BF16, DType.F16)) {
      HostTensor weight = random(stored, WEIGHT.shape());
      float[] wanted = rounded(weight, format);
      HostTensor floats = HostTensor.ofFloats(WEIGHT.shape(), wanted);
      try (Backend int8 = cpu(format.label());
          Backend plain = cpu("stored")) {
        Map<String, HostTensor> outputs = run(int8, view(weight));
        Map<String, HostTensor> same = run(plain, view(floats));
        for (String name : List.of("linear", "embedding", "transposed")) {
          assertThat(get(outputs, name).toFloatArray())
              .as(name)
              .isEqualTo(get(same, name).toFloatArray());
        }
      }
    }
  }

  @Test
  void theProfileAndTheDescriptionSayThatWeightsAreRounded() {
    try (Backend int8 = cpu("int8-group32");
        Backend plain = cpu("stored")) {
      assertThat(int8.numerics().deviations())
          .containsExactlyInAnyOrder(Deviation.SCORE_TILES, Deviation.INT8_WEIGHTS);
      assertThat(int8.description()).isEqualTo("cpu with weights rounded to int8-group32");
      assertThat(plain.numerics().deviations()).containsExactly(Deviation.SCORE_TILES);
      assertThat(plain.description()).isEqualTo("cpu");
    }
    CpuSettings settings =
        CpuSettings.read(new BackendOptions(Map.of("weights", "int8", "threads", "2")));
    assertThat(settings.details()).endsWith("2 threads, weights rounded to int8");
  }

  @Test
  void anUnknownFormatIsRefused() {
    assertThatThrownBy(() -> cpu("int4"))
        .isInstanceOf(BackendException.class)
        .hasMessage("option weights is 'int4'; give stored, int8 or int8-group32");
  }

  @Test
  void whatInt8CannotRepresentIsRefusedByName() {
    HostTensor weight = random(DType.BF16, WEIGHT.shape());
    weight.setFloat(2 * COLUMNS + 70, Float.POSITIVE_INFINITY);
    weight.setFloat(36 * COLUMNS, Float.NaN);
    try (Backend int8 = cpu("int8")) {
      assertThatThrownBy(() -> run(int8, view(weight)))
          .isInstanceOf(InvalidModelException.class)
          .hasMessage(
              "weight 'model.w' is Infinity in row 2, column 70; int8 weights must be finite");
      assertThatThrownBy(() -> run(int8, view(random(DType.F64, WEIGHT.shape()))))
          .isInstanceOf(InvalidModelException.class)
          .hasMessage("weight 'model.w' is F64; int8 weights are made of F32, BF16 or F16");
    }
  }

  private static DecoderRunner open(Backend backend, SmolLm3Model model, Sharding sharding) {
    DecoderOptions options =
        DecoderOptions.of(DType.F32, 1, 32)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS)
            .withSharding(sharding);
    return model.load(backend, options, LoadOptions.defaults());
  }

  private static double[] logits(Backend backend, SmolLm3Model model, Sharding sharding) {
    try (DecoderRunner runner = open(backend, model, sharding)) {
      return runner
          .prefill(List.of(RowRequest.prompt(0, 5, 9, 2, 7, 1, 3, 8)))
          .get(0)
          .logits()
          .orElseThrow()
          .toDoubleArray();
    }
  }

  private static Path original() {
    return Path.of(
        System.getProperty("smollm3.root"), "weights-fixtures/goldens/models/mha-bias-untied");
  }

  private SmolLm3Model quantized(Int8Format format) {
    Path out = folder.resolve(format.label());
    Quantizer.of(FolderFiles.open(original()), format).write(out, bytes -> {});
    return SmolLm3Model.open(out);
  }

  /** The same rounding ahead and on load; "exact" judges it with the same weights. */
  @ParameterizedTest
  @EnumSource
  void aQuantizedModelIsWhatLoadingMakesOfTheOriginal(Int8Format format) {
    SmolLm3Model ahead = quantized(format);
    try (Backend plain = cpu("stored");
        Backend int8 = cpu(format.label());
        Backend exact = new ExactBackendProvider().open(BackendOptions.defaults())) {
      double[] mine = logits(plain, ahead, Sharding.NONE);
      assertThat(logits(int8, SmolLm3Model.open(original()), Sharding.NONE)).isEqualTo(mine);
      assertThat(logits(int8, ahead, Sharding.NONE)).isEqualTo(mine);
      double[] truth = logits(exact, ahead, Sharding.NONE);
      double[] unrounded = logits(plain, SmolLm3Model.open(original()), Sharding.NONE);
      double squares = 0;
      double errors = 0;
      double apart = 0;
      for (int i = 0; i < mine.length; i++) {
        squares += truth[i] * truth[i];
        errors += (mine[i] - truth[i]) * (mine[i] - truth[i]);
        apart += (unrounded[i] - truth[i]) * (unrounded[i] - truth[i]);
      }
      assertThat(Math.sqrt(errors / squares)).isLessThan(2e-6);
      assertThat(Math.sqrt(apart / squares)).isBetween(1e-3, 0.1);
      Sharding two = Sharding.of(2, Sharding.Qkv.FUSED);
      if (format == Int8Format.ROW) {
        assertThat(logits(plain, ahead, two))
            .usingComparatorWithPrecision(1e-4)
            .containsExactly(mine);
      }
    }
  }

  @Test
  void anotherFormatThanTheFilesIsRefused() {
    SmolLm3Model ahead = quantized(Int8Format.ROW);
    try (Backend groups = cpu("int8-group32")) {
      assertThatThrownBy(() -> open(groups, ahead, Sharding.NONE))
          .isInstanceOf(InvalidModelException.class)
          .hasMessage(
              "weight 'model.embed_tokens.weight' is stored as int8 already; leave the backend"
                  + " option weights=int8-group32 out");
    }
  }
}

package org.smollm3.conformance.golden;

import java.nio.file.Path;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.error.InvalidModelException;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A golden folder: a model snapshot with {@code golden.safetensors} and {@code case.json}. Of a
 * quantity X the folder holds X, by Hugging Face in the model's type, and X_f64, in double.
 */
final class GoldenCase {
  private final String name;
  private final DType arithmetic;
  private final double rmsErrorOverStd;
  private final double logitsStd;
  private final SmolLm3Model model;
  private final Safetensors golden;

  private GoldenCase(
      String name,
      DType arithmetic,
      double rmsErrorOverStd,
      double logitsStd,
      SmolLm3Model model,
      Safetensors golden) {
    this.name = name;
    this.arithmetic = arithmetic;
    this.rmsErrorOverStd = rmsErrorOverStd;
    this.logitsStd = logitsStd;
    this.model = model;
    this.golden = golden;
  }

  static GoldenCase open(Path folder) {
    ModelFiles files = FolderFiles.open(folder);
    for (String needed : new String[] {"case.json", "golden.safetensors"}) {
      if (!files.contains(needed)) {
        throw new InvalidModelException(
            folder + ": no " + needed + "; this is not a golden folder (see goldens/README.md)");
      }
    }
    String where = files.location() + "/case.json";
    JsonNode json;
    try {
      json = JsonMapper.shared().readTree(files.text("case.json"));
    } catch (JacksonException e) {
      throw new InvalidModelException(where + ": not JSON: " + e.getOriginalMessage(), e);
    }
    return new GoldenCase(
        json.path("name").asString(String.valueOf(folder.getFileName())),
        dtype(json.path("dtype").asString(""), where),
        number(json, "hf_rms_error_over_std", where),
        number(json, "logits_std", where),
        SmolLm3Model.open(files),
        Safetensors.parse(
            files.map("golden.safetensors"), files.location() + "/golden.safetensors"));
  }

  private static double number(JsonNode json, String field, String where) {
    JsonNode node = json.path(field);
    if (!node.isNumber()) {
      throw new InvalidModelException(where + ": " + field + " is missing or no number");
    }
    return node.asDouble();
  }

  private static DType dtype(String text, String where) {
    return switch (text) {
      case "float32" -> DType.F32;
      case "bfloat16" -> DType.BF16;
      default ->
          throw new InvalidModelException(
              where + ": dtype '" + text + "' is neither float32 nor bfloat16");
    };
  }

  String name() {
    return name;
  }

  /** The type Hugging Face computed in. */
  DType arithmetic() {
    return arithmetic;
  }

  /** Root mean square of Hugging Face's own error of the logits over their deviation. */
  double rmsErrorOverStd() {
    return rmsErrorOverStd;
  }

  double logitsStd() {
    return logitsStd;
  }

  SmolLm3Model model() {
    return model;
  }

  HostTensor tensor(String tensorName) {
    return golden.tensor(tensorName);
  }

  /** All values of a tensor, as doubles. */
  double[] values(String tensorName) {
    return tensor(tensorName).toDoubleArray();
  }

  /** Rows of ids. */
  int[][] ids(String tensorName) {
    HostTensor tensor = tensor(tensorName);
    int[][] rows = new int[tensor.shape().intDim(0)][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = tensor.row(i).toIntArray();
    }
    return rows;
  }
}

package org.smollm3.generation;

import java.util.List;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.tensor.HostTensor;
import org.smollm3.testdata.TestData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What Hugging Face's warpers and Optimum's sampler make of logits: see the goldens' README. */
final class GoldenSampling {
  private final Safetensors tensors;
  private final JsonNode cases;

  GoldenSampling() {
    FolderFiles files = FolderFiles.open(TestData.root().resolve("weights-fixtures/goldens"));
    tensors = Safetensors.parse(files.map("sampling.safetensors"), "sampling.safetensors");
    cases = JsonMapper.shared().readTree(files.text("sampling.json")).get("cases");
  }

  List<JsonNode> hostCases() {
    return cases("host.");
  }

  List<JsonNode> deviceCases() {
    return cases("device.");
  }

  private List<JsonNode> cases(String prefix) {
    return cases
        .valueStream()
        .filter(golden -> golden.get("name").stringValue().startsWith(prefix))
        .toList();
  }

  /** An I32 matrix, in row-major order. */
  int[] ints(String name) {
    return tensors.tensor(name).toIntArray();
  }

  /** An F32 matrix, by rows. */
  float[][] matrix(String name) {
    HostTensor matrix = tensors.tensor(name);
    float[][] rows = new float[matrix.shape().intDim(0)][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = matrix.row(i).toFloatArray();
    }
    return rows;
  }
}

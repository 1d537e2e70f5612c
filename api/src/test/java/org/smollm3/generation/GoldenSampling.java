package org.smollm3.generation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What Hugging Face's warpers and Optimum's sampler make of logits: see the goldens' README. */
final class GoldenSampling {
  private static final JsonMapper MAPPER = new JsonMapper();
  private final ByteBuffer data;
  private final JsonNode header;
  private final JsonNode cases = MAPPER.readTree(read("sampling.json")).get("cases");

  GoldenSampling() {
    ByteBuffer file = ByteBuffer.wrap(read("sampling.safetensors")).order(ByteOrder.LITTLE_ENDIAN);
    byte[] json = new byte[Math.toIntExact(file.getLong())];
    file.get(json);
    header = MAPPER.readTree(json);
    data = file.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] read(String name) {
    try (InputStream in = GoldenSampling.class.getResourceAsStream("/goldens/sampling/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
    int begin = header.get(name).get("data_offsets").get(0).intValue();
    int end = header.get(name).get("data_offsets").get(1).intValue();
    int[] values = new int[(end - begin) / 4];
    data.slice(begin, end - begin).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(values);
    return values;
  }

  /** An F32 matrix, by rows. */
  float[][] matrix(String name) {
    JsonNode tensor = header.get(name);
    int begin = tensor.get("data_offsets").get(0).intValue();
    int end = tensor.get("data_offsets").get(1).intValue();
    FloatBuffer values =
        data.slice(begin, end - begin).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[][] rows = new float[tensor.get("shape").get(0).intValue()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new float[tensor.get("shape").get(1).intValue()];
      values.get(rows[i]);
    }
    return rows;
  }
}

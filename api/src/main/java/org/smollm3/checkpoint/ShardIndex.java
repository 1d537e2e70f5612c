package org.smollm3.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.StrictJson;
import org.smollm3.json.Text;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code model.safetensors.index.json}: which tensor is in which shard.
 *
 * @param weightMap plain file names by tensor name, not empty
 * @param totalSize bytes of all tensors together, if given
 */
record ShardIndex(String location, Map<String, String> weightMap, OptionalLong totalSize) {

  static ShardIndex parse(String json, String location) {
    ObjectNode index = StrictJson.object(json, location);
    ShardIndex parsed =
        new ShardIndex(location, weightMap(index, location), totalSize(index, location));
    if (parsed.weightMap.isEmpty()) {
      throw parsed.error("has an empty weight_map");
    }
    return parsed;
  }

  private static Map<String, String> weightMap(ObjectNode index, String location) {
    if (!(index.path("weight_map") instanceof ObjectNode map)) {
      throw error(location, "has no weight_map object");
    }
    Map<String, String> files = new LinkedHashMap<>();
    map.properties()
        .forEach(
            entry -> {
              String tensor = Text.quote(entry.getKey());
              if (!entry.getValue().isString()) {
                throw error(location, "names no file for tensor " + tensor);
              }
              String file = entry.getValue().stringValue();
              if (!PlainNames.isPlain(file)) {
                throw error(
                    location,
                    "puts tensor "
                        + tensor
                        + " in "
                        + Text.quote(file)
                        + ", which is no plain file name of the folder");
              }
              files.put(entry.getKey(), file);
            });
    return files;
  }

  private static OptionalLong totalSize(ObjectNode index, String location) {
    JsonNode metadata = index.path("metadata");
    if (metadata.isMissingNode() || metadata.isNull()) {
      return OptionalLong.empty();
    }
    if (!metadata.isObject()) {
      throw error(location, "has a metadata that is no object");
    }
    JsonNode total = metadata.path("total_size");
    if (total.isMissingNode()) {
      return OptionalLong.empty();
    }
    if (!total.isIntegralNumber() || !total.canConvertToLong() || total.longValue() < 0) {
      throw error(
          location, "gives total_size " + Text.oneLine(total.toString()) + ", no number of bytes");
    }
    return OptionalLong.of(total.longValue());
  }

  InvalidModelException error(String problem) {
    return error(location, problem);
  }

  private static InvalidModelException error(String location, String problem) {
    return new InvalidModelException(location + " " + problem);
  }
}

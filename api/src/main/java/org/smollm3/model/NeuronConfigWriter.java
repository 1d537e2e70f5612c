package org.smollm3.model;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.smollm3.json.PythonJson;
import org.smollm3.json.StrictJson;
import org.smollm3.tensor.DType;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes {@code neuron_config.json} as Optimum does: every field, indented by 2, in alphabetical
 * order, or in that of the file that was read.
 */
public final class NeuronConfigWriter {
  private NeuronConfigWriter() {}

  /** The text of the file, which {@link NeuronConfigReader} reads back as the same. */
  public static String write(NeuronConfig config) {
    ObjectNode values = values(config);
    config.file().unknown().forEach((name, json) -> values.set(name, StrictJson.value(json, name)));
    ObjectNode ordered = JsonNodeFactory.instance.objectNode();
    Set<String> rest = new TreeSet<>(values.propertyNames());
    for (String name : config.file().order()) {
      if (rest.remove(name)) {
        ordered.set(name, values.get(name));
      }
    }
    rest.forEach(name -> ordered.set(name, values.get(name)));
    return PythonJson.write(ordered);
  }

  private static ObjectNode values(NeuronConfig config) {
    ObjectNode values = JsonNodeFactory.instance.objectNode();
    values.put("_serialized_key", NeuronConfig.SERIALIZED_KEY);
    string(values, "optimum_neuron_version", config.optimumNeuronVersion());
    string(values, "neuronxcc_version", config.neuronxccVersion());
    string(values, "checkpoint_id", config.checkpointId());
    string(values, "checkpoint_revision", config.checkpointRevision());
    values.put("batch_size", config.batchSize());
    values.put("max_batch_size", config.maxBatchSize());
    values.put("continuous_batching", config.continuousBatching());
    values.put("speculation_length", config.speculationLength());
    values.put("sequence_length", config.sequenceLength());
    values.put("tp_degree", config.tpDegree());
    values.put("ep_degree", config.epDegree());
    values.put("pp_degree", config.ppDegree());
    values.put("torch_dtype", name(config.torchDtype()));
    values.put("n_active_tokens", config.nActiveTokens());
    values.put("max_context_length", config.maxContextLength());
    values.put("output_logits", config.outputLogits());
    values.put("fused_qkv", config.fusedQkv());
    string(values, "target", config.target());
    values.put("on_device_sampling", config.onDeviceSampling());
    values.put("max_topk", config.maxTopk());
    values.put("prefill_chunk_size", config.prefillChunkSize());
    values.put("start_rank_id", config.startRankId());
    values.put("local_ranks_size", config.localRanksSize());
    if (config.capacityFactor().isPresent()) {
      values.put("capacity_factor", config.capacityFactor().getAsDouble());
    } else {
      values.putNull("capacity_factor");
    }
    values.put("glu_mlp", config.gluMlp());
    return values;
  }

  private static void string(ObjectNode values, String name, Optional<String> value) {
    if (value.isPresent()) {
      values.put(name, value.get());
    } else {
      values.putNull(name);
    }
  }

  private static String name(DType dtype) {
    return switch (dtype) {
      case BF16 -> "bfloat16";
      case F32 -> "float32";
      case F16 -> "float16";
      default -> throw new IllegalArgumentException("no torch_dtype is " + dtype);
    };
  }
}

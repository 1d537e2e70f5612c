package org.smollm3.model;

import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.JsonFields;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.DType;

/**
 * Reads {@code neuron_config.json}. A field that is null or absent takes Optimum's default; the
 * three that Optimum demands must be there, but any version is accepted.
 */
public final class NeuronConfigReader {
  private static final String FILE = "neuron_config.json";

  /** The fields of Optimum's class, and those that it adds when it writes a file. */
  private static final Set<String> KNOWN =
      Set.of(
          "_serialized_key",
          "batch_size",
          "capacity_factor",
          "checkpoint_id",
          "checkpoint_revision",
          "continuous_batching",
          "ep_degree",
          "fused_qkv",
          "glu_mlp",
          "local_ranks_size",
          "max_batch_size",
          "max_context_length",
          "max_topk",
          "n_active_tokens",
          "neuronxcc_version",
          "on_device_sampling",
          "optimum_neuron_version",
          "output_logits",
          "pp_degree",
          "prefill_chunk_size",
          "sequence_length",
          "speculation_length",
          "start_rank_id",
          "target",
          "torch_dtype",
          "tp_degree");

  private final JsonFields fields;

  private NeuronConfigReader(JsonFields fields) {
    this.fields = fields;
  }

  /**
   * Reads the configuration of an export.
   *
   * @throws InvalidModelException if it has no neuron_config.json, and as {@link #read(String,
   *     String)}
   */
  public static NeuronConfig read(ModelFiles files) {
    return read(files.text(FILE), files.location() + "/" + FILE);
  }

  /**
   * Reads a configuration.
   *
   * @param json the text of neuron_config.json
   * @param location how messages name the file
   * @throws InvalidModelException naming the field, its value and what is wanted
   */
  public static NeuronConfig read(String json, String location) {
    return new NeuronConfigReader(JsonFields.parse(json, location)).read();
  }

  private NeuronConfig read() {
    requireClass();
    NeuronConfigBuilder builder =
        NeuronConfig.builder()
            .torchDtype(dtype())
            .file(new NeuronConfig.FileContent(fields.order(), fields.others(KNOWN)));
    string("checkpoint_id", builder::checkpointId);
    string("checkpoint_revision", builder::checkpointRevision);
    string("target", builder::target);
    string("optimum_neuron_version", builder::optimumNeuronVersion);
    string("neuronxcc_version", builder::neuronxccVersion);
    integer("batch_size", builder::batchSize);
    integer("max_batch_size", builder::maxBatchSize);
    integer("speculation_length", builder::speculationLength);
    integer("sequence_length", builder::sequenceLength);
    integer("tp_degree", builder::tpDegree);
    integer("ep_degree", builder::epDegree);
    integer("pp_degree", builder::ppDegree);
    integer("n_active_tokens", builder::nActiveTokens);
    integer("max_context_length", builder::maxContextLength);
    integer("max_topk", builder::maxTopk);
    integer("prefill_chunk_size", builder::prefillChunkSize);
    integer("start_rank_id", builder::startRankId);
    integer("local_ranks_size", builder::localRanksSize);
    flag("continuous_batching", builder::continuousBatching);
    flag("output_logits", builder::outputLogits);
    flag("fused_qkv", builder::fusedQkv);
    flag("on_device_sampling", builder::onDeviceSampling);
    flag("glu_mlp", builder::gluMlp);
    fields.optionalNumber("capacity_factor").ifPresent(builder::capacityFactor);
    try {
      return builder.build();
    } catch (InvalidRequestException e) {
      throw fields.error(String.valueOf(e.getMessage()));
    }
  }

  private void requireClass() {
    String key =
        fields
            .optionalString("_serialized_key")
            .orElseThrow(() -> fields.missing("_serialized_key"));
    if (!key.equals(NeuronConfig.SERIALIZED_KEY)) {
      throw fields.error(
          "_serialized_key", "only '" + NeuronConfig.SERIALIZED_KEY + "' can be read");
    }
    for (String name : new String[] {"optimum_neuron_version", "neuronxcc_version"}) {
      if (!fields.mentions(name)) {
        throw fields.missing(name);
      }
    }
  }

  /** In the spellings that Optimum takes. */
  private DType dtype() {
    return switch (fields.optionalString("torch_dtype").orElse("bfloat16")) {
      case "bfloat16", "bf16" -> DType.BF16;
      case "float32", "fp32" -> DType.F32;
      case "float16", "fp16" -> DType.F16;
      default -> throw fields.error("torch_dtype", "wanted bfloat16, float32 or float16");
    };
  }

  private void string(String name, Consumer<String> to) {
    fields.optionalString(name).ifPresent(to);
  }

  private void integer(String name, IntConsumer to) {
    fields.optionalInt(name, Integer.MIN_VALUE).ifPresent(to);
  }

  private void flag(String name, Consumer<Boolean> to) {
    fields.optionalBoolean(name).ifPresent(to);
  }
}

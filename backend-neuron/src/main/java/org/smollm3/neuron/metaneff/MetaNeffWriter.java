package org.smollm3.neuron.metaneff;

import java.nio.charset.StandardCharsets;
import org.smollm3.neuron.metaneff.MetaNeff.ModelConfig;
import org.smollm3.neuron.protobuf.ProtoWriter;

/** Writes a metaneff in its Protocol Buffers form; {@link MetaNeffReader} reads back the same. */
public final class MetaNeffWriter {
  private MetaNeffWriter() {}

  public static byte[] write(MetaNeff metaneff) {
    return ProtoWriter.message(
        message -> {
          metaneff.inputs().forEach(input -> message.message(1, inner -> tensor(inner, input)));
          metaneff.outputs().forEach(output -> message.message(2, inner -> tensor(inner, output)));
          if (!metaneff.modelConfig().equals(ModelConfig.DEFAULT)) {
            message.message(3, inner -> modelConfig(inner, metaneff.modelConfig()));
          }
          message.bytes(4, latin1(metaneff.graph()));
          message.string(5, metaneff.name());
          metaneff
              .outputAliasesTo()
              .forEach(
                  (output, input) ->
                      message.message(
                          6,
                          entry -> {
                            entry.integer(1, output);
                            entry.integer(2, input);
                          }));
          message.integer(7, metaneff.counts().userInputs());
          message.integer(8, metaneff.counts().states());
          message.integer(9, metaneff.counts().weights());
        });
  }

  private static void tensor(ProtoWriter message, MetaTensor tensor) {
    message.string(1, tensor.name());
    message.integers(2, tensor.shape().toArray());
    message.integer(3, tensor.type().number());
    message.bytes(4, latin1(tensor.content()));
    message.bool(5, tensor.dynamicBatch());
    message.string(6, tensor.checkpointKey().orElse(""));
    message.integer(7, tensor.role().number());
    message.string(8, tensor.userInputKey().orElse(""));
  }

  private static void modelConfig(ProtoWriter message, ModelConfig config) {
    message.integer(1, config.numInfer());
    message.integer(2, config.timeout());
    message.integer(3, config.optimalNcgSize());
    message.bool(4, config.asyncLoad());
    message.bool(5, config.lazyLoad());
    message.bool(6, config.returnAliases());
  }

  private static byte[] latin1(String bytes) {
    return bytes.getBytes(StandardCharsets.ISO_8859_1);
  }
}

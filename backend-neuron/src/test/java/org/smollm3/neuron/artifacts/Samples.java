package org.smollm3.neuron.artifacts;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigBuilder;
import org.smollm3.model.NeuronConfigWriter;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaNeffWriter;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeffHeader.PackageVersion;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.neff.SimulatedNeff;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Small compiled graphs of a model with one layer. */
final class Samples {
  static final Shape CACHE = Shape.of(1, 1, 8, 4);
  static final NeuronConfig CONFIG = config("trn1");

  private Samples() {}

  static NeuronConfig config(String target) {
    return builder(target).build();
  }

  static NeuronConfigBuilder builder(String target) {
    return NeuronConfig.builder()
        .batchSize(1)
        .sequenceLength(8)
        .maxContextLength(4)
        .tpDegree(2)
        .target(target)
        .onDeviceSampling(false);
  }

  static Path saved(String name) {
    return Path.of(
        System.getProperty("smollm3.root", ""),
        "backend-neuron/src/test/resources/org/smollm3/neuron/artifacts",
        name);
  }

  /** A graph that takes tokens, positions and cache lines, and returns logits. */
  static MetaNeff metaneff(int tokens) {
    return withUserInputs(
        List.of(
            MetaTensor.userInput(0, DType.I32, Shape.of(1, tokens), "input_ids"),
            MetaTensor.userInput(1, DType.I32, Shape.of(1, tokens), "position_ids"),
            MetaTensor.userInput(2, DType.I32, Shape.of(1), "seq_ids")),
        List.of(MetaTensor.output(0, DType.F32, Shape.of(1, 1, 6))));
  }

  static MetaNeff withUserInputs(List<MetaTensor> userInputs, List<MetaTensor> results) {
    List<MetaTensor> inputs = new ArrayList<>(userInputs);
    int first = inputs.size();
    inputs.add(MetaTensor.state(first, DType.BF16, CACHE, "kv_mgr.past_key_values.0"));
    inputs.add(MetaTensor.state(first + 1, DType.BF16, CACHE, "kv_mgr.past_key_values.1"));
    inputs.add(MetaTensor.weight(first + 2, DType.BF16, Shape.of(6, 8), "lm_head.weight"));
    inputs.add(MetaTensor.weight(first + 3, DType.I32, Shape.of(1), "rank_util.rank"));
    List<MetaTensor> outputs = new ArrayList<>(results);
    int states = outputs.size();
    outputs.add(MetaTensor.output(states, DType.BF16, CACHE));
    outputs.add(MetaTensor.output(states + 1, DType.BF16, CACHE));
    return MetaNeff.of(inputs, outputs, Map.of(states, first, states + 1, first + 1));
  }

  static MetaNeff layout() {
    return MetaNeff.of(
        List.of(
            MetaTensor.weight(0, DType.BF16, Shape.of(6, 8), "lm_head.weight"),
            MetaTensor.weight(1, DType.I32, Shape.of(1), "rank_util.rank")),
        List.of(
            MetaTensor.output(0, DType.BF16, Shape.of(8, 6)),
            MetaTensor.output(1, DType.I32, Shape.of(1))),
        Map.of(0, 0, 1, 1));
  }

  static byte[] neff(String name, MetaNeff metaneff, NeuronArchitecture architecture, int lnc) {
    return new SimulatedNeff(
            name, architecture, lnc, specs(metaneff.inputs()), specs(metaneff.outputs()))
        .write("no graph".getBytes(StandardCharsets.UTF_8), PackageVersion.GZIP_MD5);
  }

  static byte[] neff(String name, MetaNeff metaneff) {
    return neff(name, metaneff, NeuronArchitecture.SUNDA, 1);
  }

  private static List<TensorSpec> specs(List<MetaTensor> tensors) {
    return tensors.stream()
        .map(tensor -> new TensorSpec(tensor.name(), tensor.dtype(), tensor.shape()))
        .toList();
  }

  static CompiledGraph graph(String key, MetaNeff metaneff) {
    return graph(key, metaneff, NeuronArchitecture.SUNDA, 1);
  }

  static CompiledGraph graph(
      String key, MetaNeff metaneff, NeuronArchitecture architecture, int lnc) {
    byte[] file = neff(key, metaneff, architecture, lnc);
    return new CompiledGraph(key, Neff.read(MemorySegment.ofArray(file), key + ".neff"), metaneff);
  }

  static Map<String, CompiledGraph> graphs() {
    return Map.of(
        "context_encoding", graph("context_encoding", metaneff(4)),
        "token_generation", graph("token_generation", metaneff(1)));
  }

  static void writePair(Path folder, String metaneffName, String name, MetaNeff metaneff) {
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve("graph.neff"), neff(name, metaneff));
      Files.write(folder.resolve(metaneffName), MetaNeffWriter.write(metaneff));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void writeConfig(Path folder, NeuronConfig config) {
    try {
      Files.writeString(folder.resolve("neuron_config.json"), NeuronConfigWriter.write(config));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package org.smollm3.neuron.neff;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.smollm3.neuron.neff.NeffHeader.PackageVersion;
import org.smollm3.tensor.TensorSpec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A NEFF for the simulated device: the container of a real one, whose archive carries the graph as
 * an HloModuleProto instead of machine code. No real runtime can take it for one of its own: the
 * executable it names has no graphs.
 *
 * @param name of the graph, at most 255 bytes of ASCII
 * @param architecture that it claims to be compiled for
 * @param lnc physical cores per logical core
 * @param inputs in order; a runtime binds tensors to their names
 * @param outputs in order
 */
public record SimulatedNeff(
    String name,
    NeuronArchitecture architecture,
    int lnc,
    List<TensorSpec> inputs,
    List<TensorSpec> outputs) {
  /** The member that marks a simulated NEFF. */
  public static final String GRAPH_MEMBER = "smollm3-simulated/graph.hlo_module.pb";

  private static final String KELF = "kelf-a.json";

  /** Feature bit of a NEFF for more than one physical core per logical core. */
  private static final long VNC_FEATURE = 0x400;

  public SimulatedNeff {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /**
   * The file. The same arguments give the same bytes.
   *
   * @param hloModule a serialised HloModuleProto; not looked at
   */
  public byte[] write(byte[] hloModule, PackageVersion packageVersion) {
    TarWriter tar = new TarWriter();
    tar.file("neff.json", NeffJson.write(graph()));
    tar.file(KELF, NeffJson.write(kelf()));
    tar.file("info.json", NeffJson.write(info()));
    tar.file(GRAPH_MEMBER, hloModule);
    byte[] payload = pack(tar.finish(), packageVersion);
    String hash = Neff.hash(packageVersion, MemorySegment.ofArray(payload));
    NeffHeader header =
        new NeffHeader(
            packageVersion,
            payload.length,
            2,
            0,
            "smollm3-simulated",
            1,
            hash,
            hash.substring(0, 32),
            name,
            1,
            Collections.nCopies(64, 0),
            lnc > 1 ? VNC_FEATURE : 0,
            lnc);
    byte[] file = new byte[Math.addExact(NeffHeader.SIZE, payload.length)];
    header.write(MemorySegment.ofArray(file));
    System.arraycopy(payload, 0, file, NeffHeader.SIZE, payload.length);
    return file;
  }

  private static byte[] pack(byte[] archive, PackageVersion packageVersion) {
    if (packageVersion == PackageVersion.TAR_SHA256) {
      return archive;
    }
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(archive);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  /** The inputs as nodes of their own, then one node with all outputs. */
  private ObjectNode graph() {
    ObjectNode graph = NeffJson.object();
    ArrayNode nodes = graph.putArray("nodes");
    ArrayNode arguments = graph.putArray("arg_nodes");
    ArrayNode nodeInputs = NeffJson.object().arrayNode();
    ArrayNode rows = NeffJson.object().arrayNode();
    ArrayNode heads = NeffJson.object().arrayNode();
    for (int i = 0; i < inputs.size(); i++) {
      nodes.addObject().put("op", "null").put("name", inputs.get(i).name()).putArray("inputs");
      arguments.add(i);
      nodeInputs.addArray().add(i).add(0).add(0);
      rows.add(i);
    }
    int executable = inputs.size();
    rows.add(executable);
    ObjectNode node = nodes.addObject().put("op", "tvm_op").put("name", "smollm3_simulated");
    ObjectNode attrs = node.putObject("attrs");
    attrs.put("func_name", "__kelf").put("kelf", KELF);
    attrs.put("num_inputs", Integer.toString(inputs.size()));
    attrs.put("num_outputs", Integer.toString(outputs.size()));
    ArrayNode outputNames = attrs.putArray("output_names");
    for (int i = 0; i < outputs.size(); i++) {
      outputNames.add(outputs.get(i).name());
      heads.addArray().add(executable).add(i).add(0);
    }
    node.set("inputs", nodeInputs);
    rows.add(executable + outputs.size());
    graph.set("heads", heads);
    putEntries(graph.putObject("attrs"));
    graph.set("node_row_ptr", rows);
    return graph;
  }

  private void putEntries(ObjectNode attrs) {
    ArrayNode shapes = attrs.putArray("shape").add("list_shape").addArray();
    ArrayNode types = attrs.putArray("dltype").add("list_str").addArray();
    for (List<TensorSpec> specs : List.of(inputs, outputs)) {
      for (TensorSpec spec : specs) {
        ArrayNode shape = shapes.addArray();
        for (long dim : spec.shape().toArray()) {
          shape.add(dim);
        }
        types.add(NeffTensor.typeName(spec.dtype()));
      }
    }
  }

  private ObjectNode kelf() {
    ObjectNode kelf = NeffJson.object().put("version", "0.5");
    kelf.put("target", architecture.target());
    kelf.putArray("graphs");
    return kelf;
  }

  private ObjectNode info() {
    return NeffJson.object().put("simulated", true).put("producer", "smollm3").put("name", name);
  }
}
